// Groups of mappings over time: the sums that answers/usages.py makes, made in the page.

import { formatAddress } from "./format"
import type { Group } from "./group"
import type { Figure, Process, Recording } from "./model"
import { hasLayout, processName, stateFacts } from "./model"
import { reduced } from "./reduce"
import type { By } from "./state"
import { apart, hold, type Line, lineOf, shareGroups, standing, wholePasses } from "./sums"
import { LayoutState } from "./tables"

/**
 * Values of all groups add up to `total` at every instant. Of several processes `line` is what they
 * come to; by kind, name or mapping the instants are those passes of which every layout is.
 */
export interface Stack {
  groups: Group[]
  /** The sums of several processes at all passes; null for one, or if there is no sum. */
  line: Line | null
  /** Not if nothing says what the groups come to together: then they must not be added up. */
  stacked: boolean
  otherGroups: number
  total: Float64Array
  /** Positions of the ticks at which something is known, in order. */
  instants: Int32Array
  /** UTC microseconds of each instant, and until when what was found then stands. */
  times: Float64Array
  until: Float64Array
  /** Worst layout state of each instant. */
  states: Uint8Array
}

export const OTHER = "other"

interface Building {
  group: Group
  width: number
}

export function buildStack(
  recording: Recording,
  processes: Process[],
  figure: Figure,
  by: By,
  top: number,
): Stack {
  if (processes.length === 1) {
    const found = sweep(recording, processes, figure, by)
    return assembled(recording, found, by, top, null, readingsOf(recording, processes[0]))
  }
  if (!recording.pass.tick.length) return besideEachOther(recording, processes, figure, top)
  const line = lineOf(recording, processes, figure)
  if (by === "process") {
    const found = shareGroups(recording, processes, figure)
    return assembled(
      recording,
      found,
      by,
      top,
      line,
      instantsAt(recording, processes, line.instants),
    )
  }
  const found = sweep(recording, processes, figure, by)
  const known = wholePasses(recording, line, found)
  const held = found.map((group) => hold(group, known)).filter(({ peak }) => peak > 0)
  return assembled(recording, held, by, top, line, instantsAt(recording, processes, known))
}

function assembled(
  recording: Recording,
  found: Group[],
  by: By,
  top: number,
  line: Line | null,
  instants: Instants,
): Stack {
  const { shown, rest } = ordered(recording, found, by, top)
  const added = addedUp(rest, recording, by)
  const groups = [...shown]
  toldApart(groups, added, recording)
  groups.push(...added)
  const total = new Float64Array(recording.ticks)
  for (const { values } of groups) for (let t = 0; t < total.length; t++) total[t] += values[t]
  return { groups, line, stacked: true, otherGroups: rest.length, total, ...instants }
}

/** Processes of which nothing says what they come to: no total, and nothing merged. */
function besideEachOther(
  recording: Recording,
  processes: Process[],
  figure: Figure,
  top: number,
): Stack {
  const found = apart(recording, processes, figure)
  const { shown, rest } = ordered(recording, found, "process", top)
  toldApart(shown, [], recording)
  const every = Int32Array.from({ length: recording.ticks }, (_, at) => at)
  return {
    groups: shown,
    line: null,
    stacked: false,
    otherGroups: rest.length,
    total: new Float64Array(recording.ticks),
    ...instantsAt(recording, processes, every),
  }
}

function sweep(recording: Recording, processes: Process[], figure: Figure, by: By): Group[] {
  const values = recording.figure(figure)
  const building = new Map<string | number, Building>()
  const { usageStart, usageEnd, firstUsage } = recording
  for (const process of processes) {
    for (let mapping = process.mappings[0]; mapping < process.mappings[1]; mapping++) {
      const changes = groupFor(recording, process, mapping, by, building).values
      for (let row = firstUsage[mapping]; row < firstUsage[mapping + 1]; row++) {
        const value = values[row]
        if (!value) continue // nor if NaN
        changes[usageStart[row]] += value
        changes[usageEnd[row]] -= value
      }
    }
  }
  const groups = [...building.values()].map(({ group }) => group)
  for (const group of groups) {
    let sum = 0
    for (let t = 0; t < group.values.length; t++) {
      sum += group.values[t]
      group.values[t] = sum
      if (sum > group.peak) group.peak = sum
    }
    group.values = group.values.subarray(0, recording.ticks)
  }
  return groups.filter((group) => group.peak > 0)
}

function groupFor(
  recording: Recording,
  process: Process,
  mapping: number,
  by: By,
  building: Map<string | number, Building>,
): Group {
  const identity = identityOf(recording, process, mapping, by)
  const width = recording.mapping.size[mapping]
  const known = building.get(identity)
  if (known) {
    // A mapping that grew goes by its widest header.
    if (by === "mapping" && width > known.width) {
      known.width = width
      known.group.name = mappingName(recording, mapping)
    }
    return known.group
  }
  const group = newGroup(recording, process, mapping, by, String(identity))
  building.set(identity, { group, width })
  return group
}

function identityOf(
  recording: Recording,
  process: Process,
  mapping: number,
  by: By,
): string | number {
  if (by === "process") return process.index
  if (by === "kind") return recording.mapping.kind[mapping]
  return by === "name" ? recording.mapping.group[mapping] : recording.mapping.same[mapping]
}

function newGroup(
  recording: Recording,
  process: Process,
  mapping: number,
  by: By,
  identity: string,
): Group {
  const named = recording.groupOf(mapping)
  const number = recording.mapping.kind[mapping]
  const base = { values: new Float64Array(recording.ticks + 1), peak: 0, key: `${by} ${identity}` }
  if (by === "process")
    return { ...base, kind: null, name: processName(process), colours: process.facts.colours }
  if (by === "kind") {
    const { name, colours } = recording.header.kinds[number]
    return { ...base, kind: number, name, colours }
  }
  if (by === "name") return { ...base, kind: named.kind, name: named.name, colours: named.colours }
  const colours = recording.header.sameColours[recording.mapping.same[mapping]]
  return { ...base, kind: number, name: mappingName(recording, mapping), colours }
}

function mappingName(recording: Recording, mapping: number): string {
  const start = recording.mapping.start[mapping]
  const end = start + recording.mapping.size[mapping]
  const range = `${formatAddress(start)}-${formatAddress(end)}`
  const one = recording.kindOf(mapping).byPath
  const name = one ? recording.pathOf(mapping) : recording.groupOf(mapping).name
  return `${range} ${recording.permissionsOf(mapping)} ${name}`
}

/** In the order of the stack: kinds with lines of their own first, then by peak. */
function ordered(
  recording: Recording,
  groups: Group[],
  by: By,
  top: number,
): { shown: Group[]; rest: Group[] } {
  const own = recording.header.own
  const isOwn = (group: Group): boolean =>
    by === "name" && group.kind !== null && own.includes(group.kind)
  groups.sort((one, other) => other.peak - one.peak || (one.name < other.name ? -1 : 1))
  const first = groups
    .filter(isOwn)
    .sort((one, other) => own.indexOf(one.kind!) - own.indexOf(other.kind!))
  const named = groups.filter((group) => !isOwn(group))
  const kept = named.slice(0, top)
  if (by === "kind") kept.sort((one, other) => one.kind! - other.kind!)
  return { shown: [...first, ...kept], rest: named.slice(top) }
}

/**
 * Gives another colour to the smaller of two that have the same, and to what looks like the kind of
 * others that are shown, as long as there are any.
 */
function toldApart(groups: Group[], others: Group[], recording: Recording): void {
  const { palette, kinds, own, otherColours } = recording.header
  const fixed = [...own.map((kind) => kinds[kind].colours), otherColours]
  const alike = others.flatMap(({ kind }) => (kind === null ? [] : kinds[kind].alike))
  const taken = new Set([...fixed.map(([light]) => light), ...alike])
  for (const group of [...groups].sort((one, other) => other.peak - one.peak)) {
    const isFixed = fixed.some(([light]) => light === group.colours[0])
    if (!isFixed && taken.has(group.colours[0]))
      group.colours = palette.find(([light]) => !taken.has(light)) ?? group.colours
    taken.add(group.colours[0])
  }
}

/** What has no place of its own, the biggest first: by mapping each kind, else all of it as one. */
function addedUp(rest: Group[], recording: Recording, by: By): Group[] {
  const ofKind = new Map<number | null, Group[]>()
  for (const group of rest) {
    const kind = by === "mapping" ? group.kind : null
    const known = ofKind.get(kind)
    if (known) known.push(group)
    else ofKind.set(kind, [group])
  }
  return [...ofKind]
    .map(([kind, groups]) => merged(groups, kind, recording))
    .sort((one, other) => other.peak - one.peak)
}

function merged(groups: Group[], kind: number | null, recording: Recording): Group {
  const values = new Float64Array(recording.ticks)
  for (const group of groups) for (let t = 0; t < values.length; t++) values[t] += group.values[t]
  const peak = values.reduce((highest, value) => Math.max(highest, value), 0)
  const base = { kind, values, peak, others: groups.length }
  if (kind === null)
    return { ...base, key: OTHER, name: OTHER, colours: recording.header.otherColours }
  const { name, colours } = recording.header.kinds[kind]
  return { ...base, key: `${OTHER} ${kind}`, name: `${OTHER} ${name}`, colours }
}

type Instants = Pick<Stack, "instants" | "times" | "until" | "states">

/** When it was read and has a layout, or a reason to have none. */
function readingsOf(recording: Recording, process: Process): Instants {
  const { tick, layoutState, time, until } = recording.reading
  const rows: number[] = []
  for (let row = process.readings[0]; row < process.readings[1]; row++)
    if (stateFacts(layoutState[row]).taken) rows.push(row)
  return {
    instants: Int32Array.from(rows, (row) => tick[row]),
    times: Float64Array.from(rows, (row) => time[row]),
    until: Float64Array.from(rows, (row) => until[row]),
    states: Uint8Array.from(rows, (row) => layoutState[row]),
  }
}

/** Several processes: these ticks, and the worst state of the layouts that stand there. */
function instantsAt(recording: Recording, processes: Process[], ticks: Int32Array): Instants {
  const { layoutState } = recording.reading
  const states = new Uint8Array(ticks.length).fill(LayoutState.EXACT)
  for (const [i, tick] of ticks.entries()) {
    for (const process of processes) {
      const row = recording.layoutReadingAt(process, tick)
      const state = row < 0 ? LayoutState.EXACT : layoutState[row]
      // Torn is worse than unchecked, which is worse than exact.
      if (state === LayoutState.TORN || states[i] === LayoutState.EXACT) states[i] = state
    }
  }
  return { instants: ticks, ...standing(recording, ticks), states }
}

/**
 * Positions among the instants of a span, one for each of so many columns of equal time: that with
 * the highest total, the same for all groups, so that peaks survive and the stack adds up.
 */
export function reduce(stack: Stack, columns: number, from: number, to: number): number[] {
  const { times, states, instants, total } = stack
  const known = (position: number): number =>
    hasLayout(states[position]) ? total[instants[position]] : NaN
  return reduced(times, known, columns, from, to)
}

export interface Peak {
  tick: number
  time: number
  size: number
}

/** The highest sum, or of one process the highest total, the first of equals; null if none is known. */
export function peakOf({ line, stacked, times, instants, states, total }: Stack): Peak | null {
  let peak: Peak | null = null
  const look = (tick: number, time: number, size: number): void => {
    if (peak === null || size > peak.size) peak = { tick, time, size }
  }
  if (line) {
    for (const [i, tick] of line.instants.entries()) look(tick, line.times[i], line.values[i])
  } else if (stacked) {
    for (const [i, tick] of instants.entries())
      if (hasLayout(states[i])) look(tick, times[i], total[tick])
  }
  return peak
}
