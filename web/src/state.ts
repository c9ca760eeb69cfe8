// What is being looked at; views listen to the parts that concern them.

import type { Figure } from "./model"
import type { BY } from "./tables"

export type By = (typeof BY)[number]
export type Tab = "moment" | "difference" | "growth" | "processes" | "system" | "cgroup" | "facts"

export interface State {
  /** Index of a process, or null for all. */
  process: number | null
  /** Whether its descendants are added. */
  withChildren: boolean
  figure: Figure
  by: By
  /** Keys of the groups that alone are shown; empty: all. */
  isolated: ReadonlySet<string>
  /** Visible span, UTC microseconds. */
  from: number
  to: number
  /** Pinned ticks. */
  a: number | null
  b: number | null
  /** Whether A follows the peak: nobody has moved it. */
  following: boolean
  /** Tick under the pointer. */
  hover: number | null
  tab: Tab
  /** What a click on the timeline pins. */
  placing: "a" | "b"
}

type Listener<S> = (state: S, changed: ReadonlySet<keyof S>) => void

export class Store<S extends object = State> {
  private readonly listeners: { keys: (keyof S)[]; listener: Listener<S> }[] = []

  constructor(private current: S) {}

  get state(): S {
    return this.current
  }

  set(patch: Partial<S>): void {
    const changed = new Set<keyof S>()
    for (const key of Object.keys(patch) as (keyof S)[])
      if (patch[key] !== this.current[key]) changed.add(key)
    if (!changed.size) return
    this.current = { ...this.current, ...patch }
    for (const { keys, listener } of this.listeners)
      if (keys.some((key) => changed.has(key))) listener(this.current, changed)
  }

  /** Call back when one of these changes, in the order in which listeners were added. */
  on(keys: (keyof S)[], listener: Listener<S>): void {
    this.listeners.push({ keys, listener })
  }
}
