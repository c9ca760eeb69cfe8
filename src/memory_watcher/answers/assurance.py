"""What is known of a higher RSS than that of a process's highest layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..analysis.assurance import Gap, judge
from ..model import LayoutState
from ..recorded import HighWaterMark, Measurement, RecordedProcess, RssFacts

if TYPE_CHECKING:
    from ..store.recording import Recording


class Assurance(NamedTuple):
    """The measurement with the highest RSS of all layouts, and whether a higher one was missed.

    It is None where there is no layout, or where the kernel reports no RSS of mappings.
    """

    highest: Measurement | None
    mark: HighWaterMark | None
    known: RssFacts
    gap: Gap


def assurance_of(recording: Recording, process: RecordedProcess) -> Assurance:
    """Ask a recording. Every medium that says what was missed asks here."""
    told = recording.told_figures(process.id)
    highest = recording.peak(process.id, "rss") if "rss" in told else None
    known = recording.rss_facts(process)
    rss = highest.totals.rss if highest and highest.totals else None
    is_torn = highest is not None and highest.state is LayoutState.TORN
    gap = judge(known, rss, is_torn=is_torn)
    return Assurance(highest, recording.high_water_mark(process.id), known, gap)
