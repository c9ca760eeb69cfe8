// The difference between two moments: what is one mapping, or one group, at both.

import { formatAddress } from "./format"
import type { Colours, Entry, Process, Recording } from "./model"
import { processName } from "./model"
import type { By } from "./state"

/** One thing at two moments; a figure is NaN where it was not there or not told. */
export interface Change {
  key: string
  name: string
  colours: Colours
  what: "grew" | "shrank" | "new" | "gone" | "same"
  a: Entry[]
  b: Entry[]
}

export function compare(recording: Recording, before: Entry[], after: Entry[], by: By): Change[] {
  const changes = new Map<string | number, Change>()
  for (const [side, entries] of [
    ["a", before],
    ["b", after],
  ] as const) {
    for (const entry of entries) {
      const key = keyOf(recording, entry, by)
      let change = changes.get(key)
      if (!change) {
        change = {
          ...described(recording, entry, by),
          key: String(key),
          what: "same",
          a: [],
          b: [],
        }
        changes.set(key, change)
      }
      change[side].push(entry)
      // A mapping that grew goes by the later header.
      if (by === "mapping" && side === "b") change.name = mappingLabel(recording, entry)
    }
  }
  return [...changes.values()]
}

function keyOf(recording: Recording, entry: Entry, by: By): string | number {
  if (by === "process") return entry.process.index
  if (by === "kind") return recording.mapping.kind[entry.mapping]
  return by === "name"
    ? recording.mapping.group[entry.mapping]
    : recording.mapping.same[entry.mapping]
}

function described(recording: Recording, entry: Entry, by: By): { name: string; colours: Colours } {
  const process: Process = entry.process
  if (by === "process") return { name: processName(process), colours: process.facts.colours }
  const kind = recording.kindOf(entry.mapping)
  if (by === "kind") return { name: kind.name, colours: kind.colours }
  const group = recording.groupOf(entry.mapping)
  const name = by === "name" ? group.name : mappingLabel(recording, entry)
  return { name, colours: group.colours }
}

function mappingLabel(recording: Recording, { mapping }: Entry): string {
  const start = recording.mapping.start[mapping]
  const end = start + recording.mapping.size[mapping]
  const range = `${formatAddress(start)}-${formatAddress(end)}`
  const permissions = recording.permissionsOf(mapping)
  return `${range} ${permissions} ${recording.pathOf(mapping) || recording.groupOf(mapping).name}`
}

/** Sum of a figure; what was not told counts as nothing, all of it not told is NaN. */
export function sumOf(values: Float64Array, entries: Entry[]): number {
  let sum = NaN
  for (const { usage } of entries) {
    const value = values[usage]
    if (!Number.isNaN(value)) sum = (Number.isNaN(sum) ? 0 : sum) + value
  }
  return sum
}

/** How much more at B than at A; what is not there takes nothing. */
export function changeOf(values: Float64Array, change: Change): number {
  const a = change.a.length ? sumOf(values, change.a) : 0
  const b = change.b.length ? sumOf(values, change.b) : 0
  return b - a
}

export function named(change: Change, difference: number): Change["what"] {
  if (!change.a.length) return "new"
  if (!change.b.length) return "gone"
  return difference > 0 ? "grew" : difference < 0 ? "shrank" : "same"
}
