// The bar above two timelines: figure, grouping, alignment, and which pair of moments is shown.

import { h } from "./dom"
import { FIGURES } from "./figures"
import type { Pairing } from "./pairing"
import type { Pair } from "./pairs"
import { type Align, ageText } from "./side"
import type { By } from "./state"

export const NAMED = ["peak", "floor", "start", "end"] as const
const MEANINGS: Record<(typeof NAMED)[number], string> = {
  peak: "Each at its own peak (p)",
  floor: "Each at the lowest of its last fifth: what is left when all else was freed (f)",
  start: "Each at its start (s)",
  end: "Each at its end (e)",
}
const ALIGNED: Record<Align, string> = {
  age: "From each one's own start on (a)",
  time: "By the time at which they were recorded (a)",
}
const KEYS: Partial<Record<By, string>> = { name: "n", kind: "k", process: "c" }

/** A pair in words. */
export function pairText({ moment, age }: Pair): string {
  return age === null ? `the ${moment} of each` : `${ageText(age)} after each start`
}

export class PairControls {
  readonly element = h("div", { class: "controls" })
  private readonly buttons: { button: HTMLButtonElement; chosen: () => boolean }[] = []
  private readonly shown = h("span", { class: "shown", role: "status" })
  private readonly whole = h(
    "button",
    { type: "button", title: "Show the whole time of both (0)", click: () => this.pairing.reset() },
    "Whole time",
  )

  constructor(private readonly pairing: Pairing) {
    const { store, pairs } = pairing
    const { figures, by } = pairs.header
    const offered = FIGURES.filter(({ name }) => figures.includes(name))
    this.element.append(
      this.group(
        "Figure",
        offered.map(({ name, title, key, meaning }) =>
          this.button(
            { title: `${meaning} (${key})`, "data-figure": name },
            title,
            () => store.set({ figure: name }),
            () => store.state.figure === name,
          ),
        ),
      ),
      h("span", { class: "by" }, "by"),
      this.group(
        "Group by",
        by.map((name) =>
          this.button(
            { title: `by ${name} (${KEYS[name]})`, "data-by": name },
            name,
            () => store.set({ by: name }),
            () => store.state.by === name,
          ),
        ),
      ),
      h("span", { class: "by" }, "aligned by"),
      this.group(
        "Align",
        (["age", "time"] as const).map((name) =>
          this.button(
            { title: ALIGNED[name], "data-align": name },
            name,
            () => store.set({ align: name }),
            () => store.state.align === name,
          ),
        ),
      ),
      this.pairSwitch(),
      this.whole,
    )
    store.on(["figure", "by", "align", "pair"], () => this.update())
    pairing.sides[0].store.on(["from", "to"], () => this.update())
    this.update()
  }

  private pairSwitch(): HTMLElement {
    const { pairing } = this
    const step = (steps: number, text: string, title: string): HTMLElement =>
      h("button", { type: "button", title, click: () => pairing.step(steps) }, text)
    return h(
      "div",
      { class: "pins" },
      this.group(
        "Moments",
        NAMED.map((name) =>
          this.button(
            { title: MEANINGS[name], "data-pair": name, disabled: !pairing.named(name) },
            name,
            () => pairing.show(name),
            () => pairing.store.state.pair.moment === name,
          ),
        ),
      ),
      step(-1, "‹", "The pair before (←)"),
      this.shown,
      step(1, "›", "The next pair (→)"),
    )
  }

  private group(label: string, buttons: HTMLElement[]): HTMLElement {
    return h("div", { class: "switch", role: "group", "aria-label": label }, ...buttons)
  }

  private button(
    attributes: Record<string, string | boolean>,
    text: string,
    click: () => void,
    chosen: () => boolean,
  ): HTMLElement {
    const button = h("button", { type: "button", click, ...attributes }, text)
    this.buttons.push({ button, chosen })
    return button
  }

  private update(): void {
    const { pairing } = this
    for (const { button, chosen } of this.buttons) {
      button.setAttribute("aria-pressed", String(chosen()))
      const { pair } = button.dataset
      if (pair) button.disabled = !pairing.named(pair)
    }
    this.shown.textContent = pairText(pairing.store.state.pair)
    const [side] = pairing.sides
    const [first, last] = side.span
    const { from, to } = side.store.state
    this.whole.disabled = from <= first && to >= last
  }
}
