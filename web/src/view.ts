// What several views share: the recording, what is looked at, and what follows from both.

import { timeLabels, timeMarks } from "./axes"
import { overProcesses } from "./figures"
import { type Entry, type Figure, hasLayout, type Process, type Recording } from "./model"
import { firstAtOrAfter, lastAtOrBefore } from "./search"
import { buildStack, peakOf, type Stack } from "./stack"
import type { By, Store } from "./state"
import type { Theme } from "./theme"

export const TOP = 20

export class View {
  private stackKey = ""
  private stackValue: Stack | null = null
  private readonly layouts = new Map<string, Entry[]>()

  constructor(
    readonly recording: Recording,
    readonly store: Store,
    readonly theme: Theme,
  ) {}

  /** What the pinned moment is called. */
  get mark(): "A" | "B" {
    return "A"
  }

  /** The processes that are looked at. */
  get processes(): Process[] {
    const { process, withChildren } = this.store.state
    const every = this.recording.processes
    if (process === null) return every
    return withChildren ? this.descendants(process) : [every[process]]
  }

  private descendants(root: number): Process[] {
    const inside = new Set([root])
    let grew = true
    while (grew) {
      grew = false
      for (const { index, facts } of this.recording.processes) {
        if (facts.parent !== null && inside.has(facts.parent) && !inside.has(index)) {
          inside.add(index)
          grew = true
        }
      }
    }
    return this.recording.processes.filter(({ index }) => inside.has(index))
  }

  get several(): boolean {
    return this.processes.length !== 1
  }

  /** Over several processes swap is that of SwapPss: in Swap a shared page counts in each. */
  get figure(): Figure {
    const { figure } = this.store.state
    return this.several ? overProcesses(figure) : figure
  }

  get stack(): Stack {
    const { process, withChildren, by } = this.store.state
    const key = `${process} ${withChildren} ${by} ${this.figure}`
    if (!this.stackValue || key !== this.stackKey) {
      this.stackKey = key
      this.stackValue = this.buildStack(by)
    }
    return this.stackValue
  }

  /** All groups, not only those that are shown by themselves. */
  buildStack(by: By, top: number = TOP): Stack {
    return buildStack(this.recording, this.processes, this.figure, by, top)
  }

  get peakTick(): number | null {
    const { stacked, instants } = this.stack
    // Without a sum there is no peak either: then what was seen last.
    return peakOf(this.stack)?.tick ?? (stacked ? null : (instants.at(-1) ?? null))
  }

  /** Microseconds at which what is looked at was read at a tick. */
  timeOf(tick: number): number {
    const [only, other] = this.processes
    if (only && !other) {
      const row = this.recording.layoutReadingAt(only, tick)
      if (row >= 0) return this.recording.reading.time[row]
    }
    return this.recording.tickTime[tick]
  }

  /** The moments that can be gone to: passes, or of one process those with a layout. */
  private get moments(): { ticks: number[]; times: number[] } {
    const { line, instants, times, states } = this.stack
    if (line) return { ticks: [...line.instants], times: [...line.times] }
    const known = [...instants.keys()].filter((i) => hasLayout(states[i]))
    return { ticks: known.map((i) => instants[i]), times: known.map((i) => times[i]) }
  }

  /** Whether there is something to see at a tick: of several processes, whether it is a pass. */
  isMoment(tick: number): boolean {
    const { line } = this.stack
    return line ? line.instants.includes(tick) : this.entriesAt(tick).length > 0
  }

  /** The tick that can be gone to that is nearest to a time; null if there is none. */
  nearestTick(time: number): number | null {
    const { ticks, times } = this.moments
    let best = -1
    for (const [i, each] of times.entries())
      if (best < 0 || Math.abs(each - time) < Math.abs(times[best] - time)) best = i
    return best < 0 ? null : ticks[best]
  }

  /** The tick that is so many moments later (or earlier) than this one. */
  step(tick: number, steps: number): number {
    const known = this.moments.ticks
    if (!known.length) return tick
    let at = 0
    while (at < known.length - 1 && known[at + 1] <= tick) at++
    return known[Math.max(0, Math.min(known.length - 1, at + steps))]
  }

  /** What several processes come to at the pass at or before a tick; NaN if there is none. */
  sumAt(tick: number): number {
    const { line } = this.stack
    if (!line) return NaN
    const at = lastAtOrBefore(Float64Array.from(line.instants), tick)
    return at < 0 ? NaN : line.values[at]
  }

  /** Whether what the mappings at a tick come to is a sum: of one process, or one whole pass. */
  addsUp(tick: number): boolean {
    if (!this.several) return true
    const { pass } = this.recording
    const number = this.recording.passAt(tick)
    return number >= 0 && pass.tick[number] === tick && pass.whole[number] === 1
  }

  /** All mappings of what is looked at, at a tick. */
  entriesAt(tick: number): Entry[] {
    const { process, withChildren } = this.store.state
    const key = `${process} ${withChildren} ${tick}`
    let entries = this.layouts.get(key)
    if (!entries) {
      entries = this.processes.flatMap((each) =>
        this.recording.layoutReadingAt(each, tick) < 0 ? [] : this.recording.layoutAt(each, tick),
      )
      if (this.layouts.size > 8) this.layouts.clear()
      this.layouts.set(key, entries)
    }
    return entries
  }

  /** A moment was clicked: it becomes A, or B. */
  pick(tick: number, second: boolean): void {
    if (second) this.store.set({ b: tick, tab: "difference", placing: "a" })
    else this.store.set({ a: tick, following: false })
  }

  /** How high the timeline is, as a part of its full height. */
  get height(): number {
    return 1
  }

  /** So many bytes are shown at least. */
  get least(): number {
    return 1024
  }

  /** Marks of the time axis, about so many, over a span. */
  timeMarks(from: number, to: number, count: number): number[] {
    return timeMarks(from, to, count, this.recording.clockAt)
  }

  timeLabels(marks: number[]): string[] {
    return timeLabels(marks, this.recording.clockAt)
  }

  /** Worst state of the layouts that are looked at, at a tick; null if there is none. */
  stateAt(tick: number): number | null {
    const { instants, states } = this.stack
    const position = firstAtOrAfter(Float64Array.from(instants), tick)
    return instants[position] === tick ? states[position] : null
  }

  /** First and last moment of what is looked at, with a little air around a single one. */
  get span(): [number, number] {
    const { times, until } = this.stack.line ?? this.stack
    if (!times.length)
      return [this.recording.tickTime[0] ?? 0, (this.recording.tickTime[0] ?? 0) + 1e6]
    const from = times[0]
    const to = Math.max(until[until.length - 1], from)
    return to > from ? [from, to] : [from - 5e5, to + 5e5]
  }
}
