// How many mappings a process had over time, beside the most that the machine allows.

import type uPlot from "uplot"
import { countMarks } from "./axes"
import { h } from "./dom"
import { groupDigits } from "./format"
import { drawLines, type Line } from "./lines"
import type { View } from "./view"

/** The limit is drawn where a process came so near to it; elsewhere it would flatten the line. */
const NEAR = 0.25

export class MappingCounts {
  readonly element = h("div", { class: "counts" })
  private readonly caption = h("h3", {}, "Mappings over time")
  private readonly note = h("p", {})
  private readonly chart = h("div", { class: "chart" })
  private plot: uPlot | null = null

  constructor(private readonly view: View) {
    this.element.append(this.caption, this.note, this.chart)
    view.store.on(["tab", "process", "withChildren", "from", "to"], () => this.draw())
    view.theme.onChange(() => this.draw())
    new ResizeObserver(() => this.draw()).observe(this.chart)
  }

  private draw(): void {
    const { tab } = this.view.store.state
    const { times, counts } = this.counted()
    this.element.hidden = counts.length === 0
    if (tab !== "facts" || this.element.hidden || !this.chart.clientWidth) return
    const most = counts.reduce<number>((high, count) => Math.max(high, count ?? 0), 0)
    const limits = this.view.recording.header.runs.flatMap(({ maxMapCount }) => maxMapCount ?? [])
    const limit = limits.length ? Math.min(...limits) : null
    const allowed = limit === null ? "" : `; the machine allows ${groupDigits(limit)}`
    this.note.textContent = `At most ${groupDigits(most)}${allowed}.`
    const lines: Line[] = [{ style: "--series-1", values: counts }]
    if (limit !== null && most >= NEAR * limit)
      lines.push({ style: "--muted", values: times.map(() => limit), dash: [4, 4] })
    this.plot?.destroy()
    this.plot = drawLines(this.view, this.chart, times, lines, {
      least: 4,
      marks: (min, max) => countMarks(min, max, 4),
      labels: (marks) => marks.map((mark) => groupDigits(mark)),
    })
  }

  /** Of the only process shown, at each layout; nothing of several. */
  private counted(): { times: number[]; counts: (number | null)[] } {
    const { recording, processes, several } = this.view
    const times: number[] = []
    const counts: (number | null)[] = []
    if (several) return { times, counts }
    const [first, end] = processes[0].readings
    for (let row = first; row < end; row++) {
      const count = recording.reading["total.mappings"][row]
      if (Number.isNaN(count)) continue
      times.push(recording.reading.time[row])
      counts.push(count)
    }
    return { times, counts }
  }
}
