// Which rows of a table are shown, and in which order.

/** The rows that have all of these words in their text, whatever their case. */
export function matching<Row>(rows: Row[], text: (row: Row) => string, filter: string): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.length) return [...rows]
  return rows.filter((row) => {
    const inside = text(row).toLowerCase()
    return words.every((word) => inside.includes(word))
  })
}

/** The rows by a value of each; what was not told (NaN) comes last in either direction. */
export function inOrder<Row>(
  rows: Row[],
  sortedBy: (row: Row) => number | string,
  ascending: boolean,
): Row[] {
  const direction = ascending ? 1 : -1
  const keyed = rows.map((row) => ({ row, value: sortedBy(row) }))
  keyed.sort((one, other) => {
    const [a, b] = [one.value, other.value]
    if (typeof a === "string" || typeof b === "string")
      return direction * (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0)
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    return direction * (a - b)
  })
  return keyed.map(({ row }) => row)
}
