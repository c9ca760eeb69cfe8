// Decodes the data of a report: the other half of src/memory_watcher/report/packing.py.

/** Values of one column; NaN is what was not told. */
export type Column = Float64Array

/** Where a column lies: offset, count, planes, common factor, offset of the mask or -1. */
type Description = [number, number, number, number, number]

export interface Payload<Header> {
  header: Header
  column(name: string): Column
}

export async function unpack<Header>(text: string): Promise<Payload<Header>> {
  const bytes = await inflate(fromBase64(text))
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size))) as Header & {
    columns: Record<string, Description>
  }
  const block = bytes.subarray(4 + size)
  return {
    header,
    column(name) {
      const description = header.columns[name]
      if (!description) throw new Error(`the report lacks the column ${name}`)
      return decode(block, description)
    },
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text)
  const bytes = new Uint8Array(characters.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i)
  return bytes
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

function decode(block: Uint8Array, [offset, count, planes, unit, mask]: Description): Column {
  const values = new Float64Array(count)
  let weight = 1
  for (let plane = 0; plane < planes; plane++, weight *= 256) {
    const start = offset + plane * count
    for (let i = 0; i < count; i++) values[i] += block[start + i] * weight
  }
  let sum = 0
  for (let i = 0; i < count; i++) {
    const zigzag = values[i]
    // Plain arithmetic: bit operators would cut to 32 bits.
    sum += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    values[i] = sum * unit
  }
  if (mask >= 0) for (let i = 0; i < count; i++) if (block[mask + i]) values[i] = NaN
  return values
}

/** Undo `relative` of columns.py: add what a column was stored relative to. */
export function absolute(column: Column, ...bases: Column[]): Column {
  for (const base of bases) {
    for (let i = 0; i < column.length; i++) column[i] += base[i] || 0
  }
  return column
}
