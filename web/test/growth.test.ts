import assert from "node:assert/strict"
import { test } from "node:test"
import { growthOf, knownRuns, verdictsOf } from "../src/growth"
import type { JudgedGroups, VerdictsFacts } from "../src/model"
import { buildStack } from "../src/stack"
import { EXACT, MI, NO_PERMISSION, recordingOf, SECOND } from "./recordings"

const judged = (by: string, word: string, ...more: string[]): JudgedGroups => ({
  by,
  groups: [word, ...more].map((each, number) => [number, each, null, "", ""]),
  total: [word, 5, "+5 B (4 B to 6 B)", "since 12:00:00"],
  notes: [`note on ${by}`],
})

const VERDICTS: VerdictsFacts = {
  figure: "pss",
  together: judged("process", "step", "flat"),
  apart: [[judged("kind", "growing"), judged("name", "growing", "flat")], []],
}

const recording = recordingOf(
  4,
  [
    {
      pid: 1,
      states: [EXACT, NO_PERMISSION, EXACT, EXACT],
      mappings: [
        {
          start: 4096,
          size: MI,
          kind: 0,
          name: "[heap]",
          usages: [
            [0, 2, MI],
            [2, 4, 3 * MI],
          ],
        },
        {
          start: 8192,
          size: MI,
          kind: 0,
          name: "other",
          usages: [
            [0, 3, 4 * MI],
            [3, 4, MI],
          ],
        },
      ],
    },
    { pid: 2, states: [EXACT, EXACT, EXACT, EXACT] },
  ],
  null,
  VERDICTS,
)
const [one, two] = recording.processes

test("a change is the last known value less the first, of any span", () => {
  const stack = buildStack(recording, [one], "pss", "name", Infinity)
  const changes = (from: number, to: number): [string, number][] =>
    growthOf(stack, from * SECOND, to * SECOND).map(({ group, change }) => [group.name, change])
  assert.deepEqual(changes(0, 3), [
    ["[heap]", 2 * MI],
    ["other", -3 * MI],
  ])
  assert.deepEqual(changes(2, 3), [
    ["[heap]", 0],
    ["other", -3 * MI],
  ])
  assert.deepEqual(changes(1, 1), [])
  const [{ first, last, highest }] = growthOf(stack, 0, 3 * SECOND)
  assert.deepEqual([first, last, highest], [MI, 3 * MI, 3 * MI])
})

test("where no layout is known, a course is interrupted", () => {
  const stack = buildStack(recording, [one], "pss", "name", Infinity)
  assert.deepEqual(knownRuns(stack, [0, 1, 2, 3]), [[0], [2, 3]])
  assert.deepEqual(knownRuns(stack, [1]), [])
})

test("each group gets the verdict that was given by the same grouping", () => {
  const stack = buildStack(recording, [one], "pss", "name", Infinity)
  const verdicts = verdictsOf(recording, [one], "pss", "name")
  assert.ok(typeof verdicts !== "string")
  const grown = growthOf(stack, 0, 3 * SECOND, verdicts)
  assert.deepEqual(
    grown.map(({ group, verdict }) => [group.name, verdict?.word, verdict?.rank]),
    [
      ["[heap]", "growing", 0],
      ["other", "flat", 1],
    ],
  )
  assert.equal(verdicts.total?.rate, 5)
  assert.deepEqual(verdicts.notes, ["note on name"])
})

test("several processes are judged by process, and all together only if all are shown", () => {
  const verdicts = verdictsOf(recording, [one, two], "pss", "process")
  assert.ok(typeof verdicts !== "string")
  assert.equal(verdicts.of.get("process 1")?.word, "flat")
  assert.equal(verdicts.total?.word, "step")
  const three = recordingOf(
    1,
    [1, 2, 3].map((pid) => ({ pid, states: [EXACT] })),
    null,
    VERDICTS,
  )
  const some = verdictsOf(three, three.processes.slice(0, 2), "pss", "process")
  assert.ok(typeof some !== "string")
  assert.equal(some.total, null)
})

test("where nothing was judged, a sentence says why", () => {
  assert.equal(verdictsOf(recording, [one], "uss", "name"), "Verdicts are of PSS only.")
  assert.match(verdictsOf(recording, [one], "pss", "mapping") as string, /by kind or by name/)
  assert.match(verdictsOf(recording, [one, two], "pss", "kind") as string, /group by process/)
  assert.match(verdictsOf(recording, [two], "pss", "name") as string, /Too little/)
  assert.match(verdictsOf(recordingOf(1, []), [], "pss", "name") as string, /Too little/)
})
