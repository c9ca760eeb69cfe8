// Light and dark: what the system wants, until the reader chooses.

import { h } from "./dom"
import type { Colours } from "./model"

export class Theme {
  private readonly system = matchMedia("(prefers-color-scheme: dark)")
  private chosen: "light" | "dark" | null = null
  private readonly listeners: (() => void)[] = []
  readonly button = h("button", { type: "button", class: "quiet", click: () => this.toggle() })

  constructor() {
    this.system.addEventListener("change", () => this.apply())
    this.apply()
  }

  get dark(): boolean {
    return this.chosen ? this.chosen === "dark" : this.system.matches
  }

  toggle(): void {
    this.chosen = this.dark ? "light" : "dark"
    this.apply()
  }

  colour(colours: Colours): string {
    return colours[this.dark ? 1 : 0]
  }

  /** A colour of the style sheet, for what is drawn on a canvas. */
  style(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener)
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.dark ? "dark" : "light"
    this.button.textContent = this.dark ? "Light" : "Dark"
    this.button.title = `Change to the ${this.dark ? "light" : "dark"} theme (t)`
    for (const listener of this.listeners) listener()
  }
}
