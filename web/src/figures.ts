// Which figures there are to choose from, and which of them may be added up over processes.

import type { Figure } from "./model"
import { ADDED_UP_AS, OVER_PROCESSES, TITLES, USAGE, USS } from "./tables"

type Offered = keyof typeof ADDED_UP_AS
export type Summable = (typeof ADDED_UP_AS)[Offered]

const OFFERED = Object.keys(ADDED_UP_AS) as Offered[]

/** The figures to choose from, each with its key: 1, 2… */
export const FIGURES = OFFERED.map((name, i) => ({
  name,
  title: TITLES[name],
  key: String(i + 1),
  meaning: meaningOf(name),
}))

function meaningOf(figure: Figure): string {
  return figure === "uss" ? USS.meaning : (USAGE.find(({ name }) => name === figure)?.meaning ?? "")
}

/** Whether a figure may be added up over processes: RSS never. */
export function addsUpOverProcesses(name: string): boolean {
  return (OVER_PROCESSES as readonly string[]).includes(name)
}

/** The figure to add up over processes where this one is asked for: SwapPss for swap. */
export function overProcesses(figure: Figure): Summable {
  return figure === "swap_pss" ? figure : ADDED_UP_AS[figure]
}

/** Whether several processes are shown by this name: not if what is added up has its own. */
export function isForSeveral(figure: Figure): boolean {
  const summed = overProcesses(figure)
  return summed === figure || !(OFFERED as Figure[]).includes(summed)
}
