// What grew: the verdicts that `growth` gave when the page was made, and how each group changed over
// the visible span. The page judges nothing itself.

import type { Group } from "./group"
import { type Figure, hasLayout, type Process, type Recording, type VerdictRow } from "./model"
import { firstAtOrAfter } from "./search"
import type { Stack } from "./stack"
import type { By } from "./state"
import { TITLES } from "./tables"

export interface Growth {
  group: Group
  first: number
  last: number
  highest: number
  change: number
  /** Positions among the instants that were looked at. */
  positions: number[]
  /** Null where none was given. */
  verdict: Judged | null
}

const TOO_LITTLE = "Too little was recorded to judge what grew."

export interface Verdict {
  word: string
  /** Bytes per hour; NaN where a rate would mislead. */
  rate: number
  rateText: string
  /** Since when, or how long a recording would tell. */
  note: string
}

/** A verdict, and its place in the order of what matters. */
export interface Judged extends Verdict {
  rank: number
}

export interface Verdicts {
  /** By the keys of groups. */
  of: Map<string, Judged>
  /** On all of them together, if that is what is shown. */
  total: Verdict | null
  notes: string[]
}

/** How each group changed from its first to its last known instant of a span, the most first. */
export function growthOf(
  stack: Stack,
  from: number,
  to: number,
  verdicts: Verdicts | null = null,
): Growth[] {
  const positions: number[] = []
  for (let i = firstAtOrAfter(stack.times, from); i < stack.times.length; i++) {
    if (stack.times[i] > to) break
    if (hasLayout(stack.states[i])) positions.push(i)
  }
  if (!positions.length) return []
  return stack.groups
    .map((group) => measured(stack, group, positions, verdicts))
    .sort((one, other) => other.change - one.change)
}

function measured(
  stack: Stack,
  group: Group,
  positions: number[],
  verdicts: Verdicts | null,
): Growth {
  const value = (position: number): number => group.values[stack.instants[position]]
  const first = value(positions[0])
  const last = value(positions[positions.length - 1])
  const highest = positions.reduce((most, position) => Math.max(most, value(position)), 0)
  const verdict = verdicts?.of.get(group.key) ?? null
  return { group, first, last, highest, change: last - first, positions, verdict }
}

/** These positions without those at which no layout is known, as runs between such. */
export function knownRuns({ states }: Stack, positions: number[]): number[][] {
  const runs: number[][] = [[]]
  for (const position of positions) {
    if (hasLayout(states[position])) runs[runs.length - 1].push(position)
    else runs.push([])
  }
  return runs.filter((run) => run.length)
}

/**
 * The verdicts on groups of these processes over a whole recording; or a sentence on why there are
 * none.
 */
export function verdictsOf(
  recording: Recording,
  processes: readonly Process[],
  figure: Figure,
  by: By,
): Verdicts | string {
  const told = recording.header.verdicts
  if (!told) return TOO_LITTLE
  if (figure !== told.figure) return `Verdicts are of ${TITLES[told.figure]} only.`
  const several = processes.length > 1
  if (several && by !== "process")
    return "Verdicts are of single processes: choose one, or group by process."
  const found = several
    ? told.together
    : told.apart[processes[0].index].find((judged) => judged.by === by)
  if (!found) return by === "mapping" ? "Verdicts are by kind or by name only." : TOO_LITTLE
  const rows = found.groups.map(([number, ...verdict], rank) => [
    `${by} ${number}`,
    { rank, ...spelled(verdict) },
  ])
  const isAll = !several || processes.length === recording.processes.length
  return {
    of: new Map(rows as [string, Judged][]),
    total: isAll ? spelled(found.total) : null,
    notes: found.notes,
  }
}

function spelled([word, rate, rateText, note]: VerdictRow): Verdict {
  return { word, rate: rate ?? NaN, rateText, note }
}
