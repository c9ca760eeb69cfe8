// What grew: every group with its verdict, its change over the visible span, and its course.

import { h, svg, swatch } from "./dom"
import { ABSENT, formatClock, formatDuration, formatKib, formatKibChange } from "./format"
import { type Growth, growthOf, knownRuns, type Verdicts, verdictsOf } from "./growth"
import { reduce } from "./stack"
import { type Column, Table } from "./table"
import type { View } from "./view"

const WIDTH = 120
const HEIGHT = 20
const POINTS = 60

const VERDICT: Column<Growth>[] = [
  {
    key: "verdict",
    title: "verdict",
    meaning: "What memory-watcher growth says of the whole time",
    value: ({ verdict }) => verdict?.rank ?? NaN,
    cell: ({ verdict }) => verdict?.word ?? ABSENT,
  },
  {
    key: "rate",
    title: "per hour",
    meaning: "With its 95 % interval",
    value: ({ verdict }) => verdict?.rate ?? NaN,
    cell: ({ verdict }) => verdict?.rateText ?? "",
  },
  {
    key: "note",
    title: "note",
    meaning: "Since when it rises, or how long a recording would tell",
    value: ({ verdict }) => verdict?.note ?? "",
  },
]

function totalWords({ total }: Verdicts): string[] {
  if (!total) return []
  const words = [total.word, total.rateText && `${total.rateText} per hour`, total.note]
  return [`All of it: ${words.filter(Boolean).join(", ")}.`]
}

export class GrowthPanel {
  readonly element = h("section", { "aria-label": "What grew" })
  private readonly about = h("p", { class: "about" })
  private readonly table: Table<Growth>
  private isJudged = false

  constructor(private readonly view: View) {
    this.table = new Table<Growth>({
      label: "What grew over the visible span",
      noun: "groups",
      columns: this.columns(false),
      sortBy: "change",
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
    const verdicts = this.verdicts()
    const told = typeof verdicts === "string" ? null : verdicts
    const grown = growthOf(this.view.buildStack(by, Infinity), from, to, told)
    this.about.textContent = [
      this.spanWords(grown),
      ...(told ? [...totalWords(told), ...told.notes] : [verdicts]),
    ].join(" ")
    this.table.setColumns(this.columns(told !== null))
    if ((told !== null) !== this.isJudged) {
      this.isJudged = told !== null
      this.table.sort(told ? "verdict" : "change", told !== null)
    }
    this.table.setRows(grown)
  }

  /** They are of the whole time; or why there are none. */
  private verdicts(): Verdicts | string {
    const { recording, processes, figure, store, span } = this.view
    const { from, to, by } = store.state
    if (from > span[0] || to < span[1])
      return "Verdicts are of the whole time only: show it again with 0."
    return verdictsOf(recording, processes, figure, by)
  }

  private spanWords(grown: Growth[]): string {
    const positions = grown[0]?.positions ?? []
    if (!positions.length) return "No layout in this span."
    const { recording, stack } = this.view
    const { times, instants } = stack
    const [first, last] = [positions[0], positions[positions.length - 1]]
    const clock = (position: number): string =>
      formatClock(times[position], recording.clockOf(instants[position]))
    const count = `${positions.length} ${stack.line ? "sums" : "layouts"}`
    return `Change from ${clock(first)} to ${clock(last)} (${formatDuration(times[last] - times[first])}), ${count}.`
  }

  private columns(judged: boolean): Column<Growth>[] {
    const { theme } = this.view
    return [
      ...(judged ? VERDICT : []),
      {
        key: "change",
        title: "change",
        meaning: "Last less first (KiB)",
        numeric: true,
        value: ({ change }) => change,
        cell: ({ change }) =>
          h(
            "span",
            { class: change > 0 ? "more" : change < 0 ? "less" : "even" },
            formatKibChange(change),
          ),
        ...(this.view.stack.stacked && {
          total: (rows: Growth[]) =>
            formatKibChange(rows.reduce((sum, { change }) => sum + change, 0)),
        }),
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

  /** Each group at its own height, as steps, at the same instants for all; empty where not known. */
  private spark({ group, highest }: Growth): Element {
    const { stack } = this.view
    const { from, to } = this.view.store.state
    const y = (position: number): string =>
      (
        HEIGHT -
        1 -
        ((HEIGHT - 2) * group.values[stack.instants[position]]) / (highest || 1)
      ).toFixed(1)
    const x = (time: number): string =>
      Math.max(0, Math.min(WIDTH, (WIDTH * (time - from)) / (to - from))).toFixed(1)
    const colour = this.view.theme.colour(group.colours)
    const paths = knownRuns(stack, reduce(stack, POINTS, from, to)).flatMap((run) => {
      const [begin, end] = [run[0], run[run.length - 1]]
      const steps = run.map((at) => `H${x(stack.times[at])}V${y(at)}`).join("")
      const line = `M${x(stack.times[begin])} ${y(begin)}${steps}H${x(stack.until[end])}`
      return [
        svg("path", {
          d: `${line}V${HEIGHT}H${x(stack.times[begin])}Z`,
          fill: colour,
          "fill-opacity": "0.35",
        }),
        svg("path", { d: line, fill: "none", stroke: colour, "stroke-width": "1.5" }),
      ]
    })
    return svg("svg", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" }, ...paths)
  }
}
