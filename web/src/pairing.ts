// Two recordings that are looked at together: one span, one scale, one pair of moments.

import { overProcesses } from "./figures"
import type { Figure, Recording } from "./model"
import type { Difference, Pair, Pairs } from "./pairs"
import { type Align, type Common, SideView } from "./side"
import { type By, type State, Store } from "./state"
import type { Theme } from "./theme"

interface PairState {
  pair: Pair
  figure: Figure
  by: By
  align: Align
}

export class Pairing implements Common {
  readonly store: Store<PairState>
  readonly sides: [SideView, SideView]

  constructor(
    recordings: [Recording, Recording],
    readonly pairs: Pairs,
    readonly theme: Theme,
  ) {
    const { figures, by, pairs: every } = pairs.header
    const [figure] = figures
    this.store = new Store<PairState>({
      pair: every.find((pair) => pair.figures[figure])!,
      figure,
      by: by.includes("process") ? "process" : "name",
      align: "age",
    })
    this.sides = [this.side(recordings[0], 0), this.side(recordings[1], 1)]
    this.store.on(["figure", "by"], () => this.follow())
    this.store.on(["pair"], () => this.pin())
    this.store.on(["align"], () => this.reset())
    for (const [one, other] of [this.sides, [...this.sides].reverse()]) {
      one.store.on(["from", "to"], ({ from, to }) => {
        const by = other.zero - one.zero
        other.store.set({ from: from + by, to: to + by })
      })
      one.store.on(["isolated"], () => other.timeline?.draw())
    }
    this.pin()
    this.reset()
  }

  private side(recording: Recording, side: 0 | 1): SideView {
    const { figure, by } = this.store.state
    const store = new Store<State>({
      process: recording.processes.length > 1 ? null : 0,
      withChildren: false,
      figure: this.shown(figure),
      by,
      isolated: new Set(),
      from: 0,
      to: 1,
      a: null,
      b: null,
      following: false,
      hover: null,
      tab: "difference",
      placing: "a",
    })
    return new SideView(recording, store, this.theme, this, side, this.pairs.header.starts[side])
  }

  get align(): Align {
    return this.store.state.align
  }

  get difference(): Difference {
    const { pair, figure } = this.store.state
    return pair.figures[figure]!
  }

  get span(): [number, number] {
    const spans = this.sides.map(({ ownSpan: [from, to], zero }) => [from - zero, to - zero])
    return [Math.min(...spans.map(([from]) => from)), Math.max(...spans.map(([, to]) => to))]
  }

  highest(from: number, to: number): number {
    return Math.max(...this.sides.map((side) => side.highest(from + side.zero, to + side.zero)))
  }

  clicked(view: SideView, time: number): void {
    const { figure } = this.store.state
    const pair = this.pairs.nearest(view.side, time, figure, (tick) => view.timeOf(tick))
    if (pair) this.store.set({ pair })
  }

  /** The pair of this name, if it tells the figure. */
  named(moment: string): Pair | null {
    const { figure } = this.store.state
    const found = this.pairs.header.pairs.find((pair) => pair.moment === moment)
    return found?.figures[figure] ? found : null
  }

  show(moment: string): void {
    const pair = this.named(moment)
    if (pair) this.store.set({ pair })
  }

  step(steps: number): void {
    const { pair, figure } = this.store.state
    this.store.set({ pair: this.pairs.step(pair, figure, steps) })
  }

  /** Show the whole time of both. */
  reset(): void {
    const [from, to] = this.sides[0].span
    this.sides[0].store.set({ from, to })
    this.draw()
  }

  draw(): void {
    for (const { timeline } of this.sides) timeline?.draw()
  }

  /** Over several processes, on either side, the figure is that which may be added up. */
  private shown(figure: Figure): Figure {
    return this.pairs.header.by.includes("process") ? overProcesses(figure) : figure
  }

  private follow(): void {
    const { figure, by, pair } = this.store.state
    if (!pair.figures[figure]) this.store.set({ pair: this.pairs.inOrder(figure)[0] })
    for (const { store } of this.sides)
      store.set({ figure: this.shown(figure), by, isolated: new Set() })
    this.pin()
    this.draw() // the scale is known only now
  }

  private pin(): void {
    for (const { store, side } of this.sides) store.set({ a: this.difference.ticks[side] })
  }
}
