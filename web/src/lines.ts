// Lines over time, on the visible span: steps, since a figure holds until the next one is read.

import uPlot from "uplot"
import { timeLabels, timeMarks } from "./axes"
import type { View } from "./view"

export interface Line {
  /** Name of a style's colour. */
  style: string
  /** One value a time; null where nothing was read. */
  values: (number | null)[]
  dash?: number[]
}

export interface Scale {
  /** At least so much is shown. */
  least: number
  marks: (min: number, max: number) => number[]
  labels: (marks: number[]) => string[]
}

/** Draw lines into an element; `times` are UTC microseconds. The caller destroys the last plot. */
export function drawLines(
  view: View,
  chart: HTMLElement,
  times: number[],
  lines: Line[],
  scale: Scale,
): uPlot {
  const { theme, recording } = view
  const { from, to } = view.store.state
  const text = theme.style("--muted")
  const grid = { stroke: theme.style("--grid"), width: 1 }
  const font = "12px system-ui, sans-serif"
  const clockAt = recording.clockAt
  return new uPlot(
    {
      width: chart.clientWidth,
      height: 220,
      ms: 1e-3,
      padding: [10, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [from, to] },
        y: { range: (_, __, max) => [0, Math.max(max, scale.least) * 1.04] },
      },
      axes: [
        {
          ...{ stroke: text, font, grid, ticks: grid, size: 46 },
          splits: (plot) => timeMarks(from, to, plot.width / 130, clockAt),
          values: (_, marks) => timeLabels(marks, clockAt),
        },
        {
          ...{ stroke: text, font, grid, ticks: grid, size: 72 },
          splits: (_, __, min, max) => scale.marks(min, max),
          values: (_, marks) => scale.labels(marks),
        },
      ],
      series: [
        {},
        ...lines.map(({ style, dash }) => ({
          stroke: theme.style(style),
          width: 1.5,
          ...(dash ? { dash } : {}),
          paths: uPlot.paths.stepped!({ align: 1 }),
          points: { show: false },
        })),
      ],
    },
    [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData,
    chart,
  )
}
