// The processes as a tree: choose one, one with its descendants, or all.

import { h, swatch } from "./dom"
import { addsUpOverProcesses } from "./figures"
import { ABSENT, formatSize } from "./format"
import { type Process, processName, roleOf } from "./model"
import { partOf } from "./sums"
import type { View } from "./view"

/** So many processes have a line each; of more, siblings that do the same are put together. */
const SINGLY = 12
const ALIKE = 3
/** Names are cut in the middle to so many characters; what points at them tells all. */
const NAME = 36

interface Line {
  process: Process | null
  /** The processes of a line that stands for several, and whether they are shown. */
  members: Line[]
  open: boolean
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
  private groups: Line[] = []

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
    view.store.on(["a", "figure"], () => this.build())
  }

  private build(): void {
    this.lines = [this.line(null, 0)]
    const opened = new Set(this.groups.filter(({ open }) => open).map(({ text }) => text))
    this.groups = []
    const placed = new Set<number>()
    const place = (process: Process, depth: number): void => {
      if (placed.has(process.index)) return
      placed.add(process.index)
      this.lines.push(this.line(process, depth))
      placeAll(this.childrenOf(process.index), depth + 1)
    }
    const placeAll = (siblings: Process[], depth: number): void => {
      const together = this.alike(siblings)
      for (const process of siblings) {
        const members = together.get(roleOf(process))
        if (!members?.includes(process)) place(process, depth)
        else if (!placed.has(process.index)) {
          for (const { index } of members) placed.add(index)
          this.addGroup(members, depth, opened)
        }
      }
    }
    placeAll(this.childrenOf(null), 0)
    for (const process of this.view.recording.processes) place(process, 0) // of a cycle
    this.list.replaceChildren(...this.lines.map(({ element }) => element))
    this.mark()
    this.update()
    this.narrow()
  }

  private addGroup(members: Process[], depth: number, opened: Set<string>): void {
    const group = this.groupLine(members, depth)
    group.members = members.map((process) => this.line(process, depth + 1))
    group.open = opened.has(group.text)
    this.groups.push(group)
    this.lines.push(group, ...group.members)
  }

  /** Of a long list: siblings without children that do the same, by what they do. */
  private alike(siblings: Process[]): Map<string, Process[]> {
    const found = new Map<string, Process[]>()
    if (this.view.recording.processes.length <= SINGLY) return found
    for (const process of siblings) {
      if (this.childrenOf(process.index).length) continue
      const role = roleOf(process)
      found.set(role, [...(found.get(role) ?? []), process])
    }
    for (const [role, members] of found) if (members.length < ALIKE) found.delete(role)
    return found
  }

  private childrenOf(parent: number | null): Process[] {
    const children = this.view.recording.processes.filter(({ facts }) => facts.parent === parent)
    return children.sort((one, other) => (this.size(other) || 0) - (this.size(one) || 0))
  }

  /** The figure of a process at the pinned moment; NaN if it is not known. */
  private size(process: Process): number {
    const { recording, store } = this.view
    const { a, figure } = store.state
    if (a === null) return NaN
    const share = recording.shareAt(process, recording.passAt(a))
    if (share >= 0 && figure !== "swap" && figure !== "hugetlb")
      return recording.share[figure][share]
    const row = recording.layoutReadingAt(process, a)
    return row < 0 ? NaN : recording.reading[`total.${figure}`][row]
  }

  /** What a process is called below its parent: not the program's name again. */
  private short(label: string, { facts }: Process, depth: number): string {
    const parent = facts.parent === null ? null : this.view.recording.processes[facts.parent]
    const images = parent?.facts.images ?? []
    const name = images[images.length - 1]?.name
    const own = name && label.startsWith(name) ? label.slice(name.length).match(/^:? +(.+)$/) : null
    return middle(own ? own[1] : label, NAME - 2 * depth)
  }

  private groupLine(members: Process[], depth: number): Line {
    const value = h("span", { class: "value" })
    const role = roleOf(members[0])
    const element = h(
      "button",
      {
        type: "button",
        role: "option",
        title: `${role}: ${members.length} processes\nClick: show or hide them`,
        "data-group": role,
        click: () => {
          line.open = !line.open
          this.narrow()
        },
      },
      h("span", { class: "fold" }),
      h("bdi", {}, this.short(role, members[0], depth)),
      h("small", {}, `×${members.length}`),
      value,
    )
    element.style.paddingLeft = `${8 + depth * 14}px`
    const line: Line = { process: null, members: [], open: false, element, value, text: role }
    return line
  }

  private line(process: Process | null, depth: number): Line {
    const value = h("span", { class: "value" })
    const name = process ? processName(process) : "All processes"
    const image = process?.facts.images[process.facts.images.length - 1]
    const bare = process ? this.short(image?.label || "?", process, depth) : name
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
    const text = `${name} ${command ?? ""}`.toLowerCase()
    return { process, members: [], open: false, element, value, text }
  }

  private mark(): void {
    const { process, withChildren } = this.view.store.state
    this.children.checked = withChildren
    const [all] = this.lines
    for (const line of this.lines) {
      const chosen = line.process
        ? line.process.index === process
        : line === all && process === null
      line.element.setAttribute("aria-selected", String(chosen))
    }
    for (const group of this.groups)
      if (group.members.some((line) => line.process?.index === process)) group.open = true
    this.narrow()
  }

  private narrow(): void {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean)
    const matches = ({ text }: Line): boolean => words.every((word) => text.includes(word))
    for (const line of this.lines) line.element.hidden = !matches(line)
    for (const group of this.groups) {
      const { members, element } = group
      element.hidden = !members.some(matches)
      const open = group.open || words.length > 0
      element.setAttribute("aria-expanded", String(open))
      if (!open) for (const line of members) line.element.hidden = true
    }
  }

  /** Each with its figure at the pinned moment. */
  private update(): void {
    const { recording, store } = this.view
    const { a, figure } = store.state
    const pass = a === null ? -1 : recording.passAt(a)
    // RSS is never summed over processes, and only a pass gives a sum.
    const summable = addsUpOverProcesses(figure)
    const sum = (lines: Line[]): string => {
      let total = NaN
      for (const { process } of lines) {
        const share = process ? recording.shareAt(process, pass) : -1
        if (share >= 0) total = (total || 0) + (partOf(recording, share, figure) || 0)
      }
      return summable && !Number.isNaN(total) ? formatSize(total) : ""
    }
    for (const { process, value } of this.lines) {
      if (!process || a === null) continue
      const size = this.size(process)
      value.textContent = Number.isNaN(size) ? ABSENT : formatSize(size)
    }
    for (const group of this.groups) group.value.textContent = sum(group.members)
    this.lines[0].value.textContent = sum(this.lines)
  }
}

/** A name without its middle, if it is longer. */
function middle(text: string, most: number): string {
  const characters = [...text]
  const room = Math.max(most, 12)
  if (characters.length <= room) return text
  const tail = Math.floor((room - 1) / 2)
  return `${characters.slice(0, room - 1 - tail).join("")}…${characters.slice(-tail).join("")}`
}
