// The timeline: what each group took over time, stacked, with the kernel's own figures on top.

import uPlot from "uplot"
import { sizeLabels, sizeMarks } from "./axes"
import { h } from "./dom"
import { formatClock, formatSize } from "./format"
import type { Group } from "./group"
import { hasLayout, type ReadingName, stateFacts } from "./model"
import { columnOf } from "./reduce"
import { firstAtOrAfter } from "./search"
import { type Peak, peakOf, reduce } from "./stack"
import type { Line } from "./sums"
import { IN_RAM, LayoutState } from "./tables"
import type { View } from "./view"

const CLICK = 4 // CSS pixels: a drag shorter than this is a click
const ZOOM = 0.8
const NARROWEST = 1000 // microseconds

/** A line over the stack: one of a reading's figures, and its highest until the next reading. */
interface Over {
  name: ReadingName
  highest: ReadingName
  title: string
  style: string
  dash: number[]
}

/** The kernel's own figures of one process. */
export const LINES: Over[] = [
  {
    name: "resident",
    highest: "residentHighest",
    title: "statm RSS",
    style: "--line-resident",
    dash: [],
  },
  {
    name: "high_water_mark",
    highest: "markHighest",
    title: "high-water mark",
    style: "--line-mark",
    dash: [6, 4],
  },
]

/** What several processes come to: of no reading. */
const SUM: Pick<Over, "style" | "dash">[] = [{ style: "--line-resident", dash: [] }]

type Values = (number | null)[]

/** More jumps of the clock than these are lines without words. */
const NAMED_JUMPS = 4

/** From a time on something stands (a tick, a row), or nothing: -1. */
interface Step {
  time: number
  what: number
}

export class Timeline {
  readonly element = h("div", {
    class: "timeline",
    tabindex: 0,
    role: "img",
    "aria-label": "Memory over time. Arrow keys step the pinned moment; ? lists all keys.",
  })
  private plot: uPlot | null = null
  private ticks: number[] = []
  private torn: number[] = []
  private gaps: [number, number][] = []
  private readonly overlay = h("div", { class: "overlay" })

  constructor(private readonly view: View) {
    const { store, theme } = view
    theme.onChange(() => this.draw())
    store.on(["process", "withChildren", "figure", "by", "isolated", "from", "to"], () =>
      this.draw(),
    )
    store.on(["a", "b"], () => this.plot && this.mark(this.plot))
    new ResizeObserver(() => this.resize()).observe(this.element)
  }

  /** The groups that are drawn: all, or those that are isolated. */
  get groups(): Group[] {
    const { isolated } = this.view.store.state
    const { groups } = this.view.stack
    const chosen = groups.filter((group) => isolated.has(group.key))
    return chosen.length ? chosen : groups
  }

  draw(): void {
    // The pointer stays where it is while the plot under it is made anew.
    const { left, top } = this.plot?.cursor ?? {}
    this.plot?.destroy()
    this.plot = null
    const width = this.element.clientWidth
    if (!width) return
    const data = this.data(Math.max(100, width - 80))
    this.plot = new uPlot(this.options(width), data as uPlot.AlignedData, this.element)
    this.plot.over.append(this.overlay)
    this.listen(this.plot.over)
    if (left !== undefined && top !== undefined && left >= 0) this.plot.setCursor({ left, top })
  }

  private resize(): void {
    if (this.plot && this.plot.width === this.element.clientWidth) return
    this.draw()
  }

  // -- data ---------------------------------------------------------------------------------------

  /** Values of uPlot: x, the tops of the stack from the highest down, the kernel's own figures. */
  private data(columns: number): [number[], ...Values[]] {
    const groups = this.groups
    const stands = this.standing(columns)
    const { line, stacked: adds } = this.view.stack
    const read = line ? this.sums(line, columns) : this.lines.length ? this.readings(columns) : []
    const x: number[] = []
    const stacked: Values[] = groups.map(() => [])
    const lines: Values[] = this.lines.map(() => [])
    this.ticks = []
    let tick = -1
    let row = -1
    const add = (time: number): void => {
      x.push(time)
      this.ticks.push(line && row >= 0 ? line.instants[row] : tick)
      let sum = 0
      for (const [i, { values }] of groups.entries()) {
        sum = (adds ? sum : 0) + (tick < 0 ? 0 : values[tick])
        stacked[i].push(tick < 0 || (!adds && !values[tick]) ? null : sum)
      }
      for (const i of lines.keys()) {
        const from = line?.values ?? this.view.recording.reading[LINES[i].highest]
        const value = row < 0 ? NaN : from[row]
        lines[i].push(Number.isNaN(value) ? null : value)
      }
    }
    // Both are steps; where one changes, the other stays what it was.
    for (let i = 0, j = 0; i < stands.length || j < read.length; ) {
      const time = Math.min(stands[i]?.time ?? Infinity, read[j]?.time ?? Infinity)
      const [stackAt, lineAt] = [stands[i]?.time === time, read[j]?.time === time]
      // Where something ends, what was there is drawn up to here.
      if ((stackAt && stands[i].what < 0 && tick >= 0) || (lineAt && read[j].what < 0 && row >= 0))
        add(time)
      if (stackAt) tick = stands[i++].what
      if (lineAt) row = read[j++].what
      add(time)
    }
    return [x, ...stacked.reverse(), ...lines]
  }

  /** From when on which layout stands, by its tick; -1: none. */
  private standing(columns: number): Step[] {
    const { stack } = this.view
    const { from, to } = this.view.store.state
    const positions = reduce(stack, columns, from, to)
    const steps: Step[] = []
    this.gaps = []
    for (const [i, position] of positions.entries()) {
      const time = stack.times[position]
      const known = hasLayout(stack.states[position])
      steps.push({ time, what: known ? stack.instants[position] : -1 })
      const next = positions[i + 1] ?? stack.times.length
      const until = heldUntil(stack.until, stack.times, position, next)
      const end = next < stack.times.length ? stack.times[next] : Infinity
      if (until >= end) continue
      if (known) steps.push({ time: until, what: -1 })
      if (end < Infinity) this.gaps.push([until, end])
    }
    for (const [i, { time, what }] of steps.entries()) {
      const next = steps[i + 1]
      if (what < 0 && next && this.wasUnseen(time)) this.gaps.push([time, next.time])
    }
    this.torn = []
    for (let i = 0; i < stack.times.length; i++)
      if (stack.states[i] === LayoutState.TORN) this.torn.push(stack.times[i])
    return steps
  }

  /** Whether at this instant there was memory that could not be read. */
  private wasUnseen(time: number): boolean {
    const { stack } = this.view
    const position = firstAtOrAfter(stack.times, time)
    return stack.times[position] === time && stateFacts(stack.states[position]).unreadable
  }

  /** From when on which reading's cheap figures stand: of each column that with the highest RSS. */
  private readings(columns: number): Step[] {
    const { recording } = this.view
    const [process] = this.view.processes
    const { from, to } = this.view.store.state
    const { time, tick, residentHighest } = recording.reading
    const columnAt = columnOf(from, to, columns)
    const steps: Step[] = []
    let column = NaN
    let before = -1
    for (let row = process.readings[0]; row < process.readings[1]; row++) {
      if (time[row] > to) break
      const watched = before < 0 ? Infinity : recording.tickWatched[tick[before]]
      if (watched < time[row]) steps.push({ time: Math.max(watched, time[before]), what: -1 })
      const here = Math.max(-1, columnAt(time[row]))
      const last = steps[steps.length - 1]
      if (here !== column || last.what < 0) steps.push({ time: time[row], what: row })
      else if (here < 0 || !(residentHighest[row] <= residentHighest[last.what]))
        steps[steps.length - 1] = { time: time[row], what: row }
      column = here
      before = row
    }
    if (before >= 0) {
      const end = recording.tickWatched[tick[before]]
      if (end > time[before]) steps.push({ time: end, what: -1 })
    }
    return steps
  }

  /** From when on which sum stands, by its number: of each column the highest. */
  private sums(line: Line, columns: number): Step[] {
    const { from, to } = this.view.store.state
    const columnAt = columnOf(from, to, columns)
    const steps: Step[] = []
    let column = NaN
    let last = -1
    for (const [i, time] of line.times.entries()) {
      if (time > to) break
      if (last >= 0 && line.until[i - 1] < time) steps.push({ time: line.until[i - 1], what: -1 })
      const here = Math.max(-1, columnAt(time))
      const before = steps[steps.length - 1]
      if (here !== column || before.what < 0) steps.push({ time, what: i })
      else if (here < 0 || line.values[i] > line.values[before.what])
        steps[steps.length - 1] = { time, what: i }
      column = here
      last = i
    }
    if (last >= 0) steps.push({ time: Math.max(line.until[last], line.times[last]), what: -1 })
    return steps
  }

  get lines(): Pick<Over, "style" | "dash">[] {
    const { several, figure, stack } = this.view
    const { isolated } = this.view.store.state
    if (stack.line) return isolated.size ? [] : SUM
    const resident = !several && (IN_RAM as readonly string[]).includes(figure)
    return resident && !isolated.size ? LINES : []
  }

  // -- drawing ------------------------------------------------------------------------------------

  private options(width: number): uPlot.Options {
    const { theme, store } = this.view
    const { from, to } = store.state
    const text = theme.style("--muted")
    const grid = { stroke: theme.style("--grid"), width: 1 }
    const font = "12px system-ui, sans-serif"
    const stepped = uPlot.paths.stepped!({ align: 1 })
    const groups = [...this.groups].reverse()
    const { stacked } = this.view.stack
    return {
      width,
      height: this.height,
      ms: 1e-3,
      padding: [18, 16, 0, 0],
      legend: { show: false },
      cursor: {
        x: true,
        y: false,
        points: { show: false },
        drag: { x: true, y: false, dist: CLICK, setScale: false },
        dataIdx: (_, __, closest) => closest,
      },
      scales: {
        x: { time: false, min: from, max: to, range: [from, to] },
        y: { range: (_, __, max) => [0, Math.max(max, this.view.least) * 1.04] },
      },
      axes: [
        {
          stroke: text,
          font,
          grid,
          ticks: grid,
          size: 46,
          splits: (plot) => this.view.timeMarks(from, to, plot.width / 130),
          values: (_, marks) => this.view.timeLabels(marks),
        },
        {
          stroke: text,
          font,
          grid,
          ticks: grid,
          size: 72,
          splits: (_, __, min, max) => sizeMarks(min, max, 5),
          values: (_, marks) => sizeLabels(marks),
        },
      ],
      series: [
        {},
        ...groups.map((group) => {
          const colour = theme.colour(group.colours)
          const look = stacked ? { fill: colour, width: 0.5 } : { width: 1.5 }
          return { paths: stepped, stroke: colour, ...look, points: { show: false } }
        }),
        ...this.lines.map(({ style, dash }) => ({
          paths: stepped,
          stroke: theme.style(style),
          width: 1.5,
          dash,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      // Each fills down to the one below it; the lowest to the axis.
      bands: stacked
        ? groups.slice(1).map((_, i) => ({ series: [i + 1, i + 2] as [number, number] }))
        : [],
      hooks: {
        drawClear: [(plot) => this.drawGaps(plot)],
        draw: [(plot) => this.drawTorn(plot), (plot) => this.mark(plot)],
        setCursor: [(plot) => this.hover(plot)],
        setSelect: [(plot) => this.selected(plot)],
      },
    }
  }

  private get height(): number {
    const full = Math.max(240, Math.min(420, Math.round(window.innerHeight * 0.42)))
    return Math.round(full * this.view.height)
  }

  private drawGaps(plot: uPlot): void {
    const { ctx, bbox } = plot
    ctx.save()
    ctx.fillStyle = this.view.theme.style("--gap")
    for (const [from, to] of this.gaps) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true))
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true))
      if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height)
    }
    ctx.restore()
  }

  private drawTorn(plot: uPlot): void {
    const { ctx, bbox } = plot
    const size = 4 * devicePixelRatio
    ctx.save()
    ctx.fillStyle = this.view.theme.style("--warn")
    for (const time of this.torn) {
      const x = plot.valToPos(time, "x", true)
      if (x < bbox.left || x > bbox.left + bbox.width) continue
      ctx.beginPath()
      ctx.moveTo(x, bbox.top + bbox.height - 2 * size)
      ctx.lineTo(x + size, bbox.top + bbox.height)
      ctx.lineTo(x - size, bbox.top + bbox.height)
      ctx.fill()
    }
    ctx.restore()
  }

  /** Pins and peak stand on the plot as elements, so that the style sheet draws them. */
  private mark(plot: uPlot): void {
    const { a, b } = this.view.store.state
    this.overlay.replaceChildren()
    const peak = peakOf(this.view.stack)
    if (peak) this.markPeak(plot, peak)
    this.markJumps(plot)
    if (a !== null) this.pin(plot, this.view.mark, a)
    if (b !== null) this.pin(plot, "B", b)
  }

  /** Where the clock was set or the machine slept: a line, and what happened as far as they fit. */
  private markJumps(plot: uPlot): void {
    const { from, to } = this.view.store.state
    const jumps = this.view.recording.header.jumps.filter(({ time }) => time > from && time <= to)
    for (const { time, text } of jumps) {
      const left = plot.valToPos(time, "x")
      const right = left > plot.over.clientWidth / 2
      const words = jumps.length <= NAMED_JUMPS ? h("span", {}, text) : null
      const mark = h("div", { class: right ? "jump to-left" : "jump", title: text }, words)
      mark.style.left = `${left}px`
      this.overlay.append(mark)
    }
  }

  private markPeak(plot: uPlot, { tick, time, size }: Peak): void {
    const { recording } = this.view
    const { isolated, from, to } = this.view.store.state
    if (isolated.size || time < from || time > to) return
    const left = plot.valToPos(time, "x")
    const clock = formatClock(time, recording.clockOf(tick))
    const right = left > plot.over.clientWidth / 2
    const mark = h(
      "div",
      { class: right ? "peak to-left" : "peak" },
      h("span", {}, `peak ${formatSize(size)} at ${clock}`),
    )
    mark.style.left = `${left}px`
    mark.style.top = `${plot.valToPos(size, "y")}px`
    this.overlay.append(mark)
  }

  private pin(plot: uPlot, name: "A" | "B", tick: number): void {
    const time = this.view.timeOf(tick)
    const { from, to } = this.view.store.state
    if (time < from || time > to) return
    const element = h("div", { class: `pin pin-${name}` }, h("span", {}, name))
    element.style.left = `${plot.valToPos(time, "x")}px`
    this.overlay.append(element)
  }

  // -- pointer ------------------------------------------------------------------------------------

  private hover(plot: uPlot): void {
    const { idx, left } = plot.cursor
    const inside = idx !== null && idx !== undefined && left !== undefined && left >= 0
    const tick = inside ? this.ticks[idx] : -1
    this.view.store.set({ hover: tick >= 0 ? tick : null })
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select
    if (width >= CLICK) this.zoomTo(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"))
  }

  private listen(over: HTMLElement): void {
    let pressed = 0
    over.addEventListener("pointerdown", (event) => (pressed = event.clientX))
    over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - pressed) < CLICK) this.clicked(event)
    })
    over.addEventListener("dblclick", () => this.reset())
    over.addEventListener("wheel", (event) => this.wheel(event), { passive: false })
  }

  private clicked(event: MouseEvent): void {
    const plot = this.plot
    if (!plot) return
    const { hover, placing } = this.view.store.state
    const tick = hover ?? this.view.nearestTick(plot.posToVal(event.offsetX, "x"))
    if (tick === null) return
    this.view.pick(tick, event.shiftKey || placing === "b")
  }

  private wheel(event: WheelEvent): void {
    const plot = this.plot
    if (!plot || event.ctrlKey) return
    event.preventDefault()
    const { from, to } = this.view.store.state
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.pan((sideways / plot.over.clientWidth) * 0.5)
      return
    }
    const centre = plot.posToVal(event.offsetX, "x")
    const factor = event.deltaY > 0 ? 1 / ZOOM : ZOOM
    this.zoomTo(centre - (centre - from) * factor, centre + (to - centre) * factor)
  }

  // -- what keys and buttons do too ---------------------------------------------------------------

  zoomTo(from: number, to: number): void {
    const [first, last] = this.view.span
    const width = Math.min(Math.max(to - from, NARROWEST), last - first)
    const begin = Math.min(Math.max(from, first), last - width)
    this.view.store.set({ from: begin, to: begin + width })
  }

  zoom(factor: number): void {
    const { from, to, a } = this.view.store.state
    const pinned = a === null ? NaN : this.view.timeOf(a)
    const centre = pinned >= from && pinned <= to ? pinned : (from + to) / 2
    this.zoomTo(centre - (centre - from) * factor, centre + (to - centre) * factor)
  }

  pan(share: number): void {
    const { from, to } = this.view.store.state
    const [first, last] = this.view.span
    const by = Math.max(first - from, Math.min(last - to, (to - from) * share))
    this.view.store.set({ from: from + by, to: to + by })
  }

  reset(): void {
    const [from, to] = this.view.span
    this.view.store.set({ from, to })
  }
}

/** Until when the first of these positions stands if the others are not drawn. */
function heldUntil(until: Float64Array, times: Float64Array, from: number, end: number): number {
  for (let i = from; i < end - 1; i++) if (until[i] !== times[i + 1]) return until[i]
  return until[end - 1]
}
