"""What is known of a higher RSS than that of a process's highest layout, for all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..analysis.assurance import Gap
    from ..recorded import RssFacts
    from ..store.recording import Recording
    from ..store.results import HighWaterMark, Measurement, RecordedProcess


class Assurance(NamedTuple):
    """The measurement with the highest RSS of all layouts, and whether a higher one was missed.

    It is None where the kernel reports no RSS of mappings.
    """

    highest: Measurement | None
    mark: HighWaterMark | None
    known: RssFacts
    gap: Gap

    @property
    def missed(self) -> str | None:
        """What was missed, in words; None if nothing certainly was."""
        from ..analysis.assurance import Verdict
        from ..render.assurance_text import missed

        if self.gap.verdict is not Verdict.HIGHER:
            return None
        return missed(self.gap, self.known, self.mark)


def assurance_of(recording: Recording, process: RecordedProcess) -> Assurance:
    """Ask a recording.

    Raises SelectionError if there is no layout.
    """
    from ..analysis.assurance import judge
    from ..model import LayoutState

    told = recording.told_figures(process.id)
    highest = None if told and "rss" not in told else recording.peak(process.id, "rss")
    known = recording.rss_facts(process)
    rss = highest.totals.rss if highest and highest.totals else None
    is_torn = highest is not None and highest.state is LayoutState.TORN
    gap = judge(known, rss, is_torn=is_torn)
    return Assurance(highest, recording.high_water_mark(process.id), known, gap)
