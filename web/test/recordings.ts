// Small recordings, made of plain lists, as a report would hold them.

import { type ProcessFacts, Recording, type VerdictsFacts } from "../src/model"
import { LayoutState } from "../src/tables"

export const MI = 1024 ** 2
export const SECOND = 1e6

export interface Mapped {
  start: number
  size: number
  kind: number
  name: string
  /** From tick, to tick (excluded), and private bytes in RAM. */
  usages: [number, number, number][]
}

export interface Told {
  pid: number
  /** A state for each tick; null where there is no reading. */
  states: (number | null)[]
  mappings?: Mapped[]
  /** From pass, to pass (excluded), and bytes of PSS; null: could not be read. */
  shares?: [number, number, number | null][]
  /** First tick at which it had ended. */
  end?: number
}

export interface Pass {
  tick: number
  whole: boolean
  lacking?: number
}

/** A recording with one tick a second, of one run. */
export function recordingOf(
  ticks: number,
  processes: Told[],
  passes: Pass[] | null = null,
  verdicts: VerdictsFacts | null = null,
): Recording {
  const columns: Record<string, number[]> = {}
  const add = (name: string, value: number): void => {
    columns[name] ??= []
    columns[name].push(value)
  }
  for (let tick = 0; tick < ticks; tick++) {
    add("tick.time", tick * SECOND)
    add("tick.watched", (tick + 1) * SECOND)
    for (const name of ["run", "ahead", "note"]) add(`tick.${name}`, name === "run" ? 1 : 0)
  }
  for (const { tick, whole, lacking } of passes ?? []) {
    add("pass.tick", tick)
    add("pass.whole", Number(whole))
    add("pass.lacking", lacking ?? 0)
    add("pass.wall", 1000)
  }
  const groups: { kind: number; name: string; colours: [string, string] }[] = []
  let [gap, length] = [0, 0]
  for (const { states, mappings = [], shares = [] } of processes) {
    for (const [tick, state] of states.entries()) {
      if (state === null) continue
      add("reading.tick", tick)
      add("reading.time", tick * SECOND)
      add("reading.until", (tick + 1) * SECOND)
      add("reading.layoutState", state)
    }
    for (const [start, end, pss] of shares) {
      add("share.start", start)
      add("share.end", end)
      add("share.counted", 1)
      for (const name of ["rss", "pss", "uss", "swap_pss"]) add(`share.${name}`, pss ?? NaN)
    }
    for (const { start, size, kind, name, usages } of mappings) {
      const known = groups.findIndex((group) => group.name === name)
      const group = known < 0 ? groups.push({ kind, name, colours: ["#000", "#fff"] }) - 1 : known
      for (const [field, value] of Object.entries({ start, size, offset: 0, inode: 0 })) {
        add(`mapping.${field}.high`, Math.floor(value / 2 ** 32))
        add(`mapping.${field}.low`, value % 2 ** 32)
      }
      add("mapping.kind", kind)
      add("mapping.group", group)
      add("mapping.same", group)
      add("mapping.path", 0)
      add("mapping.permissions", 0)
      add("mapping.dev", 0)
      add("mapping.usages", usages.length)
      let before = 0
      for (const [from, to, rss] of usages) {
        gap += from - before
        length += to - from
        add("usage.gap", gap)
        add("usage.length", length)
        add("usage.detail", 0)
        // Relative, as contents.py says: all of RSS is private and dirty.
        add("usage.private_dirty", rss)
        for (const zero of ["rss", "pss", "pss_dirty", "anonymous", "referenced"])
          add(`usage.${zero}`, 0)
        for (const zero of ["shared_clean", "shared_dirty", "private_clean"])
          add(`usage.${zero}`, 0)
        before = to
      }
    }
  }
  const header = {
    notes: [""],
    figure: "pss",
    sums: passes && { none: null, refused: null, most: 50, least: MI, usual: SECOND, pause: 3 },
    kinds: ["heap", "library"].map((name) => ({
      name,
      meaning: "",
      own: false,
      byPath: false,
      colours: ["", ""],
      alike: [],
    })),
    groups,
    own: [],
    paths: [""],
    permissions: ["rw-p"],
    details: [[]],
    sameColours: groups.map(() => ["", ""]),
    otherColours: ["grey", "grey"],
    palette: [],
    processes: processes.map((each) => factsOf(each, ticks)),
    verdicts,
    runs: [],
    meminfo: [],
  }
  const column = (name: string): Float64Array => {
    const rows = name.startsWith("reading.") || name.startsWith("total.") ? "reading.tick" : name
    return Float64Array.from(columns[name] ?? (columns[rows] ?? []).map(() => NaN))
  }
  return new Recording(header as never, column)
}

function factsOf(
  { pid, states, mappings = [], shares = [], end }: Told,
  ticks: number,
): ProcessFacts {
  const image = { position: 0, name: "p", label: `p${pid}`, group: "p", command: null, exe: null }
  return {
    pid,
    parent: null,
    end: end ?? ticks,
    images: [image],
    colours: ["#111", "#eee"],
    readings: states.filter((state) => state !== null).length,
    mappings: mappings.length,
    shares: shares.length,
  } as unknown as ProcessFacts
}

export const { EXACT, TORN, UNCHECKED, NOT_TAKEN, UNREADABLE, NO_PERMISSION, NO_SMAPS, GONE } =
  LayoutState
