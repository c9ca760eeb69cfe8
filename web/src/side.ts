// One of two recordings on a page: its timeline shares its span and its scale with the other's.

import { timeLabels, timeMarks } from "./axes"
import { formatDuration } from "./format"
import type { Recording } from "./model"
import type { Store } from "./state"
import type { Theme } from "./theme"
import { LINES, type Timeline } from "./timeline"
import { View } from "./view"

export type Align = "age" | "time"

/** What both sides have in common. */
export interface Common {
  readonly align: Align
  /** From the earliest to the latest of both, as aligned. */
  readonly span: [number, number]
  /** The most bytes that either shows within a span, as aligned. */
  highest(from: number, to: number): number
  clicked(side: SideView, time: number): void
}

export class SideView extends View {
  timeline: Timeline | null = null

  constructor(
    recording: Recording,
    store: Store,
    theme: Theme,
    private readonly common: Common,
    /** Which of the two it is. */
    readonly side: 0 | 1,
    /** Microseconds from which its ages count. */
    readonly start: number,
  ) {
    super(recording, store, theme)
  }

  override get mark(): "A" | "B" {
    return this.side === 0 ? "A" : "B"
  }

  /** What is 0 as aligned. */
  get zero(): number {
    return this.common.align === "age" ? this.start : 0
  }

  get ownSpan(): [number, number] {
    return super.span
  }

  override get span(): [number, number] {
    const [from, to] = this.common.span
    return [from + this.zero, to + this.zero]
  }

  override get height(): number {
    return 0.66
  }

  override get least(): number {
    const { from, to } = this.store.state
    return Math.max(super.least, this.common.highest(from - this.zero, to - this.zero))
  }

  override pick(tick: number): void {
    this.common.clicked(this, this.timeOf(tick))
  }

  override timeMarks(from: number, to: number, count: number): number[] {
    if (this.common.align === "time") return super.timeMarks(from, to, count)
    const marks = timeMarks(from, to, count, () => ({ ahead: -this.start, note: "" }))
    return marks.filter((mark) => to - mark > (to - from) / 50) // a label there would be cut
  }

  override timeLabels(marks: number[]): string[] {
    if (this.common.align === "time") return timeLabels(marks, this.recording.clockAt)
    return marks.map((mark) => ageText(mark - this.start))
  }

  /** The most bytes that are shown between two times. */
  highest(from: number, to: number): number {
    const { timeline, stack, store } = this
    if (!timeline) return 0
    const [groups, { stacked, instants }] = [timeline.groups, stack]
    const within = ({ times, until }: Times, i: number): boolean =>
      times[i] <= to && until[i] >= from
    let highest = 0
    const look = (value: number): void => {
      if (value > highest) highest = value // nor if NaN
    }
    for (const [i, tick] of instants.entries()) {
      if (!within(stack, i)) continue
      let sum = 0
      for (const { values } of groups) {
        sum = (stacked ? sum : 0) + values[tick]
        look(sum)
      }
    }
    if (!timeline.lines.length || store.state.isolated.size) return highest
    const { line } = stack
    if (line) for (const [i, value] of line.values.entries()) if (within(line, i)) look(value)
    if (!line) this.lookAtReadings(from, to, look)
    return highest
  }

  private lookAtReadings(from: number, to: number, look: (value: number) => void): void {
    const { time, until } = this.recording.reading
    const [first, end] = this.processes[0].readings
    for (let row = first; row < end; row++)
      if (time[row] <= to && until[row] >= from)
        for (const { highest } of LINES) look(this.recording.reading[highest][row])
  }
}

interface Times {
  times: ArrayLike<number>
  until: ArrayLike<number>
}

/** `0`, `12.5 s`; before the start `−2 s`. */
export function ageText(microseconds: number): string {
  if (microseconds === 0) return "0"
  return `${microseconds < 0 ? "−" : ""}${formatDuration(Math.abs(microseconds))}`
}
