// A group of mappings over time: what stacks are made of.

import type { Colours } from "./model"

export interface Group {
  key: string
  kind: number | null
  name: string
  colours: Colours
  /** Bytes at each tick. */
  values: Float64Array
  peak: number
  /** Of those without a place of their own: how many groups were added up. */
  others?: number
}
