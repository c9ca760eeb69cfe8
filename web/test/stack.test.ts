import assert from "node:assert/strict"
import { test } from "node:test"
import { buildStack, OTHER, peakOf, reduce, type Stack } from "../src/stack"
import { lineOf, partOf, standing } from "../src/sums"
import {
  EXACT,
  type Mapped,
  MI,
  NOT_TAKEN,
  recordingOf,
  SECOND,
  TORN,
  UNREADABLE,
} from "./recordings"

function mapped(name: string, kind: number, sizes: number[]): Mapped {
  const usages = sizes.map((size, tick): [number, number, number] => [tick, tick + 1, size * MI])
  return { start: 4096, size: 64 * MI, kind, name, usages }
}

const one = recordingOf(4, [
  {
    pid: 1,
    states: [EXACT, TORN, EXACT, UNREADABLE],
    mappings: [
      mapped("heap", 0, [1, 2, 3]),
      mapped("a.so", 1, [5, 1, 1]),
      mapped("b.so", 1, [1, 1, 1]),
    ],
  },
])

/** Two processes; the second cannot be read at the last pass. */
const two = recordingOf(
  4,
  [
    {
      pid: 1,
      states: [EXACT, NOT_TAKEN, NOT_TAKEN, NOT_TAKEN],
      mappings: [mapped("heap", 0, [10])],
      shares: [
        [0, 1, 10 * MI],
        [1, 3, 40 * MI],
      ],
    },
    {
      pid: 2,
      states: [EXACT, NOT_TAKEN, NOT_TAKEN, UNREADABLE],
      mappings: [mapped("heap", 0, [20])],
      shares: [
        [0, 2, 20 * MI],
        [2, 3, null],
      ],
    },
  ],
  [
    { tick: 0, whole: true },
    { tick: 2, whole: false },
    { tick: 3, whole: false, lacking: 1 },
  ],
)

test("groups add up to the total at every instant, with what is small put together", () => {
  for (const by of ["name", "kind", "mapping", "process"] as const) {
    for (const top of [1, 2, 20]) {
      const stack = buildStack(one, one.processes, "pss", by, top)
      for (let tick = 0; tick < 4; tick++) {
        const sum = stack.groups.reduce((all, { values }) => all + values[tick], 0)
        assert.equal(sum, stack.total[tick])
      }
      assert.deepEqual(
        [...stack.total].map((size) => size / MI),
        [7, 4, 5, 0],
      )
    }
  }
  const stack = buildStack(one, one.processes, "pss", "name", 1)
  assert.deepEqual(
    stack.groups.map(({ key, name }) => (key === OTHER ? OTHER : name)),
    ["a.so", OTHER],
  )
  assert.equal(stack.otherGroups, 2)
})

test("by mapping what is small is put together by kind", () => {
  const stack = buildStack(one, one.processes, "pss", "mapping", 1)
  assert.deepEqual(
    stack.groups.map(({ key, kind, others, peak }) => [key.split(" ")[0], kind, others, peak / MI]),
    [
      ["mapping", 1, undefined, 5],
      [OTHER, 0, 1, 3],
      [OTHER, 1, 1, 1],
    ],
  )
  assert.equal(stack.otherGroups, 2)
})

test("the peak of one process is of its layouts", () => {
  const peak = peakOf(buildStack(one, one.processes, "pss", "name", 20))
  assert.deepEqual(peak, { tick: 0, time: 0, size: 7 * MI })
})

test("sums over processes are those of passes, and never between two", () => {
  const line = lineOf(two, two.processes, "pss")
  assert.deepEqual([...line.instants], [0, 2, 3])
  assert.deepEqual(
    [...line.values].map((size) => size / MI),
    [30, 60, 40],
  )
  const stack = buildStack(two, two.processes, "pss", "process", 20)
  assert.equal(peakOf(stack)?.size, 60 * MI)
  assert.ok(two.lacks(two.processes[1], 3))
})

test("what mappings come to is shown at passes of which every layout is", () => {
  const stack = buildStack(two, two.processes, "pss", "kind", 20)
  assert.deepEqual([...stack.instants], [0])
  assert.equal(stack.total[0], 30 * MI)
  // It is held, not added to.
  assert.equal(stack.total[3], 30 * MI)
})

test("a member that cannot be read adds nothing that is known", () => {
  const [from] = two.processes[1].shares
  assert.ok(Number.isNaN(partOf(two, from + 1, "pss")))
  assert.equal(partOf(two, from, "swap"), 20 * MI)
})

test("without passes nothing is added up", () => {
  const recording = recordingOf(
    1,
    [
      { pid: 1, states: [EXACT] },
      { pid: 2, states: [EXACT] },
    ],
    [],
  )
  const stack = buildStack(recording, recording.processes, "pss", "name", 20)
  assert.ok(!stack.stacked)
  assert.deepEqual([...stack.total], [0])
  assert.equal(peakOf(stack), null)
})

test("what was found stands until the next tick, but not long when nobody looks", () => {
  const { until } = standing(two, Int32Array.of(0, 2))
  assert.deepEqual([...until], [SECOND, 3 * SECOND])
})

/** A stack of one group at one instant a second. */
function stackOf(values: number[], states: number[] = values.map(() => EXACT)): Stack {
  const total = Float64Array.from(values)
  const times = total.map((_, i) => i * SECOND)
  return {
    groups: [
      { key: "g", kind: 0, name: "g", colours: ["", ""], values: total, peak: Math.max(...values) },
    ],
    line: null,
    stacked: true,
    otherGroups: 0,
    total,
    instants: Int32Array.from(values, (_, i) => i),
    times,
    until: times.map((time) => time + SECOND),
    states: Uint8Array.from(states),
  }
}

test("of each column the instant with the highest total is drawn: peaks survive", () => {
  const values = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 101)
  values[637] = 5000
  const stack = stackOf(values)
  for (const columns of [1, 7, 100]) {
    const chosen = reduce(stack, columns, 0, 1000 * SECOND)
    assert.ok(chosen.length <= columns)
    assert.ok(chosen.includes(637), `${columns} columns`)
    assert.deepEqual(
      chosen,
      [...chosen].sort((a, b) => a - b),
    )
    const width = 1000 / columns
    for (const position of chosen) {
      const column = Math.floor(position / width)
      const inside = values.filter((_, i) => Math.floor(i / width) === column)
      assert.equal(values[position], Math.max(...inside))
    }
  }
})

test("as few instants as columns are all drawn, and those beside the span too", () => {
  const stack = stackOf([1, 2, 3, 4, 5, 6])
  assert.deepEqual(reduce(stack, 100, 0, 6 * SECOND), [0, 1, 2, 3, 4, 5])
  assert.deepEqual(reduce(stack, 100, 2.5 * SECOND, 3.5 * SECOND), [2, 3, 4])
  assert.deepEqual(reduce(stackOf([]), 100, 0, 1), [])
})

test("an instant without a layout is drawn only where there is none with one", () => {
  const states = Array.from({ length: 10 }, (_, i) => (i === 5 ? EXACT : UNREADABLE))
  const stack = stackOf([9, 9, 9, 9, 9, 1, 9, 9, 9, 9], states)
  assert.deepEqual(reduce(stack, 2, 0, 10 * SECOND), [0, 5])
})
