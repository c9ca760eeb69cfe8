import assert from "node:assert/strict"
import { test } from "node:test"
import { countMarks, sizeLabels, sizeMarks, timeLabels, timeMarks } from "../src/axes"

const MI = 1024 ** 2
const HOUR = 3600e6
const utc = () => ({ ahead: 0, note: "" })

test("sizes are marked at 1, 2 or 5 times a power of ten of a binary unit", () => {
  assert.deepEqual(
    sizeMarks(0, 100 * MI, 5).map((mark) => mark / MI),
    [0, 20, 40, 60, 80, 100],
  )
  assert.deepEqual(sizeLabels([0, 20 * MI]), ["0 B", "20 MiB"])
})

test("an axis of nothing has marks, and ends", () => {
  for (const max of [0.5, 1, 1023, 2 ** 50]) {
    const marks = sizeMarks(0, max, 5)
    assert.ok(marks.length >= 1 && marks.length <= 12, `${max}: ${marks.length}`)
    assert.ok(marks.every((mark) => mark >= 0 && mark <= max))
  }
})

test("counts are marked at whole numbers", () => {
  assert.deepEqual(countMarks(0, 3, 4), [0, 1, 2, 3])
  assert.deepEqual(countMarks(0, 1000, 4), [0, 500, 1000])
})

test("times are marked at whole times of the clock on the wall", () => {
  const india = () => ({ ahead: 5.5 * HOUR, note: "" })
  const marks = timeMarks(0, 4 * HOUR, 4, india)
  assert.deepEqual(
    marks.map((mark) => mark / HOUR),
    [0.5, 1.5, 2.5, 3.5],
  )
  assert.deepEqual(timeLabels(marks, india), ["06:00\n1970-01-01", "07:00", "08:00", "09:00"])
})

test("where the clock is put forward, marks go on with the new time", () => {
  const change = 2.25 * HOUR
  const clockAt = (time: number) => ({ ahead: time >= change ? HOUR : 0, note: "" })
  const marks = timeMarks(0, 4 * HOUR, 4, clockAt)
  assert.deepEqual(
    timeLabels(marks, clockAt).map((label) => label.slice(0, 5)),
    ["00:00", "01:00", "02:00", "04:00", "05:00"],
  )
})

test("labels have as many digits as tell marks apart, and a date where it begins", () => {
  assert.deepEqual(timeLabels([0, 1e5], utc), ["00:00:00.000\n1970-01-01", "00:00:00.100"])
  assert.deepEqual(timeLabels([23 * HOUR, 24 * HOUR], utc), [
    "23:00\n1970-01-01",
    "00:00\n1970-01-02",
  ])
  assert.deepEqual(timeLabels([0, 48 * HOUR], utc), ["1970-01-01", "1970-01-03"])
})
