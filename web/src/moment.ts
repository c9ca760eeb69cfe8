// All mappings at the pinned moment, with all their figures.

import { sumOf } from "./compare"
import { h, swatch } from "./dom"
import { addsUpOverProcesses } from "./figures"
import { formatAddress, formatKib, formatSize } from "./format"
import { type Entry, type Metric, processName } from "./model"
import { Strip } from "./strip"
import { type Column, Table } from "./table"
import { HUGETLB, OVER_MAPPINGS, READING, USAGE, USS } from "./tables"
import type { View } from "./view"

export class MomentPanel {
  readonly element = h("section", { "aria-label": "Mappings at A" })
  private readonly about = h("p", { class: "about" })
  private readonly empty = h("input", { type: "checkbox" })
  private readonly table: Table<Entry>
  private readonly strip: Strip

  constructor(private readonly view: View) {
    this.strip = new Strip(view, (entry) => this.table.pick(entry && keyOf(entry)))
    this.table = new Table<Entry>(
      {
        label: "Mappings at the pinned moment",
        noun: "mappings",
        columns: this.columns([]),
        sortBy: "pss",
        text: (entry) => this.textOf(entry),
        rowKey: keyOf,
        onPick: (entry) => {
          this.table.pick(keyOf(entry), false)
          this.strip.pick(entry)
        },
      },
      h("label", { class: "check" }, this.empty, "show empty columns"),
    )
    this.empty.addEventListener("change", () => this.update())
    this.element.append(this.about, this.strip.element, this.table.element)
    view.store.on(["a", "process", "withChildren", "tab"], () => this.update())
    view.theme.onChange(() => this.update())
  }

  get filter(): HTMLInputElement {
    return this.table.filter
  }

  update(): void {
    const { a, tab } = this.view.store.state
    if (tab !== "moment") return
    const entries = a === null ? [] : this.view.entriesAt(a)
    this.about.replaceChildren(...(a === null ? ["No layout was recorded."] : this.describe(a)))
    this.table.setColumns(this.columns(entries))
    this.table.setRows(entries)
    this.strip.show(entries)
  }

  private describe(tick: number): (Node | string)[] {
    const { recording, processes, several } = this.view
    if (several) {
      const older = " Not all layouts are of one pass then, so there are no sums."
      return [`${processes.length} processes.${this.view.addsUp(tick) ? "" : older}`]
    }
    const [process] = processes
    const row = recording.layoutReadingAt(process, tick)
    if (row < 0) return ["The process has no layout at this moment."]
    const reading = recording.reading
    const facts: string[] = [recording.stateWords(reading.layoutState[row])]
    const image = recording.imageAt(process, tick)
    if (image) facts.unshift(image.name)
    for (const metric of READING) {
      const value = reading[metric.name][row]
      if (Number.isNaN(value) || (!value && metric.name === "hugetlb")) continue
      if (metric.name === "state") facts.push(`state ${recording.header.letters[value]}`)
      else {
        const title = metric.source.startsWith("statm ") ? `statm ${metric.title}` : metric.title
        facts.push(`${title} ${metric.unit === "bytes" ? formatSize(value) : value}`)
      }
    }
    const rollup = reading.rollup_pss[row]
    if (!Number.isNaN(rollup)) facts.push(`PSS without rounding ${formatSize(rollup)}`)
    return [facts.join(" · ")]
  }

  private textOf(entry: Entry): string {
    const { recording } = this.view
    const { mapping, usage } = entry
    const start = recording.mapping.start[mapping]
    return [
      formatAddress(start),
      formatAddress(start + recording.mapping.size[mapping]),
      recording.permissionsOf(mapping),
      recording.kindOf(mapping).name,
      recording.pathOf(mapping),
      recording.groupOf(mapping).name,
      recording.text(usage, "vm_flags"),
      this.view.several ? processName(entry.process) : "",
    ].join(" ")
  }

  private columns(entries: Entry[]): Column<Entry>[] {
    return [...this.headerColumns(), ...this.figureColumns(entries), ...this.factColumns(entries)]
  }

  private headerColumns(): Column<Entry>[] {
    const { recording, theme, several } = this.view
    const { mapping: header } = recording
    const columns: Column<Entry>[] = [
      {
        key: "start",
        title: "address",
        className: "code",
        value: ({ mapping }) => header.start[mapping],
        cell: ({ mapping }) =>
          `${formatAddress(header.start[mapping])}-${formatAddress(header.start[mapping] + header.size[mapping])}`,
      },
      {
        key: "perms",
        title: "perms",
        className: "code",
        value: ({ mapping }) => recording.permissionsOf(mapping),
      },
      {
        key: "kind",
        title: "kind",
        value: ({ mapping }) => recording.kindOf(mapping).name,
        cell: ({ mapping }) => {
          const kind = recording.kindOf(mapping)
          return h(
            "span",
            { class: "kind", title: kind.meaning },
            swatch(theme.colour(kind.colours)),
            kind.name,
          )
        },
      },
      {
        key: "name",
        title: "name",
        className: "name",
        value: ({ mapping }) => recording.pathOf(mapping),
        cell: ({ mapping }) => {
          const path = recording.pathOf(mapping)
          const group = recording.groupOf(mapping).name
          const own = path || group
          return h("bdi", { title: own === group ? own : `${own}\ncounted as ${group}` }, own)
        },
      },
      {
        key: "size",
        title: "size",
        meaning: "Address space taken (KiB)",
        numeric: true,
        value: ({ mapping }) => header.size[mapping],
        cell: ({ mapping }) => formatKib(header.size[mapping]),
        total: (rows) =>
          formatKib(rows.reduce((sum, { mapping }) => sum + header.size[mapping], 0)),
      },
    ]
    if (several)
      columns.unshift({
        key: "process",
        title: "process",
        className: "process",
        value: ({ process }) => processName(process),
        cell: ({ process }) => h("bdi", {}, processName(process)),
      })
    return columns
  }

  private figureColumns(entries: Entry[]): Column<Entry>[] {
    const metrics: Metric[] = [...USAGE, USS, HUGETLB]
    const always: string[] = ["pss", "rss", "uss"]
    const order = [...always, "hugetlb", "swap"]
    metrics.sort((one, other) => rank(order, one.name) - rank(order, other.name))
    return metrics
      .filter(({ unit }) => unit !== "text")
      .filter(
        (metric) =>
          this.empty.checked || always.includes(metric.name) || this.says(metric, entries),
      )
      .map((metric) => this.figureColumn(metric))
  }

  /** Whether a figure is something else than 0, or than the same everywhere for a page size. */
  private says(metric: Metric, entries: Entry[]): boolean {
    const values = this.view.recording.figure(metric.name)
    if (metric.name.endsWith("page_size"))
      return new Set(entries.map(({ usage }) => values[usage])).size > 1
    return entries.some(({ usage }) => values[usage] > 0)
  }

  private figureColumn(metric: Metric): Column<Entry> {
    const values = this.view.recording.figure(metric.name)
    const bytes = metric.unit === "bytes"
    const additive = (OVER_MAPPINGS as readonly string[]).includes(metric.name)
    const unit = bytes ? " (KiB)" : ""
    const column: Column<Entry> = {
      key: metric.name,
      title: metric.title,
      meaning: `${metric.meaning}${unit}\nsmaps: ${metric.source}`,
      numeric: true,
      value: ({ usage }) => values[usage],
      cell: ({ usage }) => (bytes ? formatKib(values[usage]) : plain(values[usage])),
    }
    // RSS, like all that is not shared out, is never summed over processes.
    const summable = additive && (!this.view.several || addsUpOverProcesses(metric.name))
    const { a } = this.view.store.state
    if (summable && a !== null && this.view.addsUp(a))
      column.total = (rows) => formatKib(sumOf(values, rows))
    return column
  }

  private factColumns(entries: Entry[]): Column<Entry>[] {
    const { recording } = this.view
    const { mapping: header } = recording
    const other = entries.some(({ usage }) => recording.text(usage, "other"))
    const columns: Column<Entry>[] = [
      {
        key: "vm_flags",
        title: "flags",
        meaning: "The kernel's two-letter flags of the mapping (VmFlags)",
        className: "code",
        value: ({ usage }) => recording.text(usage, "vm_flags"),
      },
      {
        key: "offset",
        title: "offset",
        meaning: "Into the file, hexadecimal",
        className: "code",
        value: ({ mapping }) => header.offset[mapping],
        cell: ({ mapping }) => BigInt(header.offset[mapping]).toString(16),
      },
      {
        key: "dev",
        title: "device",
        className: "code",
        value: ({ mapping }) => recording.deviceOf(mapping),
      },
      {
        key: "inode",
        title: "inode",
        numeric: true,
        value: ({ mapping }) => Number(recording.inodeOf(mapping)),
        cell: ({ mapping }) => recording.inodeOf(mapping),
      },
    ]
    if (other)
      columns.push({
        key: "other",
        title: "other lines",
        className: "code",
        value: ({ usage }) => recording.text(usage, "other"),
      })
    return columns
  }
}

function rank(order: string[], name: string): number {
  const at = order.indexOf(name)
  return at < 0 ? order.length : at
}

function plain(value: number): string {
  return Number.isNaN(value) ? "–" : String(value)
}

export function keyOf(entry: Entry): string {
  return String(entry.mapping)
}
