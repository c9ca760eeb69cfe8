// Figures that are no process's, over time and at the pinned moments: /proc/meminfo of the machine,
// and the memory of a control group.

import type uPlot from "uplot"
import { sizeLabels, sizeMarks } from "./axes"
import { h } from "./dom"
import { formatClock, formatKib, formatKibChange } from "./format"
import { drawLines } from "./lines"
import type { Column } from "./payload"
import { reduced } from "./reduce"
import type { Tab } from "./state"
import { CGROUP, MEMINFO } from "./tables"
import type { View } from "./view"

/** What such a panel shows: figures by name, of which some are drawn. */
interface Figures {
  tab: Tab
  label: string
  names: string[]
  columns: Record<string, Column>
  drawn: [string, string][]
  title: (name: string) => string
  meaning: (name: string) => string
  /** Of each column of equal time the tick is drawn at which this is highest. */
  weight: (tick: number) => number
}

const MACHINE_DRAWN: [string, string][] = [
  ["MemAvailable", "--series-1"],
  ["MemFree", "--series-2"],
  ["Cached", "--series-3"],
  ["AnonPages", "--series-4"],
  ["Shmem", "--series-5"],
]
/** Those of version 1 have the colours of what they are in version 2. */
const CGROUP_DRAWN: [string, string][] = [
  ["current", "--series-1"],
  ["stat.anon", "--series-2"],
  ["stat.total_rss", "--series-2"],
  ["stat.file", "--series-3"],
  ["stat.total_cache", "--series-3"],
  ["stat.shmem", "--series-4"],
  ["stat.total_shmem", "--series-4"],
  ["max", "--series-5"],
  ["above.max", "--series-5"],
]
const COLUMNS = 1500

export function machineFigures({ recording }: View): Figures {
  const { meminfo } = recording
  const available = meminfo.MemAvailable ?? recording.tickTime
  return {
    tab: "system",
    label: "System memory",
    names: recording.header.meminfo,
    columns: meminfo,
    drawn: MACHINE_DRAWN,
    title: (name) => name,
    meaning: (name) => MEMINFO[name as keyof typeof MEMINFO],
    weight: (tick) => -available[tick],
  }
}

export function cgroupFigures({ recording }: View): Figures {
  const { cgroup } = recording
  const current = cgroup.current ?? recording.tickTime
  const titles = recording.header.cgroup?.titles ?? {}
  const idle = "above.max" in titles ? "max" : "above.max" // of the two limits only one holds
  const told = (name: string) => CGROUP[name as keyof typeof CGROUP]
  return {
    tab: "cgroup",
    label: `Control group ${recording.header.cgroup?.path ?? ""}`,
    names: recording.header.cgroup?.figures ?? [],
    columns: cgroup,
    drawn: CGROUP_DRAWN.filter(([name]) => name !== idle),
    title: (name) => titles[name] ?? told(name)[0],
    meaning: (name) => told(name)[1],
    weight: (tick) => (Number.isNaN(current[tick]) ? -1 : current[tick]),
  }
}

export class OverTimePanel {
  readonly element = h("section")
  private readonly key = h("div", { class: "key" })
  private readonly chart = h("div", { class: "chart" })
  private readonly table = h("table", { class: "plain" })
  private plot: uPlot | null = null

  constructor(
    private readonly view: View,
    private readonly figures: Figures,
  ) {
    this.element.setAttribute("aria-label", figures.label)
    this.element.append(this.key, this.chart, h("div", { class: "scroller plain" }, this.table))
    view.store.on(["tab", "from", "to"], () => this.draw())
    view.store.on(["tab", "a", "b"], () => this.fill())
    view.theme.onChange(() => this.draw())
    new ResizeObserver(() => this.draw()).observe(this.chart)
  }

  draw(): void {
    const { tab, from, to } = this.view.store.state
    const width = this.chart.clientWidth
    if (tab !== this.figures.tab || !width) return
    const { recording, theme } = this.view
    const { names, columns, title } = this.figures
    const drawn = this.figures.drawn.filter(([name]) => names.includes(name))
    const ticks = this.ticks(from, to)
    this.key.replaceChildren(
      ...drawn.map(([name, style]) => {
        const line = h("span", { class: "line" })
        line.style.borderColor = theme.style(style)
        return h("span", {}, line, title(name))
      }),
    )
    this.plot?.destroy()
    const lines = drawn.map(([name, style]) => ({
      style,
      values: ticks.map((tick) => {
        const value = columns[name][tick]
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

  private ticks(from: number, to: number): number[] {
    return reduced(this.view.recording.tickTime, this.figures.weight, COLUMNS, from, to)
  }

  private fill(): void {
    const { tab, a, b } = this.view.store.state
    if (tab !== this.figures.tab || a === null) return
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
        ...this.figures.names.map((name) => {
          const values = this.figures.columns[name]
          const cells = [formatKib(values[a])]
          if (b !== null) cells.push(formatKib(values[b]), formatKibChange(values[b] - values[a]))
          return h(
            "tr",
            {},
            h("th", { scope: "row", title: this.figures.meaning(name) }, this.figures.title(name)),
            ...cells.map((cell) => h("td", { class: "numeric" }, cell)),
          )
        }),
      ),
    )
  }
}
