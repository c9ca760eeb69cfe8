"""What a recorder has done so far, for the status line and the closing line."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import LayoutState, Sample, Totals


@dataclass(slots=True)
class Progress:
    """What the recorder has done so far; highest figures are over all layouts of any process."""

    ticks: int = 0
    skipped: int = 0
    layouts: int = 0
    torn: int = 0
    unchanged: int = 0  # layouts not read because nothing had changed
    not_taken: int = 0  # layouts not read though something had changed: no budget, or not its turn
    waiting: int = 0  # those of them whose turn it was not
    peaks: int = 0  # layouts read between two ticks, because RSS had risen
    processes: int = 0
    highest_rss: int | None = None
    high_water_mark: int | None = None
    latest: Totals | None = None  # of the last layout read
    missed: str | None = None  # what is known of it when the only process has ended

    def count(self, sample: Sample) -> None:
        """Take a sample into account."""
        self.mark(sample.reading.high_water_mark)
        self.not_taken += sample.state is LayoutState.NOT_TAKEN
        if sample.change is None:
            return
        self.layouts += 1
        self.torn += sample.state is LayoutState.TORN
        self.latest = sample.change.totals
        if self.latest.rss is not None:
            self.highest_rss = max(self.latest.rss, self.highest_rss or 0)

    def mark(self, high_water_mark: int | None) -> None:
        """Take a high-water mark into account."""
        if high_water_mark is not None:
            self.high_water_mark = max(high_water_mark, self.high_water_mark or 0)
