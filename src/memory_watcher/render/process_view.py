"""What memory-peak shows of one process: facts and what was derived from them."""

from __future__ import annotations

from typing import NamedTuple

from ..analysis.assurance import Gap
from ..analysis.peak import Breakdown
from ..analysis.roles import Role
from ..model import Reading
from ..recorded import RssFacts
from ..store.results import HighWaterMark, Measurement, RecordedProcess


class ProcessView(NamedTuple):
    """One process at one measurement.

    `is_peak` tells a peak from a moment that was asked for; `process_memory` is the figure by
    which the peak was chosen (pss, rss, statm), `instead` why it is not the one asked for;
    `highest` is the measurement with the highest RSS of all layouts, None if none tells RSS, and
    `gap` says whether a higher one was missed, as far as that is `known`.
    `most_mappings` is the machine's limit, `before` the reading before and how long ago that was.
    """

    process: RecordedProcess
    role: Role
    measurement: Measurement
    is_peak: bool
    process_memory: str
    breakdown: Breakdown
    mark: HighWaterMark | None
    gap: Gap
    known: RssFacts
    highest: Measurement | None
    instead: str | None = None
    most_mappings: int | None = None
    before: tuple[Reading, int] | None = None
