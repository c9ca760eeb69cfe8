// Of each column of time the instant with the highest total, so that peaks survive: what
// analysis/reduce.py does, and tested against it.

import { firstAtOrAfter } from "./search"

/** Tells the column of a time; columns of equal time divide what lies between `from` and `to`. */
export function columnOf(from: number, to: number, columns: number): (time: number) => number {
  const width = Math.max(to - from, 1)
  // Multiplied first: whole microseconds stay exact.
  return (time) => Math.floor(((time - from) * columns) / width)
}

/**
 * Positions among times in order: of each column that with the highest total (NaN: not known), the
 * first of equals. And one more on either side: what stands at the edges began or goes on there.
 */
export function reduced(
  times: Float64Array,
  total: (position: number) => number,
  columns: number,
  from: number,
  to: number,
): number[] {
  const low = Math.max(0, firstAtOrAfter(times, from) - 1)
  const high = Math.min(times.length, firstAtOrAfter(times, to) + 1)
  if (high - low <= columns) return range(low, high)
  const columnAt = columnOf(from, to, columns)
  const chosen: number[] = []
  let column = NaN
  let highest = -Infinity
  for (let position = low; position < high; position++) {
    const here = columnAt(times[position])
    const value = total(position)
    if (here !== column) chosen.push(position)
    else if (value > highest) chosen[chosen.length - 1] = position
    else continue
    column = here
    highest = Number.isNaN(value) ? -Infinity : value
  }
  return chosen
}

function range(low: number, high: number): number[] {
  return Array.from({ length: Math.max(0, high - low) }, (_, i) => low + i)
}
