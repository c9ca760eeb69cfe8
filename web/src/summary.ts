// The line at the top: what a reader wants to know first.

import { h } from "./dom"
import { formatClock, formatDuration, formatSize, groupDigits } from "./format"
import { peakOf } from "./stack"
import { TITLES } from "./tables"
import type { View } from "./view"

export class Summary {
  readonly element = h("dl", { class: "summary" })

  constructor(private readonly view: View) {
    view.store.on(["process", "withChildren", "figure", "by"], () => this.update())
    this.update()
  }

  private update(): void {
    const { stack, recording, processes, several, figure } = this.view
    const facts: [string, string, string?][] = []
    const peak = peakOf(stack)
    if (peak) {
      const title = TITLES[figure]
      const clock = formatClock(peak.time, recording.clockOf(peak.tick))
      facts.push([`peak ${title}`, formatSize(peak.size), `at ${clock}`])
    }
    if (!several) facts.push(...this.mark(), ...this.mappings())
    const { times, until } = stack.line ?? stack
    if (times.length) facts.push(["watched", formatDuration(until[until.length - 1] - times[0])])
    const sum = (of: "layouts" | "torn"): number =>
      processes.reduce((all, { facts: { recorded } }) => all + recorded[of], 0)
    facts.push(["layouts", String(sum("layouts")), `${sum("torn")} torn`])
    const cpu = recording.header.runs.reduce((all, run) => all + (run.cpu ?? 0), 0)
    const time = recording.header.runs.reduce((all, run) => all + (run.lasted ?? 0), 0)
    if (cpu && time)
      facts.push(["cost", `${((100 * cpu) / time).toPrecision(2)} %`, "of a core to record"])
    this.element.replaceChildren(
      ...facts.map(([name, value, note]) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, value, note ? h("small", {}, note) : null)),
      ),
    )
  }

  /** The most mappings at once, where the machine's limit is known. */
  private mappings(): [string, string, string?][] {
    const { recording, processes } = this.view
    const [first, end] = processes[0].readings
    const most = recording.reading["total.mappings"]
      .slice(first, end)
      .reduce((highest, count) => Math.max(highest, count || 0), 0)
    const limits = recording.header.runs.flatMap(({ maxMapCount }) => maxMapCount ?? [])
    if (!most || !limits.length) return []
    return [["most mappings", groupDigits(most), `of at most ${groupDigits(Math.min(...limits))}`]]
  }

  private mark(): [string, string, string?][] {
    const { mark, missed } = this.view.processes[0].facts
    return mark ? [["high-water mark", formatSize(mark.size), missed]] : []
  }
}
