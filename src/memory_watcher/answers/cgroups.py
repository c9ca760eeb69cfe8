"""The memory of the control group beside that of its processes: at a moment, at its highest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from ..analysis.cgroup_limits import Limit, limit_of
from ..analysis.cgroup_parts import parts
from ..errors import SelectionError
from ..message import Named, Setting
from ..procfs.cgroup import Cgroup, parse_memberships
from ..recorded import RecordedProcess, RecordedRun
from ..store.recording import Recording
from .moment import Moment

#: By this name a user asks for the moment at which a cgroup's memory was highest.
FIGURE = "cgroup"
CGROUP_PEAK = "cgroup peak"
_LAST = 2**62


class CgroupAt(NamedTuple):
    """A cgroup at a tick: its path, and its figures by their names in metrics.CGROUP.

    Of a limit None says that there is none; of another figure, that it could not be read any more.
    `events` are the last counts that the run read, whatever the tick: its end is part of the story.
    """

    path: str
    figures: dict[str, int | None]
    events: Mapping[str, int] = MappingProxyType({})

    def limit(self, name: str = "max") -> Limit | None:
        """The limit that holds, its own or one above: see metrics.CGROUP_LIMITS."""
        return limit_of(self.figures, name)


class Judge(NamedTuple):
    """What the kernel says of a cgroup: its highest figure until the end, and that at the tick."""

    path: str
    peak: int
    current: int | None


class CgroupPeak(NamedTuple):
    """Where a cgroup's memory was highest of all that was read: path, tick, bytes."""

    path: str
    tick: int
    size: int


class CgroupStory(NamedTuple):
    """A cgroup over time: parallel sequences, an item for each tick at which anything changed.

    `times` are places on the recording's axis, each stands up to the one in `until`. `current` is
    the memory in use, `kept` the same without page cache, `limits` what it may have at most: bytes;
    None where it was not told, or there is no limit.
    """

    path: str
    times: tuple[int, ...]
    until: tuple[int, ...]
    current: tuple[int | None, ...]
    kept: tuple[int | None, ...]
    limits: tuple[Limit | None, ...]

    @property
    def limit(self) -> tuple[int | None, ...]:
        """The limits alone."""
        return tuple(None if each is None else each.size for each in self.limits)

    @property
    def highest(self) -> int:
        """The highest memory in use of all that was read; 0 if none was."""
        return max((size for size in self.current if size is not None), default=0)


def stories(
    recording: Recording, process: RecordedProcess | None = None
) -> tuple[CgroupStory, ...]:
    """Each recorded cgroup over time, the largest first; with a process, those that it is in."""
    place_of = {row.tick: row.time for row in recording.tick_rows()}
    found = [
        _story(recording, path, number, place_of)
        for number, version, path in recording.cgroups()
        if process is None or _is_in(process, version, path)
    ]
    return tuple(sorted((each for each in found if each.times), key=lambda each: -each.highest))


def _story(recording: Recording, path: str, number: int, place_of: dict[int, int]) -> CgroupStory:
    points: list[tuple[int, int, int | None, int | None, Limit | None]] = []
    by_tick = [
        (tick, {row.field: row.value for row in rows})
        for tick, rows in groupby(recording.cgroup_rows(number), key=lambda row: row.tick)
        if tick in place_of
    ]
    for run in recording.runs():
        told: dict[str, int | None] = {}
        of_run = [each for each in by_tick if run.first_tick <= each[0] <= _last(run)]
        following = [*(place_of[tick] for tick, _ in of_run[1:]), _end(run, place_of)]
        for (tick, changes), until in zip(of_run, following, strict=False):
            told |= changes
            current, cache = told.get("current"), _cache(told)
            kept = None if current is None or cache is None else max(current - cache, 0)
            points.append((place_of[tick], until, current, kept, limit_of(told)))
    return CgroupStory(path, *zip(*points, strict=True)) if points else _EMPTY._replace(path=path)


def _end(run: RecordedRun, place_of: Mapping[int, int]) -> int:
    """Where the last tick of a run ceases to stand: a period later, or as the next run begins."""
    last = max(
        (place for tick, place in place_of.items() if run.first_tick <= tick <= _last(run)),
        default=0,
    )
    later = [place for tick, place in place_of.items() if tick > _last(run)]
    return min([last + (run.period_ns or 0), *later])


_EMPTY = CgroupStory("", (), (), (), (), ())


def _cache(figures: dict[str, int | None]) -> int | None:
    return next((part.size for part in parts(figures) if part.key == "cache"), None)


def cgroups_at(
    recording: Recording, run: RecordedRun, tick: int, process: RecordedProcess | None = None
) -> tuple[CgroupAt, ...]:
    """The cgroups that a run recorded, at one of its ticks; with a process, those that it is in."""
    return tuple(
        CgroupAt(path, figures, recording.cgroup_events(number, run.first_tick, _last(run)))
        for number, version, path in recording.cgroups()
        if process is None or _is_in(process, version, path)
        if (figures := recording.cgroup_figures(number, run.first_tick, tick))
    )


def judges(
    recording: Recording, run: RecordedRun, tick: int, process: RecordedProcess | None = None
) -> Iterator[Judge]:
    """What the kernel kept of the highest memory of each cgroup that a run recorded."""
    for number, version, path in recording.cgroups():
        if process is not None and not _is_in(process, version, path):
            continue
        peak = _highest_peak(recording, number, run)
        current = recording.cgroup_figures(number, run.first_tick, tick).get("current")
        if peak is not None:
            yield Judge(path, peak, current)


def _highest_peak(recording: Recording, number: int, run: RecordedRun) -> int | None:
    """What the kernel kept, also of a cgroup that was removed before the run ended."""
    told = [
        row.value
        for row in recording.cgroup_rows(number)
        if row.field == "peak" and row.value is not None
        if run.first_tick <= row.tick <= _last(run)
    ]
    return max(told, default=None)


def risen(recording: Recording, number: int, run: RecordedRun) -> dict[str, int]:
    """How often each event of a cgroup came while a run recorded it.

    One that was removed and made again counts from 0 then.
    """
    before: dict[str, int | None] = {}
    found: dict[str, int] = {}
    for tick, name, count in recording.cgroup_rows(number):
        if not name.startswith("events.") or not run.first_tick <= tick <= _last(run):
            continue
        if count is not None:
            last = before.get(name, count) or 0
            found[name] = found.get(name, 0) + (count - last if count >= last else count)
        before[name] = count
    return found


def run_of(recording: Recording, tick: int) -> RecordedRun:
    """The run that a tick is of."""
    return [each for each in recording.runs() if each.first_tick <= tick][-1]


def highest(recording: Recording, process: RecordedProcess | None = None) -> CgroupPeak | None:
    """The highest memory of a cgroup in the last run that recorded one; with a process, of its own.

    None if no cgroup was recorded.
    """
    for run in reversed(recording.runs()):
        found = [
            CgroupPeak(path, tick, size)
            for number, version, path in recording.cgroups()
            if process is None or _is_in(process, version, path)
            for tick, name, size in recording.cgroup_rows(number)
            if name == "current" and size is not None
            if run.first_tick <= tick <= _last(run)
        ]
        if found:
            return max(found, key=lambda each: (each.size, -each.tick))
    return None


def moment_of_peak(recording: Recording, process: RecordedProcess | None = None) -> Moment:
    """The moment at which the cgroup's memory was highest. Raises SelectionError."""
    found = highest(recording, process)
    if found is None:
        raise SelectionError(
            f"{recording.path}: no memory of a cgroup was recorded",
            Named(Setting.FIGURE, "", "; choose another figure with {}"),
            "; it is recorded for one process, a command, a cgroup, a container or a unit",
        )
    return Moment("tick", found.tick, CGROUP_PEAK)


def _last(run: RecordedRun) -> int:
    return _LAST if run.last_tick is None else run.last_tick


def _is_in(process: RecordedProcess, version: int, path: str) -> bool:
    """Whether a process was in a cgroup, as it is stored, when it was first seen."""
    controller, colon, below = path.partition(":")
    cgroup = Cgroup(None, path) if version == 2 or not colon else Cgroup(controller, below)
    memberships = parse_memberships((process.cgroup or "").encode("utf-8", "surrogateescape"))
    return any(map(cgroup.holds, memberships))
