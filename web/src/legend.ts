// The legend: each group with its figure at the moment under the pointer, or at the pinned one.

import { h, swatch } from "./dom"
import { ABSENT, formatDuration, formatSize, formatTime } from "./format"
import type { Group } from "./group"
import { OTHER } from "./stack"
import { LayoutState } from "./tables"
import { LINES, type Timeline } from "./timeline"
import type { View } from "./view"

interface Row {
  group: Group
  element: HTMLElement
  value: Text
  bar: HTMLElement
}

export class Legend {
  readonly element = h("aside", { class: "legend", "aria-label": "Groups" })
  private readonly when = h("div", { class: "when" })
  private readonly total = h("div", { class: "total" })
  private readonly note = h("div", { class: "note" })
  private readonly list = h("div", { class: "groups", role: "group" })
  private readonly lines = h("dl", { class: "lines" })
  private rows: Row[] = []

  constructor(
    private readonly view: View,
    private readonly timeline: Timeline,
  ) {
    this.element.append(
      h("div", { class: "moment", "aria-live": "off" }, this.when, this.total, this.note),
      this.list,
      this.lines,
    )
    const { store, theme } = view
    theme.onChange(() => this.build())
    store.on(["process", "withChildren", "figure", "by"], () => this.build())
    store.on(["isolated"], () => this.mark())
    store.on(["hover", "a", "process", "withChildren", "figure", "by", "isolated"], () =>
      this.update(),
    )
  }

  build(): void {
    const { theme, stack } = this.view
    const isOther = (group: Group): number => (group.key === OTHER ? 1 : 0)
    const bySize = [...stack.groups].sort(
      (one, other) => isOther(one) - isOther(other) || other.peak - one.peak,
    )
    this.rows = bySize.map((group) => {
      const value = document.createTextNode("")
      const bar = h("i")
      bar.style.background = theme.colour(group.colours)
      const name = this.nameOf(group)
      const element = h(
        "button",
        {
          type: "button",
          title: `${name} · peak ${formatSize(group.peak)}\nClick: this alone; Ctrl-click: add`,
          class: group.key === OTHER ? "others" : null,
          "data-group": group.key,
          click: (event: MouseEvent) => this.isolate(group.key, event.ctrlKey || event.metaKey),
        },
        swatch(theme.colour(group.colours)),
        h("span", { class: "name" }, h("bdi", {}, name)),
        h("span", { class: "value" }, value),
        bar,
      )
      return { group, element, value, bar }
    })
    // Of an address the beginning counts, of a path the end.
    this.list.classList.toggle("addresses", this.view.store.state.by === "mapping")
    this.list.replaceChildren(...this.rows.map((row) => row.element))
    this.mark()
    this.update()
  }

  private nameOf({ others, kind, name }: Group): string {
    if (!others) return name
    const counted = others === 1 ? "1 other" : `${others} others`
    return kind === null ? counted : `${counted}: ${this.view.recording.header.kinds[kind].name}`
  }

  private isolate(key: string, adding: boolean): void {
    const { isolated } = this.view.store.state
    const next = new Set(adding ? isolated : [])
    if (isolated.has(key)) next.delete(key)
    else next.add(key)
    if (!adding && isolated.has(key) && isolated.size === 1) next.clear()
    this.view.store.set({ isolated: next })
  }

  private mark(): void {
    const { isolated } = this.view.store.state
    for (const { group, element } of this.rows) {
      element.setAttribute("aria-pressed", String(isolated.has(group.key)))
      element.classList.toggle("dim", isolated.size > 0 && !isolated.has(group.key))
    }
  }

  private update(): void {
    const { store, stack, recording } = this.view
    const { hover, a } = store.state
    const tick = hover ?? a
    if (tick === null) {
      this.when.textContent = "nothing recorded"
      return
    }
    const shown = this.timeline.groups
    const added = shown.reduce((sum, group) => sum + group.values[tick], 0)
    const total = stack.line && !store.state.isolated.size ? this.view.sumAt(tick) : added
    this.when.textContent = `${hover === null ? this.view.mark : "at"} ${formatTime(this.view.timeOf(tick), recording.clockOf(tick))}`
    const pass = stack.line ? recording.passAt(tick) : -1
    if (pass >= 0 && recording.pass.wall[pass])
      this.when.title = `all read within ${formatDuration(recording.pass.wall[pass])}`
    this.total.textContent = stack.stacked ? formatSize(total) : "no sum"
    this.total.title = stack.stacked ? `${total} bytes` : ""
    this.element.dataset.tick = String(tick)
    const state = this.view.stateAt(tick)
    const notes = state === LayoutState.TORN ? [recording.stateWords(state)] : []
    if (this.view.several) notes.push(...this.aboutSums(tick))
    const { figure, instead } = recording.header
    if (instead && store.state.figure === figure) notes.push(instead)
    this.note.textContent = notes.join("; ")
    const most = Math.max(1, ...shown.map((group) => group.values[tick]))
    for (const { group, value, bar, element } of this.rows) {
      const size = group.values[tick]
      value.data = size ? formatSize(size) : ABSENT
      element.dataset.bytes = String(size)
      bar.style.width = `${Math.min(100, (100 * size) / (stack.total[tick] || most))}%`
    }
    this.updateLines(tick)
  }

  /** What a reader of the sums has to know: why there is none, how old layouts are, who lacks. */
  private aboutSums(tick: number): string[] {
    const { recording, stack } = this.view
    if (!stack.line) return [recording.header.sums?.none ?? ""].filter(Boolean)
    const pass = recording.passAt(tick)
    if (pass < 0) return []
    const notes: string[] = []
    const known = stack.instants.filter((each) => each <= tick).at(-1)
    if (known !== undefined && known < tick)
      notes.push(
        `layouts ${formatDuration(recording.tickTime[tick] - recording.tickTime[known])} older`,
      )
    const lacking = recording.pass.lacking[pass]
    if (lacking) notes.push(`without ${lacking} that could not be read`)
    return notes
  }

  private updateLines(tick: number): void {
    const { recording, several, processes, theme } = this.view
    this.lines.replaceChildren()
    if (several) return
    const row = recording.readingAt(processes[0], tick)
    if (row < 0) return
    for (const { name, title, style, dash } of LINES) {
      const value = recording.reading[name][row]
      const line = h("span", { class: dash.length ? "line dashed" : "line" })
      line.style.borderColor = theme.style(style)
      this.lines.append(h("dt", {}, line, title), h("dd", {}, formatSize(value)))
    }
  }
}
