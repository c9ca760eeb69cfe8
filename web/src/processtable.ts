// All processes at the pinned moment, by size.

import { h } from "./dom"
import { addsUpOverProcesses } from "./figures"
import { formatKib } from "./format"
import { type Figure, type Process, processName, type ReadingName, stateFacts } from "./model"
import { partOf } from "./sums"
import { type Column, Table } from "./table"
import { READING, TITLES } from "./tables"
import type { View } from "./view"

/** Huge pages are what status tells of them: among READ. */
const SUMMED = (Object.keys(TITLES) as Figure[]).filter((name) => name !== "hugetlb")
const READ: ReadingName[] = ["high_water_mark", "hugetlb", "threads", "oom_score"]
/** Those that few programs have: they have a column where there are any. */
const RARE: ReadingName[] = ["hugetlb"]

export class ProcessesPanel {
  readonly element = h("section", { "aria-label": "Processes at A" })
  private readonly table: Table<Process>

  constructor(private readonly view: View) {
    this.table = new Table<Process>({
      label: "Processes at the pinned moment",
      noun: "processes",
      columns: this.columns(),
      sortBy: "pss",
      text: (process) =>
        `${processName(process)} ${process.facts.images.map(({ command }) => command).join(" ")}`,
      rowKey: ({ index }) => String(index),
      onPick: ({ index }) => view.store.set({ process: index, isolated: new Set() }),
    })
    this.element.append(this.table.element)
    view.store.on(["a", "process", "withChildren", "tab"], () => this.update())
  }

  get filter(): HTMLInputElement {
    return this.table.filter
  }

  update(): void {
    const { a, tab } = this.view.store.state
    if (tab !== "processes") return
    this.table.setColumns(this.columns())
    const { recording } = this.view
    this.table.setRows(
      a === null
        ? []
        : recording.processes.filter(
            (each) =>
              recording.layoutReadingAt(each, a) >= 0 ||
              recording.lacks(each, a) ||
              recording.isInPass(each, a),
          ),
    )
  }

  private row(process: Process, name: ReadingName): number {
    const { recording, store } = this.view
    const a = store.state.a ?? 0
    return name.startsWith("total.")
      ? recording.layoutReadingAt(process, a)
      : recording.readingAt(process, a)
  }

  /** Row of what a process has at the pass at or before A; -1 if it is no member. */
  private share(process: Process): number {
    const { recording, store } = this.view
    return recording.shareAt(process, recording.passAt(store.state.a ?? 0))
  }

  /** What a process has: at the pass, else over its mappings; of RSS else what statm says. */
  private sizeOf(process: Process, name: Figure): number {
    const share = this.share(process)
    const isOfPass = share >= 0 && name !== "swap" && name !== "hugetlb"
    const size = isOfPass
      ? this.view.recording.share[name][share]
      : this.figure(process, `total.${name}`)
    return Number.isNaN(size) && name === "rss" ? this.figure(process, "resident") : size
  }

  private figure(process: Process, name: ReadingName): number {
    const row = this.row(process, name)
    return row < 0 ? NaN : this.view.recording.reading[name][row]
  }

  /** Whether a figure has a column. */
  private isShown(name: ReadingName): boolean {
    const values = this.view.recording.reading[name]
    return READ.includes(name) && (!RARE.includes(name) || values.some((value) => value > 0))
  }

  /** Only what is of one pass is added up. */
  private sum(rows: Process[], name: Figure): string {
    const { recording } = this.view
    const shares = rows.map((row) => this.share(row)).filter((share) => share >= 0)
    if (!shares.length) return ""
    return formatKib(shares.reduce((sum, share) => sum + (partOf(recording, share, name) || 0), 0))
  }

  private columns(): Column<Process>[] {
    const { recording } = this.view
    return [
      {
        key: "name",
        title: "process",
        className: "process",
        value: (process) => processName(process),
        cell: (process) => h("bdi", {}, processName(process)),
      },
      ...SUMMED.map((name): Column<Process> => {
        const values = (process: Process): number => this.sizeOf(process, name)
        const column: Column<Process> = {
          key: name,
          title: TITLES[name],
          meaning: `KiB, at the pass over all processes; else sum over the mappings${name === "rss" ? "; else statm's resident" : ""}`,
          numeric: true,
          value: values,
          cell: (process) => formatKib(values(process)),
        }
        if (name !== "swap" && addsUpOverProcesses(name))
          column.total = (rows) => this.sum(rows, name)
        return column
      }),
      ...READING.filter(({ name }) => this.isShown(name)).map(
        ({ name, title, unit, meaning }): Column<Process> => ({
          key: `read ${name}`,
          title,
          meaning: unit === "bytes" ? `${meaning} (KiB)` : meaning,
          numeric: true,
          value: (process) => this.figure(process, name),
          cell: (process) => {
            const value = this.figure(process, name)
            return unit === "bytes" ? formatKib(value) : Number.isNaN(value) ? "–" : String(value)
          },
        }),
      ),
      {
        key: "state",
        title: "layout",
        value: (process) => {
          const row = recording.readingAt(process, this.view.store.state.a ?? 0)
          return row < 0 ? "" : stateFacts(recording.reading.layoutState[row]).label
        },
      },
      {
        key: "command",
        title: "command line",
        className: "name",
        value: ({ facts }) => facts.images[facts.images.length - 1]?.command ?? "",
        cell: ({ facts }) => {
          const command = facts.images[facts.images.length - 1]?.command ?? ""
          return h("bdi", { title: command }, command)
        },
      },
    ]
  }
}
