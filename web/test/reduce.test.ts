import assert from "node:assert/strict"
import { test } from "node:test"
import { columnOf, reduced } from "../src/reduce"
import examples from "./reduced.json"

test("columns show the instants that analysis/reduce.py chooses", () => {
  for (const { times, totals, columns, from, to, shown } of examples) {
    const known = totals.map((total) => total ?? NaN)
    const chosen = reduced(Float64Array.from(times), (i) => known[i], columns, from, to)
    assert.deepEqual(chosen, shown, `${columns} columns from ${from} to ${to}`)
  }
})

test("a time at the edge of a column is in the column that begins there", () => {
  const columnAt = columnOf(0, 10, 3)
  assert.deepEqual([0, 3, 4, 6, 7, 9, 10].map(columnAt), [0, 0, 1, 1, 2, 2, 3])
  assert.equal(columnAt(-1), -1)
})
