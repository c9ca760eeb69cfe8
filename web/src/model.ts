// A recording as the page knows it: every figure of every mapping at every tick that is held.

import type { Clock } from "./format"
import { absolute, type Column, unpack } from "./payload"
import { firstAtOrAfter, lastAtOrBefore } from "./search"
import type { CGROUP, HUGETLB, MEMINFO, TITLES, USS } from "./tables"
import {
  LayoutState,
  READING,
  RELATIVE_TO,
  SHARES,
  STATES,
  TOTALS,
  USAGE,
  VOLATILE,
} from "./tables"

/** A figure that can be shown over time. */
export type Figure = keyof typeof TITLES
export type Metric = (typeof USAGE)[number] | typeof USS | typeof HUGETLB
export type UsageName = Metric["name"]
export type ReadingMetric = (typeof READING)[number]

/** What a number of model.LayoutState means, and how it counts. */
export interface StateFacts {
  state: number
  label: string
  meaning: string
  hasLayout: boolean
  /** There was memory, and its mappings could not be read. */
  unreadable: boolean
  /** Mappings were wanted. */
  taken: boolean
}

/** Light and dark. */
export type Colours = [string, string]

export interface Kind {
  name: string
  meaning: string
  own: boolean
  /** Whether one mapping of it goes by its path, where its group has many. */
  byPath: boolean
  colours: Colours
  /** Colours for a light ground that look much like it. */
  alike: string[]
}

export interface NamedGroup {
  kind: number
  name: string
  colours: Colours
}

export interface Image {
  position: number
  name: string
  /** What tells it apart from others of its name, with the name; of a group, without what differs. */
  label: string
  group: string
  command: string | null
  exe: string | null
}

export interface ProcessFacts {
  id: number
  pid: number
  parent: number | null
  uid: number | null
  cgroup: string | null
  firstSeen: string | null
  lastSeen: string | null
  ended: boolean
  /** First tick at which it had ended. */
  end: number
  images: Image[]
  colours: Colours
  readings: number
  mappings: number
  shares: number
  recorded: { readings: number; layouts: number; torn: number; cpu: number }
  mark: { size: number; time: string } | null
  highestRss: number | null
  /** Whether a higher RSS than that of the highest layout was missed, in words. */
  missed: string
}

export interface Run {
  id: number
  host: string | null
  kernel: string | null
  bootId: string | null
  pageSize: number | null
  started: string | null
  ended: string | null
  /** Microseconds from the first tick to the last, whatever the clock showed. */
  lasted: number | null
  endReason: string | null
  period: number | null
  command: string
  version: string
  cpu: number | null
  /** What the recorder itself used, in words. */
  cost: string | null
  peakRss: number | null
  cpus: number | null
  maxMapCount: number | null
  policy: string | null
}

interface Header {
  format: number
  version: string
  created: string
  /** Of local time where the report was made, at its first tick. */
  zone: string
  /** The texts that `tick.note` numbers. */
  notes: string[]
  /** Where the clock on the wall jumped: the place on the time axis and what happened. */
  jumps: { time: number; text: string }[]
  title: string
  file: string
  ticks: { held: number; recorded: number }
  sums: SumFacts | null
  /** Which figure is shown at first; if that is not PSS, `instead` says why. */
  figure: Figure
  instead: string | null
  kinds: Kind[]
  groups: NamedGroup[]
  own: number[]
  paths: string[]
  permissions: string[]
  letters: string[]
  details: (number | string | null)[][]
  /** Colours of single mappings, by `mapping.same`. */
  sameColours: Colours[]
  otherColours: Colours
  /** Colours any two of which can be told apart. */
  palette: Colours[]
  processes: ProcessFacts[]
  /** Null on a page of two recordings. */
  verdicts: VerdictsFacts | null
  runs: Run[]
  meminfo: (keyof typeof MEMINFO)[]
  /** The recorded control group; of several the one with the most memory. */
  cgroup: {
    path: string
    figures: (keyof typeof CGROUP)[]
    /** Better titles than those of the tables, of some figures. */
    titles: Record<string, string>
  } | null
}

/** A verdict of `growth`: its word, bytes per hour, the same in words, and since when. */
export type VerdictRow = [string, number | null, string, string]

/** What `growth` says by one grouping, with the number of each group, in the order of what matters. */
export interface JudgedGroups {
  by: string
  groups: [number, ...VerdictRow][]
  total: VerdictRow
  notes: string[]
}

/** The verdicts on the whole recording: of all processes by process, and of each process. */
export interface VerdictsFacts {
  figure: Figure
  together: JudgedGroups | null
  apart: JudgedGroups[][]
}

/** What is told once of sums over processes. */
export interface SumFacts {
  /** Why there is no sum at all; null if there is one. */
  none: string | null
  /** Which passes give no sum. */
  refused: string | null
  /** By how much the layouts of a pass may differ from its sum: this part of it, or bytes. */
  most: number
  least: number
  /** Microseconds from tick to tick, and after how many of these nothing stands any more. */
  usual: number
  pause: number
}

/** Stored in halves. Page-aligned, so that doubles are exact over all of 64 bits. */
const ADDRESSES = ["start", "size", "offset"] as const
const MAPPING = [
  "dev",
  "inode.high",
  "inode.low",
  "permissions",
  "path",
  "kind",
  "group",
  "same",
  "usages",
] as const

/** One process: where its readings and its mappings lie in the columns, ends excluded. */
export interface Process {
  index: number
  facts: ProcessFacts
  readings: [number, number]
  mappings: [number, number]
  shares: [number, number]
}

const SHARE = ["start", "end", "counted", ...SHARES] as const

/** What is known of a reading besides its figures and the sums over its layout. */
const BESIDE = [
  "tick",
  "time",
  "until",
  "layoutState",
  "rollup_pss",
  "residentHighest",
  "markHighest",
] as const
export type ReadingName =
  | (typeof BESIDE)[number]
  | ReadingMetric["name"]
  | `total.${(typeof TOTALS)[number] | "hugetlb"}`

/** Row of the latest reading, and of the one whose layout stands, at each tick. */
interface Rows {
  latest: Int32Array
  layout: Int32Array
}

/** One mapping at one instant: numbers of its header and of its usage. */
export interface Entry {
  process: Process
  mapping: number
  usage: number
}

export class Recording {
  readonly processes: Process[] = []
  readonly tickTime: Column
  /** Until when somebody went on looking. */
  readonly tickWatched: Column
  readonly tickRun: Column
  readonly tickAhead: Column
  private readonly tickNote: Column
  readonly reading = {} as Record<ReadingName, Column>
  readonly mapping = {} as Record<(typeof MAPPING | typeof ADDRESSES)[number], Column>
  readonly usageStart: Int32Array
  readonly usageEnd: Int32Array
  readonly meminfo: Record<string, Column> = {}
  readonly cgroup: Record<string, Column> = {}
  /** Of each pass over all processes: its tick, whether all layouts are of it, who lacks, µs. */
  readonly pass: Record<"tick" | "whole" | "lacking" | "wall", Column>
  /** What a process has at the passes from start to before end. */
  readonly share = {} as Record<(typeof SHARE)[number], Column>
  /** First usage of each mapping, and one more behind the last. */
  readonly firstUsage: Int32Array
  private readonly usage: Partial<Record<UsageName, Column>> = {}
  private readonly detail: Column
  private readonly rowsOf = new Map<number, Rows>()

  constructor(
    readonly header: Header,
    column: (name: string) => Column,
  ) {
    this.tickTime = column("tick.time")
    this.tickWatched = column("tick.watched")
    this.tickRun = column("tick.run")
    this.tickAhead = column("tick.ahead")
    this.tickNote = column("tick.note")
    for (const name of BESIDE) this.reading[name] = column(`reading.${name}`)
    for (const { name } of READING) this.reading[name] = column(`reading.${name}`)
    for (const name of TOTALS) this.reading[`total.${name}`] = column(`total.${name}`)
    this.reading["total.hugetlb"] = this.reading.hugetlb
    for (const name of MAPPING) this.mapping[name] = column(`mapping.${name}`)
    for (const name of ADDRESSES) {
      const low = column(`mapping.${name}.low`)
      this.mapping[name] = column(`mapping.${name}.high`).map((high, i) => high * 2 ** 32 + low[i])
    }
    for (const name of header.meminfo) this.meminfo[name] = column(`meminfo.${name}`)
    for (const name of header.cgroup?.figures ?? []) this.cgroup[name] = column(`cgroup.${name}`)
    const of = (name: string): Column => (header.sums ? column(name) : new Float64Array(0))
    this.pass = {
      tick: of("pass.tick"),
      whole: of("pass.whole"),
      lacking: of("pass.lacking"),
      wall: of("pass.wall"),
    }
    for (const name of SHARE) this.share[name] = of(`share.${name}`)
    this.readUsages(column)
    this.detail = column("usage.detail")
    const gaps = column("usage.gap")
    const lengths = column("usage.length")
    const counts = this.mapping.usages
    this.firstUsage = new Int32Array(counts.length + 1)
    this.usageStart = new Int32Array(gaps.length)
    this.usageEnd = new Int32Array(gaps.length)
    let row = 0
    for (let mapping = 0; mapping < counts.length; mapping++) {
      this.firstUsage[mapping] = row
      let before = 0
      for (let end = row + counts[mapping]; row < end; row++) {
        // Both are sums over all rows: what counts is the difference to the row before.
        this.usageStart[row] = before + gaps[row] - (row ? gaps[row - 1] : 0)
        before = this.usageEnd[row] =
          this.usageStart[row] + lengths[row] - (row ? lengths[row - 1] : 0)
      }
    }
    this.firstUsage[counts.length] = row
    this.addProcesses()
  }

  private readUsages(column: (name: string) => Column): void {
    const usage = {} as Record<(typeof VOLATILE)[number], Column>
    for (const name of VOLATILE) usage[name] = column(`usage.${name}`)
    for (const [name, bases] of Object.entries(RELATIVE_TO))
      absolute(usage[name as keyof typeof RELATIVE_TO], ...bases.map((base) => usage[base]))
    Object.assign(this.usage, usage)
  }

  private addProcesses(): void {
    let reading = 0
    let mapping = 0
    let share = 0
    for (const [index, facts] of this.header.processes.entries()) {
      this.processes.push({
        index,
        facts,
        readings: [reading, reading + facts.readings],
        mappings: [mapping, mapping + facts.mappings],
        shares: [share, share + facts.shares],
      })
      reading += facts.readings
      mapping += facts.mappings
      share += facts.shares
    }
  }

  get ticks(): number {
    return this.tickTime.length
  }

  /** What the clock on the wall showed at a tick. */
  clockOf(tick: number): Clock {
    return { ahead: this.tickAhead[tick] ?? 0, note: this.header.notes[this.tickNote[tick]] ?? "" }
  }

  /** The same for any time: that of the last tick before it. */
  readonly clockAt = (time: number): Clock =>
    this.clockOf(Math.max(0, firstAtOrAfter(this.tickTime, time + 1) - 1))

  /** Row of a process's latest reading at a tick, or -1: one without a reading had not changed. */
  readingAt(process: Process, tick: number): number {
    return this.rows(process).latest[tick]
  }

  /** Row of the reading whose layout stands at a tick, or -1 if none does. */
  layoutReadingAt(process: Process, tick: number): number {
    return this.rows(process).layout[tick]
  }

  /** Whether a process lived at a tick, had memory, and no layout of it is known. */
  lacks(process: Process, tick: number): boolean {
    const row = this.readingAt(process, tick)
    if (row < 0 || this.layoutReadingAt(process, tick) >= 0) return false
    const state = this.reading.layoutState[row]
    return state === LayoutState.NOT_TAKEN || stateFacts(state).unreadable
  }

  /** A state in words: of what is no plain layout, what that means. */
  stateWords(state: number): string {
    const { label, meaning } = stateFacts(state)
    return state === LayoutState.EXACT || state === LayoutState.UNCHECKED
      ? label
      : `${label}: ${meaning}`
  }

  /** The number of the pass at a tick, or of the last one before it; -1 if there is none. */
  passAt(tick: number): number {
    return lastAtOrBefore(this.pass.tick, tick)
  }

  /** Row of what a process has at a pass; -1 if it is no member. */
  shareAt(process: Process, pass: number): number {
    const { start, end } = this.share
    for (let row = process.shares[0]; row < process.shares[1]; row++)
      if (start[row] <= pass && pass < end[row]) return row
    return -1
  }

  /** Whether a process lives at a tick and the last pass of that run until then read it. */
  isInPass(process: Process, tick: number): boolean {
    const pass = this.passAt(tick)
    if (pass < 0 || this.shareAt(process, pass) < 0) return false
    const at = this.pass.tick[pass]
    return at === tick || (this.tickRun[at] === this.tickRun[tick] && process.facts.end > tick)
  }

  private rows(process: Process): Rows {
    const known = this.rowsOf.get(process.index)
    if (known) return known
    const latest = new Int32Array(this.ticks).fill(-1)
    const layout = new Int32Array(this.ticks).fill(-1)
    const [first, end] = process.readings
    const { tick: ticks, layoutState } = this.reading
    let standing = -1
    for (let row = first; row < end; row++) {
      const from = ticks[row]
      const run = this.tickRun[from]
      const state = layoutState[row]
      if (row > first && this.tickRun[ticks[row - 1]] !== run) standing = -1
      if (stateFacts(state).hasLayout) standing = row
      else if (state !== LayoutState.NOT_TAKEN) standing = -1
      const next = Math.min(row + 1 < end ? ticks[row + 1] : this.ticks, process.facts.end)
      for (let at = from; at < next && this.tickRun[at] === run; at++) {
        latest[at] = row
        layout[at] = standing
      }
    }
    const rows = { latest, layout }
    this.rowsOf.set(process.index, rows)
    return rows
  }

  /** All mappings of a process at a tick, in the order of their addresses. */
  layoutAt(process: Process, tick: number): Entry[] {
    const entries: Entry[] = []
    for (let mapping = process.mappings[0]; mapping < process.mappings[1]; mapping++) {
      const usage = this.usageAt(mapping, tick)
      if (usage >= 0) entries.push({ process, mapping, usage })
    }
    return entries
  }

  private usageAt(mapping: number, tick: number): number {
    let low = this.firstUsage[mapping]
    let high = this.firstUsage[mapping + 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.usageEnd[middle] <= tick) low = middle + 1
      else high = middle
    }
    return low < this.firstUsage[mapping + 1] && this.usageStart[low] <= tick ? low : -1
  }

  /** A figure for every usage; NaN where the kernel did not tell it. */
  figure(name: UsageName): Column {
    const known = this.usage[name]
    if (known) return known
    const values = this.computed(name) ?? this.fromDetails(name)
    this.usage[name] = values
    return values
  }

  private computed(name: UsageName): Column | undefined {
    return name === "uss" ? this.uss() : name === "hugetlb" ? this.hugetlb() : undefined
  }

  private hugetlb(): Column {
    const shared = this.figure("shared_hugetlb")
    return this.figure("private_hugetlb").map((size, row) => size + (shared[row] || 0))
  }

  private uss(): Column {
    const clean = this.figure("private_clean")
    const dirty = this.figure("private_dirty")
    const huge = this.figure("private_hugetlb")
    return clean.map((size, row) => size + dirty[row] + (huge[row] || 0))
  }

  private fromDetails(name: UsageName): Column {
    const index = this.detailIndex(name)
    const values = this.header.details.map((detail) => {
      const value = detail[index]
      return typeof value === "number" ? value : NaN
    })
    return this.detail.map((number) => values[number])
  }

  private detailIndex(name: UsageName): number {
    return USAGE.findIndex((metric) => metric.name === name) - VOLATILE.length
  }

  /** A text of a usage: vm_flags or other. */
  text(usage: number, name: "vm_flags" | "other"): string {
    const value = this.header.details[this.detail[usage]]?.[this.detailIndex(name)]
    return value === null || value === undefined ? "" : String(value)
  }

  /** Whether any usage tells this figure. */
  tells(figure: Figure): boolean {
    const values = this.figure(figure)
    for (let row = 0; row < values.length; row++) if (!Number.isNaN(values[row])) return true
    return false
  }

  /** Whether there is a choice of this figure: huge pages only where somebody has some. */
  offers(figure: Figure): boolean {
    if (figure === "hugetlb") return this.figure(figure).some((size) => size > 0)
    return this.tells(figure)
  }

  groupOf(mapping: number): NamedGroup {
    return this.header.groups[this.mapping.group[mapping]]
  }

  kindOf(mapping: number): Kind {
    return this.header.kinds[this.mapping.kind[mapping]]
  }

  pathOf(mapping: number): string {
    return this.header.paths[this.mapping.path[mapping]]
  }

  permissionsOf(mapping: number): string {
    return this.header.permissions[this.mapping.permissions[mapping]]
  }

  inodeOf(mapping: number): string {
    const high = BigInt(this.mapping["inode.high"][mapping])
    return String(high * 2n ** 32n + BigInt(this.mapping["inode.low"][mapping]))
  }

  deviceOf(mapping: number): string {
    const dev = this.mapping.dev[mapping]
    const two = (value: number): string => value.toString(16).padStart(2, "0")
    return `${two(Math.floor(dev / 2 ** 20))}:${two(dev % 2 ** 20)}`
  }

  imageAt(process: Process, tick: number): Image | null {
    let found = process.facts.images[0] ?? null
    for (const image of process.facts.images) if (image.position <= tick) found = image
    return found
  }
}

const FACTS_OF = new Map<number, StateFacts>(STATES.map((each) => [each.state, each]))

/** What a layout state means; one of a newer version is as good as unreadable. */
export function stateFacts(state: number): StateFacts {
  const known = FACTS_OF.get(state)
  if (known) return known
  const unknown = { label: `state ${state}`, meaning: "", hasLayout: false, unreadable: true }
  return { ...unknown, state, taken: true }
}

/** Whether a state says that mappings were read. */
export function hasLayout(state: number): boolean {
  return stateFacts(state).hasLayout
}

export async function readRecording(text: string): Promise<Recording> {
  const payload = await unpack<Header>(text)
  return new Recording(payload.header, (name) => payload.column(name))
}

export function processName(process: Process): string {
  const { images, pid } = process.facts
  return `${images[images.length - 1]?.label || "?"} (${pid})`
}

/** What all processes that do the same are called. */
export function roleOf(process: Process): string {
  const { images } = process.facts
  return images[images.length - 1]?.group || "?"
}
