// What grew over a span: growth, slope and course of each group.

import { hasLayout } from "./model"
import { firstAtOrAfter } from "./search"
import type { Group, Stack } from "./stack"

export interface Growth {
  group: Group
  first: number
  last: number
  highest: number
  growth: number
  /** Bytes per second of the straight line that fits best; NaN for a single instant. */
  slope: number
  /** Positions among the instants that were looked at. */
  positions: number[]
}

export function growthOf(stack: Stack, from: number, to: number): Growth[] {
  const positions: number[] = []
  for (let i = firstAtOrAfter(stack.times, from); i < stack.times.length; i++) {
    if (stack.times[i] > to) break
    if (hasLayout(stack.states[i])) positions.push(i)
  }
  if (!positions.length) return []
  return stack.groups
    .map((group) => measured(stack, group, positions))
    .sort((one, other) => other.growth - one.growth || (other.slope || 0) - (one.slope || 0))
}

function measured(stack: Stack, group: Group, positions: number[]): Growth {
  const value = (position: number): number => group.values[stack.instants[position]]
  const first = value(positions[0])
  const last = value(positions[positions.length - 1])
  const highest = positions.reduce((most, position) => Math.max(most, value(position)), 0)
  const slope = leastSquares(
    positions.map((position) => (stack.times[position] - stack.times[positions[0]]) / 1e6),
    positions.map(value),
  )
  return { group, first, last, highest, growth: last - first, slope, positions }
}

function leastSquares(x: number[], y: number[]): number {
  const mean = (values: number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(x)
  const meanY = mean(y)
  let above = 0
  let below = 0
  for (let i = 0; i < x.length; i++) {
    above += (x[i] - meanX) * (y[i] - meanY)
    below += (x[i] - meanX) ** 2
  }
  return below ? above / below : NaN
}
