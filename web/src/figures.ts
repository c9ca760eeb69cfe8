// Which figures there are to choose from, and which of them may be added up over processes.

import type { Figure } from "./model"
import { ADDED_UP_AS, HUGETLB, OVER_PROCESSES, TITLES, USAGE, USS } from "./tables"

export type Summable = (typeof ADDED_UP_AS)[keyof typeof ADDED_UP_AS]

/** Huge pages are outside of PSS, and nothing adds them up: over processes it is PSS again. */
const SUMMED = { ...ADDED_UP_AS, hugetlb: "pss" } as const
const OFFERED = Object.keys(SUMMED) as (keyof typeof SUMMED)[]

/** The figures to choose from, each with its key: 1, 2… See Recording.offers. */
export const FIGURES = OFFERED.map((name, i) => ({
  name,
  title: TITLES[name],
  key: String(i + 1),
  meaning: meaningOf(name),
}))

function meaningOf(figure: Figure): string {
  const derived = [USS, HUGETLB].find(({ name }) => name === figure)
  return (derived ?? USAGE.find(({ name }) => name === figure))?.meaning ?? ""
}

/** Whether a figure may be added up over processes: RSS never. */
export function addsUpOverProcesses(name: string): boolean {
  return (OVER_PROCESSES as readonly string[]).includes(name)
}

/** The figure to add up over processes where this one is asked for: SwapPss for swap. */
export function overProcesses(figure: Figure): Summable {
  return figure === "swap_pss" ? figure : SUMMED[figure]
}

/** Whether several processes are shown by this name: not if what is added up has its own. */
export function isForSeveral(figure: Figure): boolean {
  const summed = overProcesses(figure)
  return summed === figure || !(OFFERED as Figure[]).includes(summed)
}
