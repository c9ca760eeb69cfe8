// What differs between two recordings at pairs of moments, as report/pair.py tells it: nothing here
// decides what belongs together.

import type { Figure } from "./model"
import { type Column, unpack } from "./payload"
import type { By } from "./state"

interface TableFacts {
  rows: number
  /** Title, groups, bytes and mappings before and after of what has no row of its own. */
  rests: [string, number, number | null, number | null, number, number][]
  /** Numbers of rules, and how many groups each matched. */
  matches: [number, number][]
}

/** One figure at one pair of moments. */
export interface Difference {
  title: string
  /** Positions of the ticks at which each side was read. */
  ticks: [number, number]
  /** When, and whose, in words. */
  sides: [string, string]
  totals: [number | null, number | null]
  notes: string[]
  /** In the order of `by`. */
  tables: TableFacts[]
}

export interface Pair {
  moment: string
  /** Microseconds after each start; null of a pair with a name. */
  age: number | null
  figures: Partial<Record<Figure, Difference>>
}

export interface PairsHeader {
  title: string
  /** Microseconds from which ages count. */
  starts: [number, number]
  figures: Figure[]
  by: By[]
  /** Each rule of matching: its words, and what it means. */
  matches: [string, string][]
  names: string[]
  pairs: Pair[]
}

/** A line of the table; sizes are NaN where they were not reported. */
export interface Row {
  key: string
  name: string
  kind: number | null
  before: number
  after: number
  match: string
  meaning: string
  mappings: [number, number]
  noise: boolean
}

const ROW = [
  "name",
  "kind",
  "before",
  "after",
  "match",
  "mappings_before",
  "mappings_after",
  "noise",
] as const

export class Pairs {
  private readonly row = {} as Record<(typeof ROW)[number], Column>
  private readonly first = new Map<TableFacts, number>()

  constructor(
    readonly header: PairsHeader,
    column: (name: string) => Column,
  ) {
    for (const name of ROW) this.row[name] = column(`row.${name}`)
    let row = 0
    for (const { figures } of header.pairs) {
      for (const table of Object.values(figures).flatMap(({ tables }) => tables)) {
        this.first.set(table, row)
        row += table.rows
      }
    }
  }

  /** The lines of one table: changes, the biggest first, and what the others come to. */
  rows({ tables }: Difference, by: By): Row[] {
    const table = tables[this.header.by.indexOf(by)]
    const first = this.first.get(table) ?? 0
    const rows = Array.from({ length: table.rows }, (_, i) => this.rowAt(first + i))
    for (const [title, groups, before, after, ...mappings] of table.rests)
      rows.push({
        key: title,
        name: `${title} (${groups})`,
        kind: null,
        before: before ?? NaN,
        after: after ?? NaN,
        match: "",
        meaning: "",
        mappings,
        noise: false,
      })
    return rows
  }

  private rowAt(at: number): Row {
    const { row, header } = this
    const [match, meaning] = header.matches[row.match[at]]
    return {
      key: String(at),
      name: header.names[row.name[at]],
      kind: Number.isNaN(row.kind[at]) ? null : row.kind[at],
      before: row.before[at],
      after: row.after[at],
      match,
      meaning,
      mappings: [row.mappings_before[at], row.mappings_after[at]],
      noise: row.noise[at] === 1,
    }
  }

  /** By which rules the groups of a table were matched: `same name (12), by kind (4)`. */
  matchedBy({ tables }: Difference, by: By): string {
    const { matches } = tables[this.header.by.indexOf(by)]
    return matches.map(([match, count]) => `${this.header.matches[match][0]} (${count})`).join(", ")
  }

  /** The pairs that tell a figure, from the earliest to the latest moment of the first side. */
  inOrder(figure: Figure): Pair[] {
    const told = this.header.pairs.filter(({ figures }) => figures[figure])
    const at = (pair: Pair, side: 0 | 1): number => pair.figures[figure]!.ticks[side]
    return told.sort((one, other) => at(one, 0) - at(other, 0) || at(one, 1) - at(other, 1))
  }

  /** The pair so many steps later, or earlier. */
  step(pair: Pair, figure: Figure, steps: number): Pair {
    const order = this.inOrder(figure)
    const at = Math.max(0, order.indexOf(pair))
    return order[Math.max(0, Math.min(order.length - 1, at + steps))]
  }

  /** The pair of which one side was read nearest to a time; one with a name before others. */
  nearest(
    side: 0 | 1,
    time: number,
    figure: Figure,
    timeOf: (tick: number) => number,
  ): Pair | null {
    let best: Pair | null = null
    let least = Infinity
    for (const pair of this.header.pairs) {
      const difference = pair.figures[figure]
      if (!difference) continue
      const distance = Math.abs(timeOf(difference.ticks[side]) - time)
      if (distance < least) [best, least] = [pair, distance]
    }
    return best
  }
}

export async function readPairs(text: string): Promise<Pairs> {
  const { header, column } = await unpack<PairsHeader>(text)
  return new Pairs(header, column)
}
