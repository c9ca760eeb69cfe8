"""What is to be exported, as every format gets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from ..answers.moment import PEAK, Moment
from ..answers.walk import By
from ..recorded import Measurement, RecordedProcess
from ..store.recording import Recording
from ..store.steps import Steps, silently
from .names import Names

#: A row for each change of a group, valid from one time to another; or one at each layout.
Rows = Literal["changes", "ticks"]


@dataclass(frozen=True, slots=True)
class Request:
    """Which processes of a recording, grouped how, and what of their time.

    Of a history `rows` and `places`: the span on the recording's axis, None for all. Of a moment
    `at`, and `base`, from which on the difference is meant. `zone` is that of local times, None:
    this machine's. `tell` is told how far it is.
    """

    recording: Recording
    processes: Sequence[RecordedProcess]
    names: Names
    by: By
    rows: Rows = "changes"
    places: tuple[int | None, int | None] = (None, None)
    at: Moment = PEAK
    base: Moment | None = None
    zone: tzinfo | None = None
    tell: Steps = silently

    def covers(self, place: int) -> bool:
        """Whether a place on the recording's axis, ns, is in the span that is asked for."""
        first, last = self.places
        return (first is None or place >= first) and (last is None or place <= last)

    def measurements(self, process: RecordedProcess) -> Iterator[Measurement]:
        """Those of a process in that span, with or without a layout."""
        axis = self.recording.axis
        for measurement in self.recording.measurements(process.id):
            if self.covers(axis.place(measurement.tick, measurement.time)):
                yield measurement
