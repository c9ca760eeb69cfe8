"""Make the picture of docs/growth.md: what each verdict looks like.

    python docs/growth_pictures.py           write docs/images/growth.svg

The series are those that the tests judge, and the words and lines are what the code says of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.unit.analysis import series  # noqa: E402
from tests.unit.analysis.series import Shape  # noqa: E402

from memory_watcher.analysis.verdicts import Verdict, judge  # noqa: E402
from memory_watcher.units import SECOND, format_size  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "growth.svg"
PANELS: Sequence[tuple[Shape, str]] = (
    (series.flat, "noise"),
    (series.sawtooth, "a collector's sawtooth"),
    (series.late_spike, "a late spike"),
    (series.sawtooth_with_leak, "a sawtooth on a leak"),
    (series.staircase, "a staircase"),
    (series.late_leak, "a leak that begins late"),
    (series.step, "one step"),
    (series.warm_up, "a warm-up"),
    (series.leak_that_stops, "a leak that stops"),
    (series.freed, "grown, then freed"),
    (series.random_walk, "a random walk"),
    (series.slow_leak, "a slow leak in noise"),
)
POINTS, SPAN_S = 1200, 1200
WIDTH, HEIGHT, PAD, TEXT, COLUMNS = 260, 90, 14, 36, 3
STYLE = (
    "text{font:13px sans-serif;fill:#222}.w{font-weight:bold}"
    ".l{fill:none;stroke:#4878a8;stroke-width:1}.b{fill:none;stroke:#c03030;stroke-width:1.5;"
    "stroke-dasharray:4 3}.p{fill:#fff;stroke:#ccc}"
)


def panel(number: int, shape: Shape, title: str) -> str:
    """One series with its verdict."""
    times = [at * SPAN_S * SECOND // POINTS for at in range(POINTS)]
    values = series.series(shape, 3, POINTS)
    verdict = judge(times, values)
    left = PAD + number % COLUMNS * (WIDTH + PAD)
    top = PAD + number // COLUMNS * (HEIGHT + TEXT + PAD)
    low, high = min(values), max(values)

    def y(value: float) -> float:
        return top + TEXT + HEIGHT - 4 - (value - low) / (high - low) * (HEIGHT - 8)

    line = " ".join(
        f"{left + at * WIDTH / POINTS:.1f},{y(value):.1f}" for at, value in enumerate(values)
    )
    begin = ""
    if verdict.since_ns is not None:
        x = left + verdict.since_ns / (SPAN_S * SECOND) * WIDTH
        begin = f'<path class="b" d="M{x:.1f} {top + TEXT}v{HEIGHT}"/>'
    return (
        f'<text x="{left}" y="{top + 14}">{title}</text>'
        f'<text class="w" x="{left}" y="{top + 30}">{words(verdict)}</text>'
        f'<rect class="p" x="{left}" y="{top + TEXT}" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<polyline class="l" points="{line}"/>{begin}'
    )


def words(verdict: Verdict) -> str:
    """The word, and the rate of what grows or the time that is lacking."""
    if verdict.word.value == "growing":
        return f"growing, {format_size(verdict.rate)} an hour"
    if verdict.needed_ns is not None:
        return f"{verdict.word.value}: needs {verdict.needed_ns // (60 * SECOND)} min"
    return verdict.word.value


def main() -> None:
    """Write it."""
    rows = -(-len(PANELS) // COLUMNS)
    width = PAD + COLUMNS * (WIDTH + PAD)
    height = PAD + rows * (HEIGHT + TEXT + PAD)
    panels = "\n".join(panel(number, *each) for number, each in enumerate(PANELS))
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}"><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fafafa"/>\n{panels}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
