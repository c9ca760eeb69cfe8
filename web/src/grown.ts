// What grew over the visible span: every group, ranked, with slope and course.

import { h, svg, swatch } from "./dom"
import { formatClock, formatDuration, formatKib, formatKibChange, formatRate } from "./format"
import { type Growth, growthOf } from "./growth"
import { reduce } from "./stack"
import { type Column, Table } from "./table"
import type { View } from "./view"

const WIDTH = 120
const HEIGHT = 20
const POINTS = 60

export class GrowthPanel {
  readonly element = h("section", { "aria-label": "What grew" })
  private readonly about = h("p", { class: "about" })
  private readonly table: Table<Growth>

  constructor(private readonly view: View) {
    this.table = new Table<Growth>({
      label: "What grew over the visible span",
      noun: "groups",
      columns: this.columns(),
      sortBy: "growth",
      text: ({ group }) => group.name,
      rowKey: ({ group }) => group.key,
    })
    this.element.append(this.about, this.table.element)
    const keys = ["process", "withChildren", "figure", "by", "from", "to", "tab"] as const
    view.store.on([...keys], () => this.update())
    view.theme.onChange(() => this.update())
  }

  get filter(): HTMLInputElement {
    return this.table.filter
  }

  update(): void {
    const { from, to, tab, by } = this.view.store.state
    if (tab !== "growth") return
    const { recording } = this.view
    const grown = growthOf(this.view.buildStack(by, Infinity), from, to)
    const positions = grown[0]?.positions ?? []
    const { times, instants } = this.view.stack
    const clock = (position: number): string =>
      formatClock(times[position], recording.clockOf(instants[position]))
    const last = positions[positions.length - 1]
    this.about.textContent = positions.length
      ? `From ${clock(positions[0])} to ${clock(last)} (${formatDuration(times[last] - times[positions[0]])}), ${positions.length} ${this.view.stack.line ? "sums" : "layouts"}. Zoom to change the span. Slope is a least-squares fit; if it and the growth differ in sign, the group went up and down.`
      : "No layout in this span."
    this.table.setColumns(this.columns())
    this.table.setRows(grown)
  }

  private columns(): Column<Growth>[] {
    const { theme } = this.view
    return [
      {
        key: "growth",
        title: "growth",
        meaning: "Last less first (KiB)",
        numeric: true,
        value: ({ growth }) => growth,
        cell: ({ growth }) =>
          h(
            "span",
            { class: growth > 0 ? "more" : growth < 0 ? "less" : "even" },
            formatKibChange(growth),
          ),
        ...(this.view.stack.stacked && {
          total: (rows: Growth[]) =>
            formatKibChange(rows.reduce((sum, { growth }) => sum + growth, 0)),
        }),
      },
      {
        key: "slope",
        title: "slope",
        meaning: "Of the straight line that fits best",
        numeric: true,
        value: ({ slope }) => slope,
        cell: ({ slope }) => formatRate(slope),
      },
      {
        key: "course",
        title: "course",
        className: "course",
        value: ({ highest }) => highest,
        cell: (growth) => this.spark(growth),
      },
      {
        key: "name",
        title: "name",
        className: "name",
        value: ({ group }) => group.name,
        cell: ({ group }) =>
          h(
            "span",
            { class: "kind", title: group.name },
            swatch(theme.colour(group.colours)),
            h("bdi", {}, group.name),
          ),
      },
      ...(["first", "last", "highest"] as const).map(
        (name): Column<Growth> => ({
          key: name,
          title: name,
          meaning: "KiB",
          numeric: true,
          value: (row) => row[name],
          cell: (row) => formatKib(row[name]),
        }),
      ),
    ]
  }

  /** Each group at its own height, as steps, at the same instants for all. */
  private spark({ group, highest }: Growth): Element {
    const { stack } = this.view
    const { from, to } = this.view.store.state
    const points = reduce(stack, POINTS, from, to)
    const y = (position: number): number =>
      HEIGHT - 1 - ((HEIGHT - 2) * group.values[stack.instants[position]]) / (highest || 1)
    const x = (position: number): number =>
      Math.max(0, Math.min(WIDTH, (WIDTH * (stack.times[position] - from)) / (to - from)))
    const line = points.map((at, i) =>
      i ? `H${x(at).toFixed(1)}V${y(at).toFixed(1)}` : `M${x(at).toFixed(1)} ${y(at).toFixed(1)}`,
    )
    const end = points.length
      ? Math.max(
          0,
          Math.min(WIDTH, (WIDTH * (stack.until[points[points.length - 1]] - from)) / (to - from)),
        )
      : 0
    const path = `${line.join("")}H${end.toFixed(1)}`
    const colour = this.view.theme.colour(group.colours)
    const begin = points.length ? x(points[0]).toFixed(1) : "0"
    return svg(
      "svg",
      { width: WIDTH, height: HEIGHT, "aria-hidden": "true" },
      svg("path", { d: `${path}V${HEIGHT}H${begin}Z`, fill: colour, "fill-opacity": "0.35" }),
      svg("path", { d: path, fill: "none", stroke: colour, "stroke-width": "1.5" }),
    )
  }
}
