// The bar above the timeline: figure, grouping, zoom and pins.

import { h } from "./dom"
import { FIGURES, isForSeveral } from "./figures"
import { formatClock } from "./format"
import type { Figure } from "./model"
import type { By } from "./state"
import { BY } from "./tables"
import type { Timeline } from "./timeline"
import type { View } from "./view"

const KEYS: Record<By, string> = { kind: "k", name: "n", mapping: "m", process: "c" }

export class Controls {
  readonly element = h("div", { class: "controls" })
  private readonly figures = new Map<Figure, HTMLButtonElement>()
  private readonly groupings = new Map<string, HTMLButtonElement>()
  private readonly reset: HTMLButtonElement
  private readonly pinA: HTMLButtonElement
  private readonly pinB: HTMLButtonElement
  private readonly dropB: HTMLButtonElement

  constructor(
    private readonly view: View,
    timeline: Timeline,
  ) {
    const { store, recording } = view
    for (const { name, title, key, meaning } of FIGURES) {
      if (name === "hugetlb" && !recording.offers(name)) continue
      const told = recording.tells(name)
      const button = h(
        "button",
        {
          type: "button",
          disabled: !told,
          "data-figure": name,
          title: told ? `${meaning} (${key})` : "not reported by this kernel",
          click: () => store.set({ figure: name }),
        },
        title,
      )
      this.figures.set(name, button)
    }
    for (const name of BY) {
      if (name === "process" && recording.processes.length < 2) continue
      const click = (): void => store.set({ by: name, isolated: new Set() })
      this.groupings.set(
        name,
        h(
          "button",
          { type: "button", title: `by ${name} (${KEYS[name]})`, "data-by": name, click },
          name,
        ),
      )
    }
    this.reset = h(
      "button",
      { type: "button", title: "Show the whole recording (0)" },
      "Whole time",
    )
    this.reset.addEventListener("click", () => timeline.reset())
    this.pinA = h("button", { type: "button", class: "pin-button A" })
    this.pinA.addEventListener("click", () => this.toPeak())
    this.pinB = h("button", { type: "button", class: "pin-button B" })
    this.pinB.addEventListener("click", () => this.placeB())
    this.dropB = h("button", { type: "button", class: "quiet", title: "Take B away" }, "×")
    this.dropB.setAttribute("aria-label", "Take B away")
    this.dropB.addEventListener("click", () => store.set({ b: null, placing: "a" }))
    this.element.append(
      h(
        "div",
        { class: "switch", role: "group", "aria-label": "Figure" },
        ...this.figures.values(),
      ),
      h("span", { class: "by" }, "by"),
      h(
        "div",
        { class: "switch", role: "group", "aria-label": "Group by" },
        ...this.groupings.values(),
      ),
      h("div", { class: "pins" }, this.pinA, this.pinB, this.dropB),
      this.reset,
    )
    store.on(
      ["figure", "by", "process", "withChildren", "a", "b", "following", "placing", "from", "to"],
      () => this.update(),
    )
    this.update()
  }

  /** Pin A at the highest instant of what is shown. */
  toPeak(): void {
    this.view.store.set({ a: this.view.peakTick, following: true })
  }

  /** Let the next click pin B. */
  placeB(): void {
    const { placing } = this.view.store.state
    this.view.store.set({ placing: placing === "b" ? "a" : "b" })
  }

  private update(): void {
    const { figure, by, a, b, following, placing, from, to } = this.view.store.state
    for (const [name, button] of this.figures) {
      button.setAttribute("aria-pressed", String(name === figure))
      // Over processes shared pages would count several times.
      const several = this.view.several && !isForSeveral(name)
      button.classList.toggle("refused", several)
      if (several)
        button.title = `${button.textContent} cannot be summed over processes (shared pages)`
      button.disabled = several || !this.view.recording.tells(name as never)
    }
    for (const [name, button] of this.groupings)
      button.setAttribute("aria-pressed", String(name === by))
    const [first, last] = this.view.span
    this.reset.disabled = from <= first && to >= last
    this.pinA.textContent = `A ${following ? "peak" : this.clock(a)}`
    this.pinA.title = `Pinned: ${this.clock(a)}. Click: back to the peak (p)`
    this.pinB.textContent =
      placing === "b" ? "B: click the timeline" : `B ${b === null ? "pin…" : this.clock(b)}`
    this.pinB.title = "A second moment, to compare (b, or Shift-click on the timeline)"
    this.pinB.setAttribute("aria-pressed", String(placing === "b"))
    this.dropB.hidden = b === null
  }

  private clock(tick: number | null): string {
    if (tick === null) return "–"
    return formatClock(this.view.timeOf(tick), this.view.recording.clockOf(tick))
  }
}
