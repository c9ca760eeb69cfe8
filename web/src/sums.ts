// What several processes come to together: at passes over all of them, and never between two.

import { overProcesses } from "./figures"
import type { Group } from "./group"
import { type Figure, type Process, processName, type Recording } from "./model"

/** The sums of several processes, a value for each pass that tells it. */
export interface Line {
  /** The tick of each pass, in order. */
  instants: Int32Array
  /** UTC microseconds of each, and until when its sum stands. */
  times: Float64Array
  until: Float64Array
  values: Float64Array
}

export function lineOf(recording: Recording, processes: Process[], figure: Figure): Line {
  const { tick: ticks } = recording.pass
  const changes = new Float64Array(ticks.length + 1)
  const tellers = new Int32Array(ticks.length + 1)
  for (const process of processes) {
    for (let row = process.shares[0]; row < process.shares[1]; row++) {
      const value = partOf(recording, row, figure)
      if (Number.isNaN(value)) continue
      const { start, end } = recording.share
      changes[start[row]] += value
      changes[end[row]] -= value
      tellers[start[row]]++
      tellers[end[row]]--
    }
  }
  const told: number[] = []
  const values: number[] = []
  let sum = 0
  let telling = 0
  for (let pass = 0; pass < ticks.length; pass++) {
    sum += changes[pass]
    telling += tellers[pass]
    if (!telling) continue
    told.push(ticks[pass])
    values.push(sum)
  }
  const instants = Int32Array.from(told)
  return { instants, ...standing(recording, instants), values: Float64Array.from(values) }
}

/** What a share adds to the sums, of the figure that adds up; NaN if it could not be read. */
export function partOf(recording: Recording, row: number, figure: Figure): number {
  if (!recording.share.counted[row]) return 0
  return recording.share[overProcesses(figure)][row]
}

/** Each process with what it has in the sums: bytes at the ticks of passes. */
export function shareGroups(recording: Recording, processes: Process[], figure: Figure): Group[] {
  const { tick: ticks } = recording.pass
  const { start, end } = recording.share
  const groups = processes.map((process) => {
    const group = newGroup(recording, process)
    for (let row = process.shares[0]; row < process.shares[1]; row++) {
      const value = partOf(recording, row, figure) || 0
      for (let pass = start[row]; pass < end[row]; pass++) group.values[ticks[pass]] = value
      group.peak = Math.max(group.peak, value)
    }
    return group
  })
  return groups.filter(({ peak }) => peak > 0)
}

/** Each process with its own figure, where nothing says what they come to together. */
export function apart(recording: Recording, processes: Process[], figure: Figure): Group[] {
  const groups = processes.map((process) => {
    const group = newGroup(recording, process)
    for (let tick = 0; tick < recording.ticks; tick++) {
      const row = recording.layoutReadingAt(process, tick)
      group.values[tick] = row < 0 ? 0 : recording.reading[`total.${figure}`][row] || 0
      group.peak = Math.max(group.peak, group.values[tick])
    }
    return group
  })
  return groups.filter(({ peak }) => peak > 0)
}

function newGroup(recording: Recording, process: Process): Group {
  return {
    key: `process ${process.index}`,
    kind: null,
    name: processName(process),
    colours: process.facts.colours,
    values: new Float64Array(recording.ticks),
    peak: 0,
  }
}

/** The ticks of passes of which every layout is, and whose layouts come to what the pass found. */
export function wholePasses(recording: Recording, line: Line, groups: Group[]): Int32Array {
  const { tick: ticks, whole } = recording.pass
  const { most, least } = recording.header.sums!
  const isWhole = new Set<number>()
  for (let pass = 0; pass < ticks.length; pass++) if (whole[pass]) isWhole.add(ticks[pass])
  return line.instants.filter((tick, at) => {
    if (!isWhole.has(tick)) return false
    const layouts = groups.reduce((sum, { values }) => sum + values[tick], 0)
    return Math.abs(layouts - line.values[at]) <= Math.max(line.values[at] / most, least)
  })
}

/** Let the values of a group stand from one of these ticks to the next, and be its only peaks. */
export function hold(group: Group, known: Int32Array): Group {
  const values = new Float64Array(group.values.length)
  let peak = 0
  for (const [i, tick] of known.entries()) {
    const value = group.values[tick]
    peak = Math.max(peak, value)
    values.fill(value, tick, known[i + 1] ?? values.length)
  }
  return { ...group, values, peak }
}

/** When ticks were, and until when what was found stands: to the next, but not for long if none is. */
export function standing(
  recording: Recording,
  instants: Int32Array,
): { times: Float64Array; until: Float64Array } {
  const times = Float64Array.from(instants, (tick) => recording.tickTime[tick])
  const steps = times.slice(1).map((time, i) => time - times[i])
  steps.sort()
  const { usual, pause } = recording.header.sums!
  const longest = pause * Math.max(steps[(steps.length - 1) >> 1] ?? 0, usual)
  const until = times.map((time, i) => {
    const next = times[i + 1] ?? Infinity
    return Math.max(time, Math.min(next, recording.tickWatched[instants[i]], time + longest))
  })
  return { times, until }
}
