import assert from "node:assert/strict"
import { test } from "node:test"
import { Pairing } from "../src/pairing"
import { type Difference, type Pair, Pairs, type PairsHeader } from "../src/pairs"
import { ageText } from "../src/side"
import { EXACT, MI, recordingOf, SECOND } from "./recordings"

function difference(before: number, after: number, rows: number): Difference {
  const table = { rows, rests: [], matches: [[0, 2] as [number, number]] }
  return {
    title: "PSS",
    ticks: [before, after],
    sides: ["", ""],
    totals: [MI, MI],
    notes: [],
    tables: [{ ...table, rests: [["unchanged", 3, MI, null, 4, 5]] }, table],
  }
}

const pair = (moment: string, age: number | null, a: number, b: number): Pair => ({
  moment,
  age,
  figures: { pss: difference(a, b, 1) },
})
const header: PairsHeader = {
  title: "a → b",
  starts: [0, 2 * SECOND],
  figures: ["pss", "uss"],
  by: ["name", "kind"],
  matches: [
    ["same name", "The same path."],
    ["by kind", "By its kind."],
  ],
  names: ["heap", "x"],
  pairs: [
    {
      ...pair("peak", null, 3, 0),
      figures: { pss: difference(3, 0, 2), uss: difference(1, 1, 0) },
    },
    pair("start", null, 0, 2),
    pair("+1 s", SECOND, 1, 3),
    pair("+3 s", 3 * SECOND, 3, 5),
  ],
}
const COLUMNS: Record<string, (row: number) => number> = {
  "row.name": (row) => row % 2,
  "row.kind": (row) => (row % 2 ? NaN : 0),
  "row.before": (row) => row * MI,
  "row.after": (row) => 2 * row * MI,
  "row.match": (row) => row % 2,
  "row.mappings_before": () => 1,
  "row.mappings_after": () => 2,
  "row.noise": (row) => row % 2,
}
const pairs = new Pairs(header, (name) =>
  Float64Array.from({ length: 10 }, (_, i) => COLUMNS[name](i)),
)
const [peak, start, one, three] = header.pairs

test("the rows of a table are its own, then what the others come to", () => {
  const rows = pairs.rows(start.figures.pss!, "kind")
  assert.equal(rows.length, 1)
  // Two tables of two rows of the peak, then the first of the start.
  assert.equal(rows[0].before, 5 * MI)
  assert.deepEqual([rows[0].name, rows[0].match, rows[0].noise], ["x", "by kind", true])
  const [first, second, rest] = pairs.rows(peak.figures.pss!, "name")
  assert.deepEqual([first.kind, first.after, second.kind, second.after], [0, 0, null, 2 * MI])
  assert.deepEqual([rest.name, rest.before, rest.mappings], ["unchanged (3)", MI, [4, 5]])
  assert.ok(Number.isNaN(rest.after))
  assert.equal(pairs.matchedBy(peak.figures.pss!, "name"), "same name (2)")
})

test("steps go through the pairs in the order of their moments, and stop at the ends", () => {
  assert.deepEqual(pairs.inOrder("pss"), [start, one, peak, three])
  assert.equal(pairs.step(one, "pss", 1), peak)
  assert.equal(pairs.step(start, "pss", -5), start)
  assert.equal(pairs.step(start, "pss", 9), three)
})

test("the nearest pair tells the figure; of two at one moment that with a name", () => {
  const second = (tick: number): number => tick * SECOND
  assert.equal(pairs.nearest(0, 2.9 * SECOND, "pss", second), peak)
  assert.equal(pairs.nearest(0, 1.2 * SECOND, "pss", second), one)
  assert.equal(pairs.nearest(1, 4.5 * SECOND, "pss", second), three)
  assert.equal(pairs.nearest(1, 4.5 * SECOND, "uss", second), peak)
  assert.equal(pairs.nearest(1, 0, "swap", second), null)
})

function heapOf(sizes: number[]) {
  const usages = sizes.map((size, i) => [i, i + 1, size * MI] as [number, number, number])
  const mapped = { start: 4096, size: 64 * MI, kind: 0, name: "heap", usages }
  return recordingOf(sizes.length, [{ pid: 1, states: sizes.map(() => EXACT), mappings: [mapped] }])
}

test("both sides show one span and one scale, by age or by time", () => {
  const pairing = new Pairing(
    [heapOf([1, 2, 3, 9]), heapOf([4, 0, 1, 2, 5, 6])],
    pairs,
    null as never,
  )
  const [a, b] = pairing.sides
  assert.deepEqual(pairing.span, [-2 * SECOND, 4 * SECOND])
  assert.deepEqual([a.store.state.from, a.store.state.to], [-2 * SECOND, 4 * SECOND])
  assert.deepEqual([b.store.state.from, b.store.state.to], [0, 6 * SECOND])
  assert.deepEqual([a.store.state.a, b.store.state.a], [3, 0])
  b.store.set({ from: 3 * SECOND, to: 4 * SECOND })
  assert.deepEqual([a.store.state.from, a.store.state.to], [SECOND, 2 * SECOND])
  pairing.store.set({ align: "time" })
  assert.deepEqual([a.store.state.from, b.store.state.to], [0, 6 * SECOND])
  pairing.clicked(b, 3.1 * SECOND)
  assert.deepEqual([a.store.state.a, b.store.state.a], [1, 3])
  pairing.store.set({ figure: "uss" })
  assert.equal(pairing.store.state.pair, peak)
  assert.deepEqual([a.store.state.figure, a.store.state.a, b.store.state.a], ["uss", 1, 1])
})

test("the axis of ages counts from each one's start", () => {
  const pairing = new Pairing(
    [heapOf([1, 2, 3, 9]), heapOf([4, 0, 1, 2, 5, 6])],
    pairs,
    null as never,
  )
  const [a, b] = pairing.sides
  for (const side of [a, b]) {
    const marks = side.timeMarks(side.start, side.start + 5 * SECOND, 5)
    assert.deepEqual(
      marks.map((mark) => mark - side.start),
      [0, 1, 2, 3, 4].map((second) => second * SECOND),
    )
    assert.deepEqual(side.timeLabels(marks).slice(0, 2), ["0", "1.0 s"])
  }
  assert.deepEqual([0, -2 * SECOND].map(ageText), ["0", "−2.0 s"])
})

test("the highest within a span is the highest of the groups that are shown", () => {
  const pairing = new Pairing(
    [heapOf([1, 2, 3, 9]), heapOf([4, 0, 1, 2, 5, 6])],
    pairs,
    null as never,
  )
  for (const side of pairing.sides)
    side.timeline = { groups: side.stack.groups, lines: [] } as never
  assert.equal(pairing.highest(-2 * SECOND, 4 * SECOND), 9 * MI)
  assert.equal(pairing.highest(-2 * SECOND, -1.5 * SECOND), 4 * MI)
  pairing.sides[0].store.set({ from: 0, to: SECOND / 2 })
  assert.equal(pairing.sides[0].least, MI)
})
