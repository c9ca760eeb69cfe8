// A sortable, filterable table that only makes the rows in sight: thousands cost no more than fifty.

import { h } from "./dom"
import { inOrder, matching } from "./rows"

export interface Column<Row> {
  key: string
  title: string
  meaning?: string
  /** What it is sorted by. */
  value(row: Row): number | string
  /** What it shows; its value by default. */
  cell?(row: Row): Node | string
  numeric?: boolean
  /** Sum over the rows that are shown, for the foot. */
  total?(rows: Row[]): string
  className?: string
}

export interface TableOptions<Row> {
  label: string
  columns: Column<Row>[]
  sortBy: string
  ascending?: boolean
  /** What the filter looks into. */
  text(row: Row): string
  rowKey(row: Row): string
  onPick?(row: Row): void
  noun: string
}

const ROW_HEIGHT = 26
const SPARE = 12

export class Table<Row> {
  readonly element: HTMLElement
  readonly filter = h("input", {
    type: "search",
    placeholder: "Filter by words (/)",
    spellcheck: "false",
    autocomplete: "off",
  })
  private readonly count = h("span", { class: "count", role: "status" })
  private readonly scroller: HTMLElement
  private readonly head = h("tr")
  private readonly body = h("tbody")
  private readonly foot = h("tr")
  private rows: Row[] = []
  private shown: Row[] = []
  private columns: Column<Row>[]
  private sortBy: string
  private ascending: boolean
  private picked: string | null = null
  private drawnFrom = -1

  constructor(
    private readonly options: TableOptions<Row>,
    ...tools: Node[]
  ) {
    this.columns = options.columns
    this.sortBy = options.sortBy
    this.ascending = options.ascending ?? false
    this.filter.setAttribute("aria-label", `Filter ${options.noun}`)
    this.scroller = h(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": options.label },
      h("table", {}, h("thead", {}, this.head), this.body, h("tfoot", {}, this.foot)),
    )
    this.element = h(
      "div",
      { class: "table" },
      h("div", { class: "tools" }, this.filter, ...tools, this.count),
      this.scroller,
    )
    this.filter.addEventListener("input", () => this.apply())
    this.scroller.addEventListener("scroll", () => this.draw(false))
    new ResizeObserver(() => this.draw(true)).observe(this.scroller)
  }

  setColumns(columns: Column<Row>[]): void {
    this.columns = columns
    if (!columns.some(({ key }) => key === this.sortBy)) this.sortBy = columns[0].key
  }

  sort(key: string, ascending: boolean): void {
    this.sortBy = key
    this.ascending = ascending
  }

  setRows(rows: Row[]): void {
    this.rows = rows
    this.apply()
  }

  /** Show a row, and bring it into sight. */
  pick(key: string | null, reveal = true): void {
    this.picked = key
    const at = this.shown.findIndex((row) => this.options.rowKey(row) === key)
    if (reveal && at >= 0) {
      const top = at * ROW_HEIGHT
      const { scrollTop, clientHeight } = this.scroller
      if (top < scrollTop || top > scrollTop + clientHeight - 4 * ROW_HEIGHT)
        this.scroller.scrollTop = Math.max(0, top - clientHeight / 3)
    }
    this.draw(true)
  }

  private apply(): void {
    this.shown = matching(this.rows, this.options.text, this.filter.value)
    this.sortRows()
    this.scroller.scrollTop = 0
    this.drawHead()
    this.drawFoot()
    this.draw(true)
    const all = this.rows.length
    const some = this.shown.length
    this.count.textContent =
      some === all ? `${all} ${this.options.noun}` : `${some} of ${all} ${this.options.noun}`
  }

  private sortRows(): void {
    const column = this.columns.find(({ key }) => key === this.sortBy) ?? this.columns[0]
    this.shown = inOrder(this.shown, column.value, this.ascending)
  }

  private drawHead(): void {
    this.head.replaceChildren(
      ...this.columns.map((column) => {
        const sorted = column.key === this.sortBy
        const order = this.ascending ? "ascending" : "descending"
        return h(
          "th",
          {
            scope: "col",
            class: column.numeric ? "numeric" : (column.className ?? null),
            "aria-sort": sorted ? order : null,
          },
          h(
            "button",
            {
              type: "button",
              title: column.meaning ?? null,
              "data-column": column.key,
              click: () => this.sortClicked(column),
            },
            column.title,
            h(
              "span",
              { class: "arrow", "aria-hidden": "true" },
              sorted ? (this.ascending ? "▲" : "▼") : "",
            ),
          ),
        )
      }),
    )
  }

  private sortClicked(column: Column<Row>): void {
    this.ascending = column.key === this.sortBy ? !this.ascending : !column.numeric
    this.sortBy = column.key
    this.apply()
    this.head.querySelector<HTMLElement>(`[data-column="${CSS.escape(column.key)}"]`)?.focus()
  }

  private drawFoot(): void {
    const sums = this.columns.map((column) => column.total?.(this.shown) ?? "")
    this.foot.replaceChildren(
      ...sums.map((sum, i) =>
        h(
          "td",
          { class: this.columns[i].numeric ? "numeric" : null },
          sum || (i === 0 ? "sum" : ""),
        ),
      ),
    )
    this.foot.hidden = sums.every((sum) => !sum)
  }

  private draw(again: boolean): void {
    const height = this.scroller.clientHeight
    if (!height) return
    const from = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - SPARE)
    if (!again && Math.abs(from - this.drawnFrom) < SPARE / 2) return
    this.drawnFrom = from
    const to = Math.min(this.shown.length, from + Math.ceil(height / ROW_HEIGHT) + 2 * SPARE)
    this.body.replaceChildren(
      this.space(from),
      ...this.shown.slice(from, to).map((row) => this.rowElement(row)),
      this.space(this.shown.length - to),
    )
  }

  private space(rows: number): HTMLElement {
    const element = h("tr", { class: "space", "aria-hidden": "true" })
    element.style.height = `${rows * ROW_HEIGHT}px`
    return element
  }

  private rowElement(row: Row): HTMLElement {
    const key = this.options.rowKey(row)
    const { onPick } = this.options
    return h(
      "tr",
      {
        "data-key": key,
        class: key === this.picked ? "picked" : null,
        ...(onPick ? { click: () => onPick(row) } : {}),
      },
      ...this.columns.map((column) => {
        const value = column.cell ? column.cell(row) : String(column.value(row))
        return h(
          "td",
          {
            class: column.numeric ? "numeric" : (column.className ?? null),
            "data-column": column.key,
          },
          value,
        )
      }),
    )
  }
}
