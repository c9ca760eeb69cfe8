import assert from "node:assert/strict"
import { test } from "node:test"
import { hasLayout, stateFacts } from "../src/model"
import { LayoutState, STATES } from "../src/tables"
import {
  EXACT,
  GONE,
  MI,
  NO_PERMISSION,
  NO_SMAPS,
  NOT_TAKEN,
  recordingOf,
  TORN,
  UNCHECKED,
  UNREADABLE,
} from "./recordings"

const heap = {
  start: 2 ** 63 + 4096,
  size: 8 * MI,
  kind: 0,
  name: "heap",
  usages: [
    [0, 2, MI],
    [3, 5, 2 * MI],
  ] as [number, number, number][],
}

test("a process whose memory could not be read lacks, whatever the reason", () => {
  for (const state of Object.values(LayoutState)) {
    const recording = recordingOf(1, [{ pid: 1, states: [state] }])
    const lacking = [UNREADABLE, NO_PERMISSION, NO_SMAPS, NOT_TAKEN] as number[]
    const [process] = recording.processes
    assert.equal(recording.lacks(process, 0), lacking.includes(state), stateFacts(state).label)
    const known = recording.layoutReadingAt(process, 0) >= 0
    assert.equal(known, ([EXACT, TORN, UNCHECKED] as number[]).includes(state))
  }
})

test("a state of a newer version counts as unreadable", () => {
  assert.equal(STATES.length, Object.keys(LayoutState).length)
  const newer = STATES.length + 1
  assert.ok(stateFacts(newer).unreadable && !hasLayout(newer))
  const recording = recordingOf(1, [{ pid: 1, states: [newer] }])
  assert.ok(recording.lacks(recording.processes[0], 0))
})

test("a layout stands while only cheap figures are read, and no longer", () => {
  const recording = recordingOf(7, [
    { pid: 1, states: [NOT_TAKEN, EXACT, NOT_TAKEN, null, UNREADABLE, NOT_TAKEN, EXACT] },
  ])
  const [process] = recording.processes
  const rows = [0, 1, 2, 3, 4, 5, 6].map((tick) => recording.layoutReadingAt(process, tick))
  assert.deepEqual(rows, [-1, 1, 1, 1, -1, -1, 5])
  const lacking = [0, 1, 2, 3, 4, 5, 6].map((tick) => recording.lacks(process, tick))
  assert.deepEqual(lacking, [true, false, false, false, true, true, false])
})

test("a process that has ended has nothing any more, and lacks nothing", () => {
  const recording = recordingOf(4, [{ pid: 1, states: [EXACT, null, GONE, null], end: 2 }])
  const [process] = recording.processes
  assert.equal(recording.layoutReadingAt(process, 1), 0)
  assert.equal(recording.layoutReadingAt(process, 2), -1)
  assert.equal(recording.lacks(process, 2), false)
})

test("mappings stand from tick to tick, with exact addresses and figures", () => {
  const recording = recordingOf(5, [{ pid: 1, states: Array(5).fill(EXACT), mappings: [heap] }])
  const [process] = recording.processes
  const usages = [0, 1, 2, 3, 4].map((tick) => recording.layoutAt(process, tick)[0]?.usage ?? -1)
  assert.deepEqual(usages, [0, 0, -1, 1, 1])
  assert.equal(recording.mapping.start[0], 2 ** 63 + 4096)
  for (const name of ["rss", "pss", "uss", "anonymous", "private_dirty"] as const)
    assert.deepEqual([...recording.figure(name)], [MI, 2 * MI], name)
  assert.ok(!recording.tells("swap"))
})
