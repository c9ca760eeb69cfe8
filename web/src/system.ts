// The machine's memory, where it was recorded: /proc/meminfo over time and at the pinned moments.

import type uPlot from "uplot"
import { sizeLabels, sizeMarks } from "./axes"
import { h } from "./dom"
import { formatClock, formatKib, formatKibChange } from "./format"
import { drawLines } from "./lines"
import { reduced } from "./reduce"
import { MEMINFO } from "./tables"
import type { View } from "./view"

const DRAWN: [keyof typeof MEMINFO, string][] = [
  ["MemAvailable", "--series-1"],
  ["MemFree", "--series-2"],
  ["Cached", "--series-3"],
  ["AnonPages", "--series-4"],
  ["Shmem", "--series-5"],
]
const COLUMNS = 1500

export class SystemPanel {
  readonly element = h("section", { "aria-label": "System memory" })
  private readonly key = h("div", { class: "key" })
  private readonly chart = h("div", { class: "chart" })
  private readonly table = h("table", { class: "plain" })
  private plot: uPlot | null = null

  constructor(private readonly view: View) {
    this.element.append(this.key, this.chart, h("div", { class: "scroller plain" }, this.table))
    view.store.on(["tab", "from", "to"], () => this.draw())
    view.store.on(["tab", "a", "b"], () => this.fill())
    view.theme.onChange(() => this.draw())
    new ResizeObserver(() => this.draw()).observe(this.chart)
  }

  draw(): void {
    const { tab, from, to } = this.view.store.state
    const width = this.chart.clientWidth
    if (tab !== "system" || !width) return
    const { recording, theme } = this.view
    const drawn = DRAWN.filter(([name]) => recording.header.meminfo.includes(name))
    const ticks = this.ticks(from, to)
    this.key.replaceChildren(
      ...drawn.map(([name, style]) => {
        const line = h("span", { class: "line" })
        line.style.borderColor = theme.style(style)
        return h("span", {}, line, name)
      }),
    )
    this.plot?.destroy()
    const lines = drawn.map(([name, style]) => ({
      style,
      values: ticks.map((tick) => {
        const value = recording.meminfo[name][tick]
        return Number.isNaN(value) ? null : value
      }),
    }))
    this.plot = drawLines(
      this.view,
      this.chart,
      ticks.map((tick) => recording.tickTime[tick]),
      lines,
      { least: 1024, marks: (min, max) => sizeMarks(min, max, 4), labels: sizeLabels },
    )
    this.fill()
  }

  /** Of each column of equal time the tick with the least memory available. */
  private ticks(from: number, to: number): number[] {
    const { recording } = this.view
    const available = recording.meminfo.MemAvailable ?? recording.tickTime
    return reduced(recording.tickTime, (tick) => -available[tick], COLUMNS, from, to)
  }

  private fill(): void {
    const { tab, a, b } = this.view.store.state
    if (tab !== "system" || a === null) return
    const { recording } = this.view
    const clock = (tick: number): string =>
      formatClock(recording.tickTime[tick], recording.clockOf(tick))
    const head = ["KiB", `A · ${clock(a)}`]
    if (b !== null) head.push(`B · ${clock(b)}`, "B − A")
    this.table.replaceChildren(
      h("thead", {}, h("tr", {}, ...head.map((title) => h("th", { scope: "col" }, title)))),
      h(
        "tbody",
        {},
        ...recording.header.meminfo.map((name) => {
          const values = recording.meminfo[name]
          const cells = [formatKib(values[a])]
          if (b !== null) cells.push(formatKib(values[b]), formatKibChange(values[b] - values[a]))
          return h(
            "tr",
            {},
            h("th", { scope: "row", title: MEMINFO[name] }, name),
            ...cells.map((cell) => h("td", { class: "numeric" }, cell)),
          )
        }),
      ),
    )
  }
}
