import assert from "node:assert/strict"
import { test } from "node:test"
import {
  formatAddress,
  formatChange,
  formatDuration,
  formatKib,
  formatSize,
  formatTime,
} from "../src/format"
import examples from "./units.json"

test("sizes and durations read as in all other outputs", () => {
  assert.ok(examples.size.length > 300 && examples.duration.length > 300)
  for (const [size, text] of examples.size) assert.equal(formatSize(Number(size)), text, `${size}`)
  for (const [time, text] of examples.duration)
    assert.equal(formatDuration(Number(time)), text, `${time}`)
})

test("what was not told is a dash, and never 0", () => {
  for (const format of [formatSize, formatChange, formatKib]) assert.equal(format(NaN), "–")
  assert.equal(formatSize(0), "0 B")
})

test("changes bear their sign", () => {
  assert.equal(formatChange(2048), "+2 KiB")
  assert.equal(formatChange(-2048), "−2 KiB")
  assert.equal(formatChange(0), "0 B")
})

test("addresses of 64 bits are exact", () => {
  assert.equal(formatAddress(2 ** 64 - 0xa00000), "ffffffffff600000")
  assert.equal(formatAddress(0x1000), "00001000")
})

test("times are those of the clock on the wall, cut to milliseconds", () => {
  const clock = { ahead: 7200e6, note: "+02:00" }
  assert.equal(formatTime(1534514283_942_999, clock), "2018-08-17T15:58:03.942+02:00")
})
