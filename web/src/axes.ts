// Where axes have their marks: whole binary sizes, and whole local times.

import { type Clock, formatSize, formatTime } from "./format"

const KIB = 1024

/** About so many marks from 0 on, at 1, 2 or 5 times a power of ten of KiB, MiB or GiB. */
export function sizeMarks(min: number, max: number, count: number): number[] {
  const unit = KIB ** Math.max(0, Math.floor(Math.log(Math.max(max, 1)) / Math.log(KIB)))
  const step = nice(max / unit / Math.max(1, count)) * unit
  const marks: number[] = []
  for (let mark = Math.ceil(min / step) * step; mark <= max; mark += step) marks.push(mark)
  return marks
}

function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999) ?? 10
  return step * power
}

/** About so many marks at whole numbers, at 1, 2 or 5 times a power of ten. */
export function countMarks(min: number, max: number, count: number): number[] {
  const step = Math.max(1, nice(max / Math.max(1, count)))
  const marks: number[] = []
  for (let mark = Math.ceil(min / step) * step; mark <= max; mark += step) marks.push(mark)
  return marks
}

export function sizeLabels(marks: number[]): string[] {
  return marks.map((mark) => formatSize(mark))
}

const SECOND = 1e6
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms * 1000),
  ...[1, 2, 5, 10, 15, 30].map((s) => s * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((min) => min * 60 * SECOND),
  ...[1, 2, 3, 6, 12].map((h) => h * 3600 * SECOND),
  ...[1, 2, 7, 14, 30, 90, 365].map((d) => d * 86400 * SECOND),
]

/** Marks at whole times of the clock, about so many; all in microseconds. */
export function timeMarks(
  from: number,
  to: number,
  count: number,
  clockAt: (time: number) => Clock,
): number[] {
  const wanted = (to - from) / Math.max(1, count)
  const step = STEPS.find((each) => each >= wanted) ?? STEPS[STEPS.length - 1]
  const marks: number[] = []
  let time = from
  while (time <= to) {
    const { ahead } = clockAt(time)
    const mark = Math.ceil((time + ahead) / step) * step - ahead
    if (clockAt(mark).ahead === ahead) {
      if (mark <= to) marks.push(mark)
      time = mark + 1
      continue
    }
    // The clock is changed on the way: go on from there.
    let [low, high] = [time, mark]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (clockAt(middle).ahead === ahead) low = middle
      else high = middle
    }
    time = high
  }
  return marks
}

/** The time of each mark, with as many digits as tell them apart, and the date where it begins. */
export function timeLabels(marks: number[], clockAt: (time: number) => Clock): string[] {
  const step = marks.length > 1 ? marks[1] - marks[0] : SECOND
  return marks.map((mark, i) => {
    const shown = formatTime(mark, { ...clockAt(mark), note: "" })
    const clock = shown.slice(11)
    const text =
      step >= 86400 * SECOND
        ? ""
        : step >= 60 * SECOND
          ? clock.slice(0, 5)
          : step >= SECOND
            ? clock.slice(0, 8)
            : clock
    const date = shown.slice(0, 10)
    const dated = i === 0 || date !== formatTime(marks[i - 1], clockAt(marks[i - 1])).slice(0, 10)
    if (!text) return date
    return dated ? `${text}\n${date}` : text
  })
}
