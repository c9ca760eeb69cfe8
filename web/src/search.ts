// Where a time stands among times in order.

/** First position whose time is at or after this one. */
export function firstAtOrAfter(times: Float64Array, time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Last position whose value is at or before this one; -1 if there is none. */
export function lastAtOrBefore(values: Float64Array, value: number): number {
  const next = firstAtOrAfter(values, value)
  return values[next] === value ? next : next - 1
}
