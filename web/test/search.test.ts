import assert from "node:assert/strict"
import { test } from "node:test"
import { firstAtOrAfter, lastAtOrBefore } from "../src/search"

test("positions among times, as a look through all finds them", () => {
  const times = Float64Array.of(1, 3, 3, 7)
  for (let time = 0; time < 9; time++) {
    const after = times.findIndex((each) => each >= time)
    assert.equal(firstAtOrAfter(times, time), after < 0 ? times.length : after)
    const at = lastAtOrBefore(times, time)
    assert.ok(
      at < 0 ? time < 1 : times[at] <= time && !(times[at + 1] < time && times[at + 1] > times[at]),
    )
  }
  assert.equal(firstAtOrAfter(new Float64Array(0), 1), 0)
  assert.equal(lastAtOrBefore(new Float64Array(0), 1), -1)
})
