r"""A database as the original memory-watcher of 2021 wrote it, for its own tools and for scripts.

It has every layout with all mappings: their RSS and PSS, statm, and /proc/meminfo, in KiB. All that
was read at one tick bears the tick's time, as there. What the original could not read, or found to
be a kernel thread, it wrote as a row of zeros. Readings without a layout that was wanted are left
out: a zero would be no truth. What is no UTF-8 in a name is written as \xNN.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..answers.walk import POSITIONS, Group, Instant, Walk
from ..model import LayoutState
from ..recorded import Measurement, RecordedProcess
from ..store.original import Id
from ..store.original_writer import OriginalFigures, OriginalWriter, original_writer
from .machine import machine_moments
from .request import Request

_RSS, _PSS = POSITIONS["rss"], POSITIONS["pss"]
_KIB = 10


def write_database(request: Request, path: str) -> None:
    """Write all tables into an empty file. Raises OSError."""
    with original_writer(path, request.zone) as out:
        for process in request.processes:
            _Layouts(request, process, out).write()
        for moment in machine_moments(request):
            told = {name: value >> _KIB for name, value in moment.values.items()}
            out.system_memory(request.recording.tick_time(moment.tick), told)


class _Layouts:
    """The measurements of one process."""

    def __init__(self, request: Request, process: RecordedProcess, out: OriginalWriter) -> None:
        self._request, self._process, self._out = request, process, out
        names = request.names
        start_time = names.start_time(process.start_time)
        self._id = out.process(
            process.pid,
            process.id if start_time is None else start_time,
            names.program(process.name),
        )
        self._known: dict[Group, Id] = {}
        self._living: dict[Group, tuple[Id, int, int]] = {}

    def write(self) -> None:
        """Write them in order of time."""
        walk = iter(Walk(self._request.recording, self._process, "mapping", self._request.places))
        count = self._request.recording.reading_count(self._process.id)
        for number, measurement in enumerate(self._request.measurements(self._process), 1):
            if number % 256 == 1:
                self._request.tell(f"PID {self._process.pid}, layout", number, max(count, number))
            if measurement.keyframe is not None:
                self._write_layout(measurement, walk)
            elif measurement.state is not LayoutState.NOT_TAKEN:
                self._measurement(measurement, 0, 0)

    def _write_layout(self, measurement: Measurement, walk: Iterator[Instant]) -> None:
        for group in next(walk).changed:
            sums = group.sums()
            if sums is None:
                self._living.pop(group, None)
            else:
                rss, pss = sums.figures[_RSS] or 0, sums.figures[_PSS] or 0
                self._living[group] = self._range(group), rss >> _KIB, pss >> _KIB
        rows = self._living.values()
        rss_sum, pss_sum = sum(row[1] for row in rows), sum(row[2] for row in rows)
        self._out.data(self._measurement(measurement, rss_sum, pss_sum), rows)

    def _range(self, group: Group) -> Id:
        known = self._known.get(group)
        if known is None:
            assert group.mapping is not None
            name = self._request.names.path(group.mapping.pathname)
            known = self._known[group] = self._out.memory_range(self._id, group.mapping, name)
        return known

    def _measurement(self, measurement: Measurement, rss_sum: int, pss_sum: int) -> Id:
        read = measurement.reading
        size, resident, shared, text, data = (
            (figure or 0) >> _KIB
            for figure in (read.size, read.resident, read.shared, read.text, read.data)
        )
        return self._out.measurement(
            self._id,
            self._request.recording.tick_time(measurement.tick),
            OriginalFigures(
                *(rss_sum, pss_sum, read.oom_score or 0, read.oom_score_adj or 0),
                (size, resident, shared, text, data),
            ),
        )
