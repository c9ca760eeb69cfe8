// What differs at the pair of moments that is shown, the biggest change first.

import { h, swatch } from "./dom"
import { formatChange, formatKib, formatKibChange, formatSize } from "./format"
import { pairText } from "./paircontrols"
import type { Pairing } from "./pairing"
import type { Row } from "./pairs"
import { type Column, Table } from "./table"

export class PairTable {
  readonly element = h("section", { class: "tabs", "aria-label": "Difference from A to B" })
  private readonly title = h("h2")
  private readonly about = h("div", { class: "about" })
  private readonly table: Table<Row>

  constructor(private readonly pairing: Pairing) {
    this.table = new Table<Row>({
      label: "Difference from A to B",
      noun: "lines",
      columns: this.columns(),
      sortBy: "change",
      text: ({ name, match, noise }) => `${name} ${match} ${noise ? "noise" : ""}`,
      rowKey: ({ key }) => key,
    })
    this.element.append(this.title, this.about, this.table.element)
    pairing.store.on(["figure", "by", "pair"], () => this.update())
    pairing.theme.onChange(() => this.update())
    this.update()
  }

  get filter(): HTMLInputElement {
    return this.table.filter
  }

  private update(): void {
    const { difference, pairs, sides } = this.pairing
    const { pair, by } = this.pairing.store.state
    const [before, after] = difference.totals.map((total) => total ?? NaN)
    this.title.textContent = `${difference.title} at ${pairText(pair)}: ${formatSize(before)} → ${formatSize(after)} (${formatChange(after - before)})`
    this.about.replaceChildren(
      ...sides.map(({ mark, recording, side }) =>
        h(
          "p",
          {},
          `${mark}: `,
          h("bdi", {}, recording.header.file),
          `, ${pair.moment} (`,
          h("bdi", {}, difference.sides[side]),
          ")",
        ),
      ),
      h("p", { class: "matched" }, `Matched by: ${pairs.matchedBy(difference, by)}.`),
      ...difference.notes.map((note) => h("p", {}, note)),
    )
    this.table.setColumns(this.columns())
    this.table.setRows(pairs.rows(difference, by))
  }

  private columns(): Column<Row>[] {
    return [
      {
        key: "change",
        title: "change",
        meaning: "How much more B has than A (KiB); sorted by the size of the change",
        numeric: true,
        value: ({ before, after }) => Math.abs(after - before),
        cell: ({ before, after }) => coloured(after - before),
        total: (rows) =>
          formatKibChange(sum(rows, ({ before, after }) => (after || 0) - (before || 0))),
      },
      {
        key: "name",
        title: "name",
        className: "name",
        value: ({ name }) => name,
        cell: (row) => this.name(row),
      },
      this.size("before", "A", "KiB at A"),
      this.size("after", "B", "KiB at B"),
      {
        key: "match",
        title: "matched by",
        meaning: "By which rule both sides were found to be the same",
        value: ({ match }) => match,
        cell: ({ match, meaning, noise }) =>
          h("span", { title: meaning }, noise ? `${match}, noise` : match),
      },
      {
        key: "mappings",
        title: "mappings",
        meaning: "How many at A and at B",
        numeric: true,
        value: ({ mappings: [before, after] }) => after - before,
        cell: ({ mappings: [before, after] }) =>
          before === after ? String(after) : `${before} → ${after}`,
      },
    ]
  }

  private size(key: "before" | "after", title: string, meaning: string): Column<Row> {
    return {
      key,
      title,
      meaning,
      numeric: true,
      value: (row) => row[key],
      cell: (row) => formatKib(row[key]),
      total: (rows) => formatKib(sum(rows, (row) => row[key] || 0)),
    }
  }

  private name({ name, kind, noise }: Row): HTMLElement {
    const { sides, theme } = this.pairing
    const known = kind === null ? null : sides[0].recording.header.kinds[kind]
    return h(
      "span",
      { class: noise ? "kind noise" : "kind", title: name },
      known && swatch(theme.colour(known.colours)),
      h("bdi", {}, name),
    )
  }
}

function sum(rows: Row[], of: (row: Row) => number): number {
  return rows.reduce((all, row) => all + of(row), 0)
}

function coloured(change: number): HTMLElement {
  const word = change > 0 ? "more" : change < 0 ? "less" : "even"
  return h("span", { class: word }, formatKibChange(change))
}
