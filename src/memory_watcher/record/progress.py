"""What a recorder has done so far, for the status line and the closing line."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import LayoutState, Sample, Totals


@dataclass(slots=True)
class Progress:
    """What the recorder has done so far; highest figures are over all processes."""

    ticks: int = 0
    skipped: int = 0
    fast_passes: int = 0  # between ticks
    layouts: int = 0
    torn: int = 0
    unchanged: int = 0  # layouts not read because nothing had changed
    not_taken: int = 0  # layouts not read though something had changed: no budget, or not its turn
    waiting: int = 0  # those of them whose turn it was not
    too_slow: int = 0  # those of them that would hold their process up for too long
    peaks: int = 0  # layouts read between two ticks, because RSS had risen
    refused: int = 0  # layouts that the kernel does not show, or that hold no sense
    is_denied: bool = False  # some of them for want of a right
    processes: int = 0
    living: int = 0  # those of them that are recorded now
    newcomers: int = 0  # those of these that wait for their first layouts
    highest_rss: int | None = None
    high_water_mark: int | None = None
    latest: Totals | None = None  # of the last layout read
    missed: str | None = None  # what is known of it when the only process has ended

    @property
    def lacks_all_layouts(self) -> bool:
        """Whether there were processes, and of none of them a layout could be read."""
        return self.layouts == 0 and self.refused > 0

    def count(self, sample: Sample) -> None:
        """Take a sample into account."""
        self.mark(sample.reading.high_water_mark)
        self.refused += sample.state.is_unreadable
        self.is_denied |= sample.state is LayoutState.NO_PERMISSION
        self.not_taken += sample.state is LayoutState.NOT_TAKEN
        # Where there is no layout, or none that tells RSS (WSL1's), statm does.
        rss = sample.reading.resident if sample.state is not LayoutState.NOT_TAKEN else None
        if sample.change is not None:
            self.layouts += 1
            self.torn += sample.state is LayoutState.TORN
            self.latest = sample.change.totals
            rss = rss if self.latest.rss is None else self.latest.rss
        if rss is not None:
            self.highest_rss = max(rss, self.highest_rss or 0)

    def mark(self, high_water_mark: int | None) -> None:
        """Take a high-water mark into account."""
        if high_water_mark is not None:
            self.high_water_mark = max(high_water_mark, self.high_water_mark or 0)
