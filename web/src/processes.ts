// The processes as a tree: choose one, one with its descendants, or all.

import { h, swatch } from "./dom"
import { ABSENT, formatSize } from "./format"
import { processName, type Process } from "./model"
import { partOf } from "./sums"
import type { View } from "./view"

interface Line {
  process: Process | null
  depth: number
  element: HTMLElement
  value: HTMLElement
  text: string
}

export class ProcessTree {
  readonly element = h("nav", { class: "processes", "aria-label": "Processes" })
  private readonly filter = h("input", {
    type: "search",
    placeholder: "Filter processes",
    spellcheck: "false",
    "aria-label": "Filter processes",
  })
  private readonly children = h("input", { type: "checkbox" })
  private readonly list = h("div", { class: "tree", role: "listbox", "aria-label": "Processes" })
  private lines: Line[] = []

  constructor(private readonly view: View) {
    this.element.append(
      h("div", { class: "tools" }, this.filter),
      h("label", { class: "check" }, this.children, "with descendants"),
      this.list,
    )
    this.filter.addEventListener("input", () => this.narrow())
    this.children.addEventListener("change", () =>
      view.store.set({ withChildren: this.children.checked }),
    )
    this.build()
    view.theme.onChange(() => this.build())
    view.store.on(["process", "withChildren"], () => this.mark())
    view.store.on(["a", "figure"], () => this.update())
  }

  private build(): void {
    this.lines = [this.line(null, 0)]
    const placed = new Set<number>()
    const place = (process: Process, depth: number): void => {
      if (placed.has(process.index)) return
      placed.add(process.index)
      this.lines.push(this.line(process, depth))
      for (const child of this.childrenOf(process.index)) place(child, depth + 1)
    }
    for (const root of this.childrenOf(null)) place(root, 0)
    for (const process of this.view.recording.processes) place(process, 0) // of a cycle
    this.list.replaceChildren(...this.lines.map(({ element }) => element))
    this.mark()
    this.update()
    this.narrow()
  }

  private childrenOf(parent: number | null): Process[] {
    return this.view.recording.processes.filter(({ facts }) => facts.parent === parent)
  }

  private line(process: Process | null, depth: number): Line {
    const value = h("span", { class: "value" })
    const name = process ? processName(process) : "All processes"
    const image = process?.facts.images[process.facts.images.length - 1]
    const bare = process ? image?.name || "?" : name
    const command = image?.command
    const element = h(
      "button",
      {
        type: "button",
        role: "option",
        title: [name, command, process?.facts.cgroup].filter(Boolean).join("\n"),
        "data-process": process ? process.index : "all",
        click: () => this.view.store.set({ process: process?.index ?? null, isolated: new Set() }),
      },
      process ? swatch(this.view.theme.colour(process.facts.colours)) : null,
      h("bdi", { class: process?.facts.ended ? "ended" : null }, bare),
      process ? h("small", {}, String(process.facts.pid)) : null,
      value,
    )
    element.style.paddingLeft = `${8 + depth * 14}px`
    return { process, depth, element, value, text: `${name} ${command ?? ""}`.toLowerCase() }
  }

  private mark(): void {
    const { process, withChildren } = this.view.store.state
    this.children.checked = withChildren
    for (const line of this.lines)
      line.element.setAttribute("aria-selected", String((line.process?.index ?? null) === process))
  }

  private narrow(): void {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean)
    for (const { element, text } of this.lines)
      element.hidden = !words.every((word) => text.includes(word))
  }

  /** Each with its figure at the pinned moment. */
  private update(): void {
    const { recording, store } = this.view
    const { a, figure } = store.state
    const pass = a === null ? -1 : recording.passAt(a)
    let sum = NaN
    for (const { process, value } of this.lines) {
      if (!process || a === null) continue
      const share = recording.shareAt(process, pass)
      const row = recording.layoutReadingAt(process, a)
      const own = row < 0 ? NaN : recording.reading[`total.${figure}`][row]
      const size = share < 0 || figure === "swap" ? own : recording.share[figure][share]
      if (share >= 0) sum = (sum || 0) + (partOf(recording, share, figure) || 0)
      value.textContent = Number.isNaN(size) ? ABSENT : formatSize(size)
    }
    // RSS is never summed over processes.
    const summable = figure === "pss" || figure === "uss"
    this.lines[0].value.textContent = summable && !Number.isNaN(sum) ? formatSize(sum) : ""
  }
}
