// The address space as a strip: each mapping where it lies, filled by how much of it is resident.

import { h } from "./dom"
import { formatAddress, formatSize } from "./format"
import { type Entry, processName } from "./model"
import type { View } from "./view"

const ROW = 26 // CSS pixels from row to row
const BAR = 18
const WIDE_GAP = 5
const NARROW_GAP = 2
const MANY_GAPS = 300
const NARROWEST = 2
const MOST_ROWS = 12

const HINT =
  "The address space, by address: filled is resident; width grows with the logarithm of size; gaps are folded (·)."

interface Box {
  entry: Entry
  row: number
  left: number
  width: number
}

/** Where address space is not mapped: drawn as a fold, whatever its size. */
interface Fold {
  row: number
  left: number
  size: number
}

export class Strip {
  readonly element = h("figure", { class: "strip" })
  private readonly canvas = h("canvas", { role: "img", "aria-label": "Address space" })
  private readonly tip = h("figcaption", { class: "tip" })
  private entries: Entry[] = []
  private boxes: Box[] = []
  private folds: Fold[] = []
  private picked: Entry | null = null
  private under: Entry | null = null
  private gap = WIDE_GAP

  constructor(
    private readonly view: View,
    private readonly onPick: (entry: Entry | null) => void,
  ) {
    this.element.append(h("div", { class: "rows" }, this.canvas), this.tip)
    this.canvas.addEventListener("pointermove", (event) => this.hover(event))
    this.canvas.addEventListener("pointerleave", () => this.show(this.entries))
    this.canvas.addEventListener("click", (event) => {
      const box = this.find(event)
      this.picked = box?.entry ?? null
      this.onPick(this.picked)
      this.draw()
    })
    new ResizeObserver(() => this.layOut()).observe(this.element)
  }

  show(entries: Entry[]): void {
    this.entries = entries
    this.under = null
    this.picked = entries.find(({ mapping }) => mapping === this.picked?.mapping) ?? null
    this.element.hidden = this.view.several || !entries.length
    this.layOut()
  }

  pick(entry: Entry): void {
    this.picked = entry
    this.draw()
  }

  /**
   * Sizes span from 4 KiB to terabytes of reserve, so width grows with the logarithm of size; the
   * whole is wrapped into rows like text.
   */
  private layOut(): void {
    const width = this.canvas.clientWidth || this.element.clientWidth
    if (!width || this.element.hidden) return
    const { start, size } = this.view.recording.mapping
    const weights = this.entries.map(({ mapping }) => Math.log2(size[mapping] / 4096 + 1))
    const all = weights.reduce((sum, weight) => sum + weight, 0)
    const gaps = this.entries.filter(
      ({ mapping }, i) => i && start[mapping] !== this.endOf(this.entries[i - 1]),
    ).length
    this.gap = gaps > MANY_GAPS ? NARROW_GAP : WIDE_GAP
    const room = MOST_ROWS * width * 0.9 - this.entries.length * NARROWEST - gaps * this.gap
    const scale = Math.max(0, Math.min(5, room / all))
    this.boxes = []
    this.folds = []
    let row = 0
    let left = 0
    let end = NaN
    for (const [i, entry] of this.entries.entries()) {
      const from = start[entry.mapping]
      const wide = Math.max(NARROWEST, weights[i] * scale)
      const apart = from !== end && !Number.isNaN(end)
      if (left + wide + (apart ? this.gap : 0) > width && left > 0) {
        row++
        left = 0
      } else if (apart) {
        this.folds.push({ row, left, size: from - end })
        left += this.gap
      }
      this.boxes.push({ entry, row, left, width: wide })
      left += wide
      end = from + size[entry.mapping]
    }
    const height = (row + 1) * ROW - (ROW - BAR)
    const ratio = devicePixelRatio
    this.canvas.style.height = `${height}px`
    this.canvas.width = Math.round(width * ratio)
    this.canvas.height = Math.round(height * ratio)
    this.draw()
  }

  private endOf({ mapping }: Entry): number {
    const { start, size } = this.view.recording.mapping
    return start[mapping] + size[mapping]
  }

  private draw(): void {
    const context = this.canvas.getContext("2d")
    if (!context) return
    const { recording, theme } = this.view
    const rss = recording.figure("rss")
    const ratio = devicePixelRatio
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, this.canvas.width, this.canvas.height)
    for (const { entry, row, left, width } of this.boxes) {
      const top = row * ROW
      const inner = Math.max(1, width - (width > 3 ? 0.75 : 0.25))
      const share = Math.min(1, rss[entry.usage] / recording.mapping.size[entry.mapping]) || 0
      // Anything that is resident shows at least a hair.
      const filled = share ? Math.max(1, share * BAR) : 0
      context.fillStyle = theme.colour(recording.kindOf(entry.mapping).colours)
      context.globalAlpha = 0.2
      context.fillRect(left, top, inner, BAR)
      context.globalAlpha = 1
      context.fillRect(left, top + BAR - filled, inner, filled)
      if (entry === this.picked || entry === this.under) {
        context.strokeStyle = theme.style("--text")
        context.lineWidth = 2
        context.strokeRect(left - 1, top + 1, inner + 2, BAR - 2)
      }
    }
    context.fillStyle = theme.style("--faint")
    for (const { row, left } of this.folds)
      context.fillRect(left + this.gap / 2 - 0.75, row * ROW + BAR / 2 - 0.75, 1.5, 1.5)
    this.describe()
  }

  private describe(): void {
    const entry = this.under ?? this.picked
    this.tip.textContent = entry ? this.words(entry) : HINT
    this.tip.classList.toggle("hint", !entry)
  }

  private words(entry: Entry): string {
    const { recording, several } = this.view
    const { mapping, usage } = entry
    const start = recording.mapping.start[mapping]
    const size = recording.mapping.size[mapping]
    const path = recording.pathOf(mapping)
    return [
      ...(several ? [processName(entry.process)] : []),
      `${formatAddress(start)}-${formatAddress(start + size)} ${recording.permissionsOf(mapping)}`,
      recording.kindOf(mapping).name,
      ...(path ? [path] : []),
      `${formatSize(recording.figure("rss")[usage])} of ${formatSize(size)} resident`,
      `PSS ${formatSize(recording.figure("pss")[usage])}`,
    ].join(" · ")
  }

  private find({ offsetX, offsetY }: MouseEvent): Box | undefined {
    const row = Math.floor(offsetY / ROW)
    return this.boxes.find(
      (box) => box.row === row && offsetX >= box.left && offsetX < box.left + box.width,
    )
  }

  private hover(event: PointerEvent): void {
    const box = this.find(event)
    if ((box?.entry ?? null) === this.under) return
    this.under = box?.entry ?? null
    this.draw()
    if (!box) this.describeFold(event)
  }

  private describeFold({ offsetX, offsetY }: PointerEvent): void {
    const row = Math.floor(offsetY / ROW)
    const fold = this.folds.find(
      (each) => each.row === row && offsetX >= each.left && offsetX < each.left + this.gap,
    )
    if (fold) this.tip.textContent = `not mapped: ${formatSize(fold.size)}`
  }
}
