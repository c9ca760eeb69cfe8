import assert from "node:assert/strict"
import { test } from "node:test"
import { inOrder, matching } from "../src/rows"

const itself = <T>(value: T): T => value

test("a filter takes rows with all of its words", () => {
  const rows = ["/lib/A.so r-xp", "/lib/b.so rw-p", "[heap] rw-p"]
  assert.deepEqual(matching(rows, itself, "  LIB rw "), ["/lib/b.so rw-p"])
  assert.deepEqual(matching(rows, itself, " "), rows)
  assert.deepEqual(matching(rows, itself, "nothing"), [])
})

test("what was not told comes last in either direction", () => {
  assert.deepEqual(inOrder([NaN, 3, 10, NaN, 2], itself, true), [2, 3, 10, NaN, NaN])
  assert.deepEqual(inOrder([NaN, 3, 10, NaN, 2], itself, false), [10, 3, 2, NaN, NaN])
})

test("equal rows keep their order, and the given list its own", () => {
  const rows = [
    { name: "b", size: 1 },
    { name: "a", size: 1 },
    { name: "c", size: 0 },
  ]
  const sorted = inOrder(rows, ({ size }) => size, false)
  assert.deepEqual(
    sorted.map(({ name }) => name),
    ["b", "a", "c"],
  )
  assert.deepEqual(inOrder(rows, ({ name }) => name, true)[0].name, "a")
  assert.equal(rows[0].name, "b")
})
