"""What a dataset gets of a recording: its rows of one day, table by table."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from ..analysis.identity import identify
from ..answers.layouts import attributed
from ..answers.places import place_of
from ..answers.walk import FIGURES, Walk
from ..export.columns import shown
from ..export.rows import changes
from ..model import LayoutState, is_gate, size_beside
from ..recorded import (
    Day,
    DayFigures,
    KeptLayout,
    MeminfoRow,
    RecordedExit,
    RecordedProcess,
    RecordedRun,
)
from ..store.recording import Recording
from ..units import SECOND
from .names import day_of
from .schema import MEMINFO

Row = tuple[object, ...]

#: What a hash is of, beside a number that must not be told: as sd_id128_get_machine_app_specific.
_APPLICATION = b"memory-watcher fleet"
_TICK_NS = SECOND // 100  # of a process's start time
_MINUTE = 60 * SECOND
_SHOWN_FIGURES = tuple(metric.name for metric in FIGURES)
_WORDS = 2**63


@dataclass(frozen=True)
class Told:
    """What is told besides the recording: labels, and of how long a time one layout is kept."""

    labels: Mapping[str, str] = field(default_factory=dict)
    every_ns: int = _MINUTE


class Member:
    """A process that was read on a day: its figures, and the layouts that are kept."""

    def __init__(
        self, process: RecordedProcess, figures: DayFigures, kept: Sequence[KeptLayout]
    ) -> None:
        self.process = process
        self.figures = figures
        self.ticks = [each.tick for each in kept]
        self.peak = max(
            kept,
            key=lambda each: (each.state is not LayoutState.TORN, each.size, -each.tick),
            default=None,
        )


class Unit:
    """The rows of one recording and day; each table is read when it is asked for."""

    def __init__(self, recording: Recording, day: Day, told: Told) -> None:
        self._recording, self._day, self._told = recording, day, told
        self._runs = [
            run
            for run in recording.runs()
            if run.first_tick <= day.last_tick
            and (run.last_tick is None or run.last_tick >= day.first_tick)
        ]
        self._exits: Mapping[int, RecordedExit] = recording.exits()

    @cached_property
    def recording_id(self) -> str:
        """The same for as long as the recording grows, wherever it lies: 16 digits."""
        return _hash(self._recording.secret(), b"recording")[:16]

    @property
    def date(self) -> date:
        """Its day."""
        return day_of(self._day.number)

    @property
    def last_tick(self) -> int:
        """The last tick: what has a higher one replaces this."""
        return self._day.last_tick

    @property
    def hostname(self) -> str | None:
        """What the machine calls itself, as it is."""
        return self._run.machine.hostname if self._run else None

    @cached_property
    def fingerprint(self) -> str:
        """Equal for what is equal: a day that has nothing new is not written again."""
        last = self._day.last_tick
        runs = [run.id for run in self._runs if self._has_ended(run)]
        there = [each.ended and (each.end_tick or 0) <= last for each in self._living()]
        facts = (self._day, runs, there, sorted(self._told.labels.items()), self._told.every_ns)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]

    def rows(self, table: str, added_ns: int) -> Iterator[Row]:
        """The rows of a table."""
        if table == "hosts":
            return iter([self._host(added_ns)])
        return {
            "processes": self._processes,
            "changes": self._changes,
            "peaks": self._peaks,
            "system": self._system,
        }[table]()

    # Who was there

    def _has_ended(self, run: RecordedRun) -> bool:
        return run.last_tick is not None and run.last_tick <= self._day.last_tick

    @property
    def _run(self) -> RecordedRun | None:
        return self._runs[-1] if self._runs else None

    @cached_property
    def _members(self) -> list[Member]:
        found = []
        for process in self._living():
            figures = self._recording.day_figures(process.id, self._day)
            if figures is not None:
                kept = self._recording.kept_layouts(process.id, self._day, self._told.every_ns)
                found.append(Member(process, figures, kept))
        return found

    def _living(self) -> Iterator[RecordedProcess]:
        for process in self._every:
            first, last = process.first_tick, process.end_tick
            if (first is None or first <= self._day.last_tick) and (
                last is None or last >= self._day.first_tick
            ):
                yield process

    @cached_property
    def _every(self) -> list[RecordedProcess]:
        return self._recording.processes()

    @cached_property
    def _begin(self) -> Row:
        """What every row begins with."""
        return self.date, self.recording_id, shown(self.hostname)

    def _who(self, process: RecordedProcess, tick: int) -> Row:
        image = process.image_at(tick)
        name = image.name if image else ""
        exe = image.exe if image else None
        program = (exe or name).removesuffix(" (deleted)")
        return process.id, process.pid, shown(name), shown(program)

    @cached_property
    def _boots(self) -> dict[int, int]:
        """When machines were booted, UTC, by run: as the first tick's clocks tell."""
        found: dict[int, int] = {}
        for row in self._recording.own_cpu():
            found.setdefault(row.run_id, row.time - row.monotonic_ns)
        return found

    def _started(self, process: RecordedProcess) -> int | None:
        """When a process started: by the boot's clock; seen to start, no later than that."""
        first = process.first_tick
        run = next((run for run in reversed(self._runs) if first and run.first_tick <= first), None)
        boot = self._boots.get(run.id) if run else next(iter(self._boots.values()), None)
        if boot is None:
            return None
        started = boot + process.start_time * _TICK_NS
        return started if process.first_seen is None else min(started, process.first_seen)

    # The tables

    def _processes(self) -> Iterator[Row]:
        containers = self._recording.containers()
        for member in self._members:
            process, figures = member.process, member.figures
            place = place_of(process, containers)
            told = place.told
            names: tuple[str | None, ...] = (None,) * 4
            if told is not None:
                names = (told.name, told.image, told.pod, told.namespace)
            container = None if place.container is None else place.container.id
            ended = process.ended and (process.end_tick or 0) <= self._day.last_tick
            exit_ = self._exits.get(process.id) if ended else None
            peak = member.peak
            yield (
                *self._begin,
                *self._who(process, self._day.last_tick),
                *(process.start_time, self._started(process), process.parent_pid, process.uid),
                self._build_of(process),
                *(shown(text) for text in (container, *names, place.unit)),
                *(figures.first_ns, figures.last_ns, ended),
                *(None if exit_ is None else exit_.code, None if exit_ is None else exit_.signal),
                *(figures.readings, figures.layouts, figures.max_rss, figures.high_water_mark),
                peak.size if peak is not None and peak.figure == "pss" else None,
                *(figures.max_uss, figures.max_swap, figures.max_mappings),
                None if peak is None else self._time_of(process, peak.tick),
            )

    def _build_of(self, process: RecordedProcess) -> str | None:
        """The build ID of what a process executes; None if another took its name meanwhile."""
        image = process.image_at(self._day.last_tick)
        builds = self._builds.get(image.exe or "", frozenset()) if image else frozenset()
        return next(iter(builds)) if len(builds) == 1 else None

    @cached_property
    def _builds(self) -> dict[str, frozenset[str]]:
        return self._recording.builds_by_path()

    def _time_of(self, process: RecordedProcess, tick: int) -> int:
        return self._recording.measurement_at(process.id, tick).time

    def _changes(self) -> Iterator[Row]:
        for member in self._members:
            process = member.process
            if not member.ticks:
                continue
            walk = Walk(self._recording, process, "name", with_builds=True, ticks=member.ticks)
            started = self._started(process)
            for row in changes(process, walk, walk):
                group, sums = row.group, row.sums
                yield (
                    *self._begin,
                    *self._who(process, row.first_tick),
                    *(started, row.first_ns, row.last_ns, row.state.label),
                    *(group.kind.value, shown(group.name), group.build_id),
                    *(sums.mappings, sums.size, *sums.figures),
                )

    def _peaks(self) -> Iterator[Row]:
        for member in self._members:
            if member.peak is None:
                continue
            process, peak = member.process, member.peak
            measurement = self._recording.measurement_at(process.id, peak.tick)
            builds = self._recording.build_ids(process.id)
            who = self._who(process, peak.tick)
            for entry, attribution in attributed(self._recording, measurement):
                header, usage = entry.mapping, entry.usage
                size = 0 if is_gate(header) else size_beside(usage.other, header.size)
                yield (
                    *self._begin,
                    *who,
                    *(measurement.time, peak.state.label, peak.figure),
                    attribution.kind.value,
                    shown(identify(header, attribution, "name").name),
                    builds.get((header.dev, header.inode)),
                    *(_signed(header.start), size, header.perms, _signed(header.offset)),
                    shown(header.pathname),
                    *(getattr(usage, name) for name in _SHOWN_FIGURES),
                )

    def _system(self) -> Iterator[Row]:
        lines = tuple(MEMINFO.values())
        values = self._recording.meminfo_before(self._day, lines)
        lowest: tuple[int, Row] | None = None  # of the minute: what was available, the row
        minute = run = None
        rows = self._recording.day_meminfo(self._day, lines)
        for time_ns, tick_run, changed in _by_tick(rows):
            if tick_run != run:
                values, run = ({} if run is not None else values), tick_run
            if time_ns // _MINUTE != minute:
                if lowest is not None:
                    yield lowest[1]
                minute, lowest = time_ns // _MINUTE, None
            values.update(changed)
            available = values.get("MemAvailable")
            key = values.get("MemFree") or 0 if available is None else available
            if lowest is None or key < lowest[0]:
                lowest = key, (*self._begin, time_ns, *(values.get(line) for line in lines))
        if lowest is not None:
            yield lowest[1]

    def _host(self, added_ns: int) -> Row:
        run = self._run
        machine = run.machine if run else None
        cpu_ns, lasted_ns = self._cost()
        labels = dict(sorted(self._told.labels.items()))
        total = self._recording.meminfo_before(self._day, ("MemTotal",)).get("MemTotal")
        if total is None:
            rows = self._recording.day_meminfo(self._day, ("MemTotal",))
            total = next((row.value for _, _, row in rows), None)
        return (
            *self._begin,
            _machine_here(machine.boot_id if machine else None),
            _hashed(machine.boot_id if machine else None),
            *(shown(machine.kernel if machine else None), machine.cpus if machine else None),
            *(total, run.version if run else None, labels.get("release"), json.dumps(labels)),
            *(self._day.first_ns, self._day.last_ns, self._day.ticks, len(self._members)),
            *(cpu_ns, lasted_ns, run.peak_rss if run and self._has_ended(run) else None),
            self._told.every_ns,
            *(self._day.last_tick, added_ns, self.fingerprint),
        )

    def _cost(self) -> tuple[int | None, int | None]:
        """CPU time of the recorder on the day, and how long it recorded: ns, None if not told."""
        cpu_ns, lasted_ns, is_told = 0, 0, False
        before: dict[int, tuple[int, int]] = {}  # by run: the counters up to where it is counted
        for row in self._recording.own_cpu():
            now = row.cpu_ns, row.monotonic_ns
            if self._day.first_ns <= row.time <= self._day.last_ns:
                cpu, then = before.get(row.run_id, (0, row.monotonic_ns))
                cpu_ns, lasted_ns, is_told = cpu_ns + now[0] - cpu, lasted_ns + now[1] - then, True
            before[row.run_id] = now
        return (cpu_ns, lasted_ns) if is_told else (None, None)


def _by_tick(
    rows: Iterable[tuple[int, int, MeminfoRow]],
) -> Iterator[tuple[int, int, dict[str, int | None]]]:
    """Changes of /proc/meminfo, those of a tick together."""
    tick: int | None = None
    begun: tuple[int, int, dict[str, int | None]] | None = None
    for time_ns, run, row in rows:
        if begun is None or row.tick != tick:
            if begun is not None:
                yield begun
            tick, begun = row.tick, (time_ns, run, {})
        begun[2][row.field] = row.value
    if begun is not None:
        yield begun


def _signed(number: int) -> int:
    return number - 2**64 if number >= _WORDS else number


def _hash(secret: bytes, what: bytes) -> str:
    return hmac.new(secret, _APPLICATION + b"/" + what, hashlib.sha256).hexdigest()


def _hashed(boot_id: str | None) -> str | None:
    """A number that tells boots apart, and nothing else."""
    return (
        None if boot_id is None else _hash(boot_id.encode("utf-8", "surrogateescape"), b"boot")[:16]
    )


def _machine_here(boot_id: str | None) -> str | None:
    """A hash of this machine's ID, if the recording is of its present boot."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            if boot_id is None or file.read().strip() != boot_id:
                return None
        with open("/etc/machine-id", encoding="ascii") as file:
            number = file.read(64).strip()
    except (OSError, ValueError):
        return None
    return _hash(number.encode(), b"machine")[:16] if number else None
