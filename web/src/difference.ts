// The difference between the two pinned moments, the biggest first.

import { type Change, changeOf, compare, named, sumOf } from "./compare"
import { h, swatch } from "./dom"
import { addsUpOverProcesses, FIGURES } from "./figures"
import { formatChange, formatClock, formatKib, formatKibChange } from "./format"
import { type Figure, processName } from "./model"
import type { By } from "./state"
import { type Column, Table } from "./table"
import { BY, TITLES } from "./tables"
import type { View } from "./view"

/** By name first: what most people ask. */
const GROUPINGS = [...BY].sort((one, other) => Number(other === "name") - Number(one === "name"))

export class DifferencePanel {
  readonly element = h("section", { "aria-label": "Difference from A to B" })
  private readonly about = h("p", { class: "about" })
  private readonly grouping = h("select", { "aria-label": "Group the difference" })
  private readonly same = h("input", { type: "checkbox" })
  private readonly table: Table<Change>

  constructor(private readonly view: View) {
    this.grouping.append(
      ...GROUPINGS.filter((by) => by !== "process" || view.recording.processes.length > 1).map(
        (by) => h("option", { value: by }, `by ${by}`),
      ),
    )
    this.table = new Table<Change>(
      {
        label: "Difference between the pinned moments",
        noun: "lines",
        columns: this.columns(),
        sortBy: "size",
        text: (change) =>
          `${change.name} ${named(change, this.change(change, view.figure))} ${this.kinds(change)}`,
        rowKey: ({ key }) => key,
      },
      this.grouping,
      h("label", { class: "check" }, this.same, "show unchanged"),
    )
    this.grouping.addEventListener("change", () => this.update())
    this.same.addEventListener("change", () => this.update())
    this.element.append(this.about, this.table.element)
    view.store.on(["a", "b", "process", "withChildren", "figure", "tab"], () => this.update())
    view.theme.onChange(() => this.update())
  }

  get filter(): HTMLInputElement {
    return this.table.filter
  }

  update(): void {
    const { a, b, tab } = this.view.store.state
    if (tab !== "difference") return
    this.table.element.hidden = a === null || b === null
    if (a === null || b === null) {
      this.about.textContent =
        "Pin a second moment: shift-click on the timeline, or press b and then click."
      return
    }
    const { recording, figure } = this.view
    const by = this.grouping.value as By
    const changes = compare(recording, this.view.entriesAt(a), this.view.entriesAt(b), by)
    const total = changes.reduce((sum, change) => sum + (this.change(change, figure) || 0), 0)
    const clock = (tick: number): string =>
      formatClock(this.view.timeOf(tick), recording.clockOf(tick))
    this.about.textContent = `${TITLES[figure]} from A (${clock(a)}) to B (${clock(b)})${this.addsUp ? `: ${formatChange(total)}` : "; not all layouts are of one pass each, so there are no sums"}`
    this.table.setColumns(this.columns())
    this.table.setRows(
      changes.filter((change) => this.same.checked || this.change(change, figure) !== 0),
    )
  }

  /** Whether both moments give sums. */
  private get addsUp(): boolean {
    const { a, b } = this.view.store.state
    return a !== null && b !== null && this.view.addsUp(a) && this.view.addsUp(b)
  }

  private change(change: Change, figure: Figure): number {
    return changeOf(this.view.recording.figure(figure), change)
  }

  private kinds(change: Change): string {
    const { recording, several } = this.view
    const entries = [...change.a, ...change.b]
    const kinds = new Set(entries.map(({ mapping }) => recording.kindOf(mapping).name))
    const processes = several ? new Set(entries.map(({ process }) => processName(process))) : []
    return [...kinds, ...processes].join(" ")
  }

  private columns(): Column<Change>[] {
    const { recording, theme, figure, several } = this.view
    const values = recording.figure(figure)
    const title = TITLES[figure]
    const others = FIGURES.filter(({ name }) => name !== figure).filter(({ name }) =>
      several ? addsUpOverProcesses(name) : recording.offers(name),
    )
    const adds = this.addsUp
    const side = (which: "a" | "b", change: Change): number =>
      change[which].length ? sumOf(values, change[which]) : 0
    return [
      {
        key: "size",
        title: `± ${title}`,
        meaning: `How much ${title} differs (KiB); sorted by the size of the difference`,
        numeric: true,
        value: (change) => Math.abs(this.change(change, figure)),
        cell: (change) => coloured(this.change(change, figure)),
        ...(adds && {
          total: (rows: Change[]) =>
            formatKibChange(rows.reduce((sum, row) => sum + (this.change(row, figure) || 0), 0)),
        }),
      },
      {
        key: "what",
        title: "",
        meaning: "What happened",
        value: (change) => named(change, this.change(change, figure)),
      },
      {
        key: "name",
        title: "name",
        className: "name",
        value: (change) => change.name,
        cell: (change) =>
          h(
            "span",
            { class: "kind", title: change.name },
            swatch(theme.colour(change.colours)),
            h("bdi", {}, change.name),
          ),
      },
      {
        key: "a",
        title: `${title} at A`,
        meaning: "KiB",
        numeric: true,
        value: (change) => side("a", change),
        cell: (change) => formatKib(side("a", change)),
        ...(adds && {
          total: (rows: Change[]) =>
            formatKib(rows.reduce((sum, row) => sum + (side("a", row) || 0), 0)),
        }),
      },
      {
        key: "b",
        title: `${title} at B`,
        meaning: "KiB",
        numeric: true,
        value: (change) => side("b", change),
        cell: (change) => formatKib(side("b", change)),
        ...(adds && {
          total: (rows: Change[]) =>
            formatKib(rows.reduce((sum, row) => sum + (side("b", row) || 0), 0)),
        }),
      },
      ...others.map(
        ({ name, title: text }): Column<Change> => ({
          key: `other ${name}`,
          title: `± ${text}`,
          meaning: `How much ${text} differs (KiB)`,
          numeric: true,
          value: (change) => this.change(change, name),
          cell: (change) => coloured(this.change(change, name)),
        }),
      ),
      {
        key: "mappings",
        title: "mappings",
        meaning: "How many at A and at B",
        numeric: true,
        value: (change) => change.b.length - change.a.length,
        cell: ({ a, b }) =>
          a.length === b.length ? String(a.length) : `${a.length} → ${b.length}`,
      },
    ]
  }
}

function coloured(change: number): HTMLElement {
  const word = change > 0 ? "more" : change < 0 ? "less" : "even"
  return h("span", { class: word }, formatKibChange(change))
}
