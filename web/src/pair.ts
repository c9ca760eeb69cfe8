// Puts the page of two recordings together.

import "uplot/dist/uPlot.min.css"
import "./style.css"
import "./pair.css"
import { byId, h } from "./dom"
import { FIGURES } from "./figures"
import { helpDialog, type Key, listenForKeys } from "./keyboard"
import { Legend } from "./legend"
import { load } from "./load"
import { readRecording } from "./model"
import { NAMED, PairControls } from "./paircontrols"
import { Pairing } from "./pairing"
import { readPairs } from "./pairs"
import { PairTable } from "./pairtable"
import type { SideView } from "./side"
import type { By } from "./state"
import { Theme } from "./theme"
import { Timeline } from "./timeline"

function start(pairing: Pairing): void {
  const { theme, pairs } = pairing
  const controls = new PairControls(pairing)
  const plots = pairing.sides.map((side) => plotOf(side))
  const table = new PairTable(pairing)
  const keys = keysOf(pairing, table, () => dialog.showModal())
  const dialog = helpDialog(keys, "shows the pair of moments that is nearest")
  const help = h(
    "button",
    {
      type: "button",
      class: "quiet",
      title: "Keys and mouse (?)",
      click: () => dialog.showModal(),
    },
    "?",
  )
  byId("app").append(
    h(
      "header",
      {},
      h("h1", {}, h("bdi", {}, pairs.header.title)),
      h("div", { class: "tools" }, theme.button, help),
    ),
    h(
      "main",
      {},
      h(
        "div",
        { class: "content" },
        controls.element,
        ...plots.map(({ element }) => element),
        table.element,
      ),
    ),
  )
  for (const { legend } of plots) legend.build()
  pairing.draw()
  listenForKeys(keys)
}

function plotOf(side: SideView): { element: HTMLElement; legend: Legend } {
  const timeline = new Timeline(side)
  side.timeline = timeline
  const legend = new Legend(side, timeline)
  const { file } = side.recording.header
  const caption = h(
    "h3",
    {},
    h("span", { class: `letter ${side.mark}` }, side.mark),
    h("bdi", {}, file),
  )
  const drawn = h("div", { class: "drawn" }, caption, timeline.element)
  const element = h(
    "section",
    { class: "plot", id: `side-${side.mark}`, "aria-label": `Recording ${side.mark}` },
    drawn,
    legend.element,
  )
  return { element, legend }
}

function keysOf(pairing: Pairing, table: PairTable, help: () => void): Key[] {
  const { store, pairs, theme, sides } = pairing
  const [{ timeline }] = sides
  const offered = FIGURES.filter(({ name }) => name !== "hugetlb")
  const by = (name: By): void => {
    if (pairs.header.by.includes(name)) store.set({ by: name })
  }
  return [
    {
      keys: ["ArrowLeft", "ArrowRight"],
      label: "← →",
      does: "the pair of moments before or after",
      run: ({ key }) => pairing.step(key === "ArrowLeft" ? -1 : 1),
    },
    {
      keys: NAMED.map((name) => name[0]),
      label: "p f s e",
      does: "peak, floor, start, end of each",
      run: ({ key }) => pairing.show(NAMED.find((name) => name[0] === key)!),
    },
    {
      keys: ["a"],
      label: "a",
      does: "align by age or by time",
      run: () => store.set({ align: store.state.align === "age" ? "time" : "age" }),
    },
    {
      keys: offered.map(({ key }) => key),
      label: offered.map(({ key }) => key).join(" "),
      does: offered.map(({ title }) => title).join(", "),
      run: ({ key }) => {
        const figure = FIGURES.find((each) => each.key === key)!.name
        if (pairs.header.figures.includes(figure)) store.set({ figure })
      },
    },
    { keys: ["k"], label: "k", does: "by kind", run: () => by("kind") },
    { keys: ["n"], label: "n", does: "by name", run: () => by("name") },
    { keys: ["c"], label: "c", does: "by process", run: () => by("process") },
    { keys: ["+", "="], label: "+", does: "zoom in", run: () => timeline?.zoom(0.6) },
    { keys: ["-"], label: "−", does: "zoom out", run: () => timeline?.zoom(1 / 0.6) },
    {
      keys: ["[", "]"],
      label: "[ ]",
      does: "move sideways",
      run: ({ key }) => timeline?.pan(key === "[" ? -0.3 : 0.3),
    },
    { keys: ["0"], label: "0", does: "show the whole time", run: () => pairing.reset() },
    { keys: ["/"], label: "/", does: "filter the table", run: () => table.filter.focus() },
    {
      keys: ["Escape"],
      label: "Esc",
      does: "show all groups again; leave the filter",
      run: () => {
        ;(document.activeElement as HTMLElement | null)?.blur()
        for (const side of sides) side.store.set({ isolated: new Set() })
      },
    },
    { keys: ["t"], label: "t", does: "light or dark", run: () => theme.toggle() },
    { keys: ["?"], label: "?", does: "this list", run: help },
  ]
}

void load(async (take) => {
  const [before, after, pairs] = await Promise.all([
    readRecording(take("data")),
    readRecording(take("data-b")),
    readPairs(take("differences")),
  ])
  start(new Pairing([before, after], pairs, new Theme()))
})
