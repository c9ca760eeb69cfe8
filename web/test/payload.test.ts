import assert from "node:assert/strict"
import { test } from "node:test"
import { absolute, unpack } from "../src/payload"
import example from "./packed.json"

test("what the package packs is read as it was", async () => {
  const payload = await unpack<{ kept: unknown }>(example.packed)
  assert.deepEqual(payload.header.kept, ["ä", 1, null])
  for (const [name, values] of Object.entries(example.columns))
    assert.deepEqual(
      [...payload.column(name)],
      values.map((value) => value ?? NaN),
      name,
    )
})

test("a column that is missing is named", async () => {
  const payload = await unpack(example.packed)
  assert.throws(() => payload.column("tick.time"), /lacks the column tick\.time/)
})

test("a relative column gets what it is relative to; what was not told stays so", () => {
  const column = absolute(
    Float64Array.of(1, NaN, 2),
    Float64Array.of(4, 4, NaN),
    Float64Array.of(5, 5, 5),
  )
  assert.deepEqual([...column], [10, NaN, 7])
})
