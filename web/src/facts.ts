// What is known of the recording itself, and what the report holds of it.

import { MappingCounts } from "./counts"
import { h } from "./dom"
import { formatClock, formatDuration, formatSize } from "./format"
import { type Process, processName, type Run } from "./model"
import type { View } from "./view"

type Fact = [string, string | null]

export class FactsPanel {
  readonly element = h("section", { class: "facts", "aria-label": "The recording" })
  private readonly counts: MappingCounts

  constructor(private readonly view: View) {
    this.counts = new MappingCounts(view)
    this.update()
    view.store.on(["process", "withChildren"], () => this.update())
  }

  private update(): void {
    const { recording, processes } = this.view
    const { header } = recording
    const shown = processes.slice(0, 20)
    this.element.replaceChildren(
      this.list("The report", [
        ["recording", header.file],
        ["made", `${header.created} by memory-watcher ${header.version}`],
        ["times are", header.zone],
        ["clock", header.jumps.map(({ text }) => text).join("\n") || null],
        ["holds", this.held()],
      ]),
      ...header.runs.map((run, i) =>
        this.list(header.runs.length > 1 ? `Run ${i + 1}` : "The recorder", this.run(run)),
      ),
      ...shown.map((process) => this.list(processName(process), this.process(process))),
      processes.length > shown.length
        ? h("p", {}, `and ${processes.length - shown.length} more`)
        : "",
      this.counts.element,
    )
  }

  private list(title: string, facts: Fact[]): HTMLElement {
    return h(
      "div",
      {},
      h("h3", {}, h("bdi", {}, title)),
      h(
        "dl",
        {},
        ...facts
          .filter((fact): fact is [string, string] => fact[1] !== null)
          .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("bdi", {}, value))]),
      ),
    )
  }

  private held(): string {
    const { held, recorded } = this.view.recording.header.ticks
    if (held === recorded)
      return `all ${recorded} ticks, with every figure of every mapping, exactly as recorded`
    return (
      `${held} of ${recorded} ticks, with every figure of every mapping, exactly as recorded: of each` +
      " stretch of time the tick at which most was in use, and each process's peaks." +
      " What was lower in between is not shown"
    )
  }

  private run(run: Run): Fact[] {
    return [
      ["host", run.host],
      ["kernel", run.kernel],
      ["page size", run.pageSize === null ? null : formatSize(run.pageSize)],
      ["CPUs", run.cpus === null ? null : String(run.cpus)],
      ["vm.max_map_count", run.maxMapCount === null ? null : String(run.maxMapCount)],
      ["command", run.command],
      ["version", run.version],
      ["period", run.period === null ? null : formatDuration(run.period)],
      ["started", run.started],
      [
        "ended",
        run.ended === null
          ? "not cleanly, or not yet"
          : `${run.ended}${run.endReason ? `: ${run.endReason}` : ""}`,
      ],
      ["cost: CPU", run.cost],
      ["cost: peak RSS", run.peakRss === null ? null : formatSize(run.peakRss)],
      ["policy", run.policy === null ? null : policyText(run.policy)],
    ]
  }

  private process({ facts }: Process): Fact[] {
    const { recorded } = facts
    const image = facts.images[facts.images.length - 1]
    const cost = recorded.layouts
      ? `${formatDuration(recorded.cpu / recorded.layouts)} of CPU per layout`
      : null
    return [
      ["command", image?.command ?? null],
      ["executable", image?.exe ?? null],
      ["images", facts.images.length > 1 ? this.images(facts) : null],
      ["user id", facts.uid === null ? null : String(facts.uid)],
      ["control group", facts.cgroup?.trim() ?? null],
      ["seen from", facts.firstSeen],
      [
        "seen until",
        facts.lastSeen === null
          ? null
          : facts.lastSeen + (facts.ended ? ", and then it had ended" : ""),
      ],
      [
        "readings",
        `${recorded.readings}, ${recorded.layouts} with a layout, ${recorded.torn} of them torn`,
      ],
      ["cost", cost],
      ["highest layout", facts.highestRss === null ? null : `RSS ${formatSize(facts.highestRss)}`],
      ["high-water mark", this.mark(facts)],
    ]
  }

  /** What execve put into it, one after the other. */
  private images(facts: Process["facts"]): string {
    const { recording } = this.view
    return facts.images
      .map(({ name, command, position }) => {
        const tick = Math.min(position, recording.ticks - 1)
        const when = formatClock(recording.tickTime[tick], recording.clockOf(tick))
        return `${when} ${command ?? name}`
      })
      .join("\n")
  }

  private mark(facts: Process["facts"]): string | null {
    if (!facts.mark) return null
    const { size, time } = facts.mark
    return `${formatSize(size)}, first seen at ${time}: ${facts.missed}`
  }
}

/** JSON with nanoseconds and bytes -> one setting a line, as a person reads it. */
function policyText(policy: string): string {
  try {
    const settings = JSON.parse(policy) as Record<string, unknown>
    return Object.entries(settings)
      .filter(([, value]) => value !== null && value !== false)
      .map(([name, value]) => {
        const time = name.endsWith("_ns") && typeof value === "number"
        const title = (time ? name.slice(0, -3) : name).replaceAll("_", " ")
        return `${title}: ${time ? formatDuration(value / 1000) : String(value)}`
      })
      .join("\n")
  } catch {
    return policy
  }
}
