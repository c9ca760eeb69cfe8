// Puts the page together.

import { FIGURES, isForSeveral, overProcesses } from "./figures"
import "uplot/dist/uPlot.min.css"
import "./style.css"
import { Controls } from "./controls"
import { DifferencePanel } from "./difference"
import { byId, h } from "./dom"
import { FactsPanel } from "./facts"
import { GrowthPanel } from "./grown"
import { helpDialog, type Key, listenForKeys } from "./keyboard"
import { Legend } from "./legend"
import { load } from "./load"
import { type Figure, type Recording, readRecording } from "./model"
import { MomentPanel } from "./moment"
import { cgroupFigures, machineFigures, OverTimePanel } from "./overtime"
import { ProcessTree } from "./processes"
import { ProcessesPanel } from "./processtable"
import { type By, type State, Store, type Tab } from "./state"
import { Summary } from "./summary"
import { Theme } from "./theme"
import { Timeline } from "./timeline"
import { View } from "./view"

interface Panel {
  element: HTMLElement
  title: string
  filter?: HTMLInputElement
}

function start(recording: Recording): void {
  const app = byId("app")
  const several = recording.processes.length > 1
  const theme = new Theme()
  const store = new Store<State>({
    process: several ? null : 0,
    withChildren: false,
    figure: recording.header.figure,
    by: several ? "process" : "name",
    isolated: new Set(),
    from: 0,
    to: 1,
    a: null,
    b: null,
    following: true,
    hover: null,
    tab: "moment",
    placing: "a",
  })
  const view = new View(recording, store, theme)
  keepConsistent(view)
  const [from, to] = view.span
  store.set({ from, to, a: view.peakTick })

  const timeline = new Timeline(view)
  const legend = new Legend(view, timeline)
  const controls = new Controls(view, timeline)
  const panels = panelsOf(view)
  const help = h("button", { type: "button", class: "quiet", title: "Keys and mouse (?)" }, "?")
  app.append(
    h(
      "header",
      {},
      h("h1", {}, h("bdi", {}, recording.header.title)),
      h("div", { class: "tools" }, theme.button, help),
      new Summary(view).element,
    ),
    h(
      "main",
      { class: several ? "with-processes" : null },
      several ? new ProcessTree(view).element : null,
      h(
        "div",
        { class: "content" },
        controls.element,
        h("div", { class: "plot" }, timeline.element, legend.element),
        tabs(store, panels),
      ),
    ),
  )
  legend.build()
  timeline.draw()
  store.set({ tab: several ? "processes" : "moment" })
  for (const panel of [panels.moment, panels.processes])
    if (panel && "update" in panel) (panel.update as () => void)()
  const keys = keysOf(view, timeline, controls, panels, () => dialog.showModal())
  const dialog = helpDialog(keys, "pins A; with Shift it pins B")
  help.addEventListener("click", () => dialog.showModal())
  listenForKeys(keys)
}

/** What follows from a change: first of all listeners, so that the others see it done. */
function keepConsistent(view: View): void {
  const { store } = view
  store.on(["process", "withChildren"], (state) => {
    const figure: Figure =
      view.several && !isForSeveral(state.figure) ? overProcesses(state.figure) : state.figure
    const by: By = state.by === "process" && !view.several ? "name" : state.by
    store.set({ figure, by })
    const [from, to] = view.span
    store.set({ from, to })
  })
  store.on(["process", "withChildren", "figure"], (state) => {
    const gone = state.a === null || !view.isMoment(state.a)
    if (state.following || gone) store.set({ a: view.peakTick, following: true })
  })
}

function panelsOf(view: View): Partial<Record<Tab, Panel>> {
  const { recording } = view
  const panels: Partial<Record<Tab, Panel>> = {}
  if (recording.processes.length > 1)
    panels.processes = titled(new ProcessesPanel(view), "Processes at A")
  panels.moment = titled(new MomentPanel(view), "Mappings at A")
  panels.difference = titled(new DifferencePanel(view), "Difference A → B")
  panels.growth = titled(new GrowthPanel(view), "What grew")
  if (recording.header.meminfo.length)
    panels.system = titled(new OverTimePanel(view, machineFigures(view)), "System memory")
  if (recording.header.cgroup)
    panels.cgroup = titled(new OverTimePanel(view, cgroupFigures(view)), "Control group")
  panels.facts = titled(new FactsPanel(view), "About the recording")
  return panels
}

function titled<P extends { element: HTMLElement }>(panel: P, title: string): P & Panel {
  return Object.assign(panel, { title })
}

function tabs(store: Store, panels: Partial<Record<Tab, Panel>>): HTMLElement {
  const list = h("div", { class: "tablist", role: "tablist" })
  const names = Object.keys(panels) as Tab[]
  for (const name of names) {
    const button = h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` },
      panels[name]!.title,
    )
    button.addEventListener("click", () => store.set({ tab: name }))
    list.append(button)
    const { element } = panels[name]!
    element.id = `panel-${name}`
    element.setAttribute("role", "tabpanel")
    element.setAttribute("aria-labelledby", `tab-${name}`)
  }
  const show = (): void => {
    for (const name of names) {
      const chosen = store.state.tab === name
      byTab(list, name).setAttribute("aria-selected", String(chosen))
      panels[name]!.element.hidden = !chosen
    }
  }
  // Before the panels' own listeners would be better still, but those were added earlier: a panel
  // that was hidden measures itself again when its ResizeObserver tells.
  store.on(["tab"], show)
  show()
  return h("div", { class: "tabs" }, list, ...names.map((name) => panels[name]!.element))
}

function byTab(list: HTMLElement, name: Tab): HTMLElement {
  return list.querySelector<HTMLElement>(`#tab-${name}`)!
}

function keysOf(
  view: View,
  timeline: Timeline,
  controls: Controls,
  panels: Partial<Record<Tab, Panel>>,
  help: () => void,
): Key[] {
  const { store, theme } = view
  // Those that a kernel does not tell have a key that does nothing, as their button.
  const offered = FIGURES.filter(({ name }) => name !== "hugetlb" || view.recording.offers(name))
  const step = (by: number): void => {
    const { a } = store.state
    if (a !== null) store.set({ a: view.step(a, by), following: false })
  }
  const by = (name: By): void => {
    if (name !== "process" || view.recording.processes.length > 1)
      store.set({ by: name, isolated: new Set() })
  }
  const tabs = Object.keys(panels) as Tab[]
  return [
    {
      keys: ["ArrowLeft", "ArrowRight"],
      label: "← →",
      does: "step A to the layout before or after; with Shift ten at once",
      run: ({ key, shiftKey }) => step((key === "ArrowLeft" ? -1 : 1) * (shiftKey ? 10 : 1)),
    },
    { keys: ["p"], label: "p", does: "pin A at the peak", run: () => controls.toPeak() },
    {
      keys: ["b"],
      label: "b",
      does: "let the next click pin B",
      run: () => controls.placeB(),
    },
    {
      keys: ["x"],
      label: "x",
      does: "pin B where A is, then move A; again: swap A and B",
      run: () =>
        store.set({ a: store.state.b ?? store.state.a, b: store.state.a, following: false }),
    },
    {
      keys: offered.map(({ key }) => key),
      label: offered.map(({ key }) => key).join(" "),
      does: offered.map(({ title }) => title).join(", "),
      run: ({ key }) => {
        const figure = FIGURES.find((each) => each.key === key)!.name
        if (view.recording.tells(figure) && (!view.several || isForSeveral(figure)))
          store.set({ figure })
      },
    },
    { keys: ["k"], label: "k", does: "by kind", run: () => by("kind") },
    { keys: ["n"], label: "n", does: "by name", run: () => by("name") },
    { keys: ["m"], label: "m", does: "by mapping", run: () => by("mapping") },
    { keys: ["c"], label: "c", does: "by process", run: () => by("process") },
    { keys: ["+", "="], label: "+", does: "zoom in", run: () => timeline.zoom(0.6) },
    { keys: ["-"], label: "−", does: "zoom out", run: () => timeline.zoom(1 / 0.6) },
    {
      keys: ["[", "]"],
      label: "[ ]",
      does: "move sideways",
      run: ({ key }) => timeline.pan(key === "[" ? -0.3 : 0.3),
    },
    { keys: ["0"], label: "0", does: "show the whole time", run: () => timeline.reset() },
    {
      keys: ["<", ">"],
      label: "< >",
      does: "the tab before or after",
      run: ({ key }) => {
        const at = tabs.indexOf(store.state.tab) + (key === "<" ? -1 : 1)
        store.set({ tab: tabs[(at + tabs.length) % tabs.length] })
      },
    },
    {
      keys: ["/"],
      label: "/",
      does: "filter the table",
      run: () => panels[store.state.tab]?.filter?.focus(),
    },
    {
      keys: ["Escape"],
      label: "Esc",
      does: "show all groups again; leave the filter",
      run: () => {
        ;(document.activeElement as HTMLElement | null)?.blur()
        store.set({ isolated: new Set(), placing: "a" })
      },
    },
    { keys: ["t"], label: "t", does: "light or dark", run: () => theme.toggle() },
    { keys: ["?"], label: "?", does: "this list", run: help },
  ]
}

void load(async (take) => start(await readRecording(take("data"))))
