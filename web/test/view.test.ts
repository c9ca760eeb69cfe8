import assert from "node:assert/strict"
import { test } from "node:test"
import { addsUpOverProcesses, FIGURES, isForSeveral, overProcesses } from "../src/figures"
import type { Recording } from "../src/model"
import { type State, Store } from "../src/state"
import { OVER_PROCESSES, TITLES } from "../src/tables"
import { View } from "../src/view"
import { EXACT, MI, NO_PERMISSION, recordingOf, SECOND } from "./recordings"

function viewOf(recording: Recording, state: Partial<State> = {}): View {
  const first: State = {
    process: null,
    withChildren: false,
    figure: "pss",
    by: "name",
    isolated: new Set(),
    from: 0,
    to: 1,
    a: null,
    b: null,
    following: true,
    hover: null,
    tab: "moment",
    placing: "a",
    ...state,
  }
  return new View(recording, new Store(first), null as never)
}

const heap = {
  start: 4096,
  size: 64 * MI,
  kind: 0,
  name: "heap",
  usages: [
    [0, 1, MI],
    [1, 2, 5 * MI],
    [3, 4, 2 * MI],
  ] as [number, number, number][],
}
const alone = recordingOf(4, [
  { pid: 1, states: [EXACT, EXACT, NO_PERMISSION, EXACT], mappings: [heap] },
])

test("steps go from layout to layout, and stop at the ends", () => {
  const view = viewOf(alone)
  assert.deepEqual(
    [0, 1, 3].map((tick) => view.step(tick, 1)),
    [1, 3, 3],
  )
  assert.equal(view.step(1, -10), 0)
  assert.equal(view.step(0, 10), 3)
  assert.equal(view.step(2, 0), 1)
})

test("the nearest moment has a layout, and the peak is the highest", () => {
  const view = viewOf(alone)
  assert.equal(view.nearestTick(1.9 * SECOND), 1)
  assert.equal(view.nearestTick(2.1 * SECOND), 3)
  assert.equal(view.peakTick, 1)
  assert.ok(view.isMoment(1) && !view.isMoment(2))
})

test("where nothing was recorded there is no moment, and a span all the same", () => {
  const view = viewOf(recordingOf(1, [{ pid: 1, states: [NO_PERMISSION] }]))
  assert.equal(view.nearestTick(0), null)
  assert.equal(view.step(0, 1), 0)
  const [from, to] = view.span
  assert.ok(to > from)
})

test("of several processes the moments are passes", () => {
  const recording = recordingOf(
    4,
    [
      { pid: 1, states: [EXACT, EXACT, EXACT, EXACT], shares: [[0, 2, MI]], mappings: [heap] },
      { pid: 2, states: [EXACT, EXACT, EXACT, EXACT], shares: [[0, 1, MI]] },
    ],
    [
      { tick: 1, whole: true },
      { tick: 3, whole: false },
    ],
  )
  const view = viewOf(recording)
  assert.equal(view.peakTick, 1)
  assert.equal(view.step(1, 1), 3)
  assert.ok(view.addsUp(1) && !view.addsUp(2) && !view.addsUp(3))
  assert.equal(view.sumAt(2), 2 * MI)
  assert.ok(Number.isNaN(view.sumAt(0)))
})

test("over processes swap is that of SwapPss, and RSS never adds up", () => {
  assert.equal(viewOf(alone, { figure: "swap" }).figure, "swap")
  const several = recordingOf(1, [
    { pid: 1, states: [EXACT] },
    { pid: 2, states: [EXACT] },
  ])
  assert.equal(viewOf(several, { figure: "swap" }).figure, "swap_pss")
  assert.equal(viewOf(several, { figure: "hugetlb" }).figure, "pss", "nothing adds these up")
  assert.ok(!addsUpOverProcesses("rss") && !addsUpOverProcesses("swap"))
  assert.ok(OVER_PROCESSES.every(addsUpOverProcesses))
  assert.ok(Object.values(FIGURES).every(({ name }) => addsUpOverProcesses(overProcesses(name))))
  assert.deepEqual(
    FIGURES.filter(({ name }) => !isForSeveral(name)).map(({ name }) => name),
    ["rss", "hugetlb"],
  )
})

test("every figure can be chosen by a key of its own, and says what it means", () => {
  assert.deepEqual(
    FIGURES.map(({ name, key }) => [name, key]),
    [
      ["pss", "1"],
      ["rss", "2"],
      ["uss", "3"],
      ["swap", "4"],
      ["hugetlb", "5"],
    ],
  )
  assert.ok(FIGURES.every(({ name, title, meaning }) => title === TITLES[name] && meaning))
})
