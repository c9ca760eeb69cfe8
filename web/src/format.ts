// Figures as a person reads them, as units.py writes them.

const KIB = 1024
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"]
export const ABSENT = "–"

/** So many digits behind the point; halves go to the even digit, as in Python: 2.125 is 2.12. */
function fixed(value: number, digits: number): string {
  const scaled = value * 10 ** digits
  const half = Math.abs(scaled % 1) === 0.5 && Number.isInteger(value * 2 ** (digits + 1))
  return (half ? (2 * Math.round(scaled / 2)) / 10 ** digits : value).toFixed(digits)
}

/** Three significant digits at most, without an exponent: 9.93, 72, 725. */
function significant(value: number): string {
  if (Math.abs(value) >= 100) return fixed(value, 0)
  const exponent = Number(value.toExponential().split("e")[1])
  return String(Number(fixed(value, 2 - exponent)))
}

/** `1.4 GiB`; a dash for what was not told. */
export function formatSize(size: number): string {
  if (Number.isNaN(size)) return ABSENT
  let value = size
  let unit = 0
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    value /= KIB
    unit++
  }
  return `${unit === 0 ? fixed(value, 0) : significant(value)} ${UNITS[unit]}`
}

export function formatChange(size: number): string {
  if (Number.isNaN(size)) return ABSENT
  return size > 0 ? `+${formatSize(size)}` : size < 0 ? `−${formatSize(-size)}` : formatSize(0)
}

/** `541 812`: thousands apart by a narrow blank. */
export function groupDigits(value: number): string {
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f")
}

/** Whole KiB, as the kernel counts, without the unit. */
export function formatKib(size: number): string {
  return Number.isNaN(size) ? ABSENT : groupDigits(Math.floor(size / KIB))
}

export function formatKibChange(size: number): string {
  if (Number.isNaN(size)) return ABSENT
  const text = groupDigits(Math.floor(Math.abs(size) / KIB))
  return size > 0 ? `+${text}` : size < 0 ? `−${text}` : text
}

/** Microseconds -> `2 h 05 min`, `1 min 05 s`, `12.3 s`, `45 ms`. */
export function formatDuration(microseconds: number): string {
  const seconds = microseconds / 1e6
  // The limits are those above which rounding would show 1000 ms and 60.0 s.
  if (microseconds < 1e6 - 500) return `${significant(microseconds / 1e3)} ms`
  if (microseconds < 60e6 - 50_000) return `${fixed(seconds, 1)} s`
  const whole = Number(fixed(seconds, 0))
  const two = (value: number): string => String(value).padStart(2, "0")
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** `7f3a4c000000`: exact, although addresses exceed what doubles count singly (they are aligned). */
export function formatAddress(address: number): string {
  return BigInt(address).toString(16).padStart(8, "0")
}

/**
 * What a clock on the wall shows: by how many microseconds it is ahead of the time axis, summer time
 * and jumps included. `note` is the offset from UTC where it shows the same time twice, else empty.
 */
export interface Clock {
  ahead: number
  note: string
}

/** `2018-08-17T15:58:03.942`, cut (not rounded) to milliseconds. */
export function formatTime(microseconds: number, { ahead, note }: Clock): string {
  const shown = new Date(Math.floor((microseconds + ahead) / 1000))
  return shown.toISOString().slice(0, 23) + note
}

/** `15:58:03.942` */
export function formatClock(microseconds: number, clock: Clock): string {
  return formatTime(microseconds, clock).slice(11)
}
