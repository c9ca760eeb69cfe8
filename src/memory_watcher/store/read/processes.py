"""Who was recorded, when, where and by which runs."""

from __future__ import annotations

import hashlib

from ...clocks import TimeAxis
from ...errors import NoProcess, SelectionError
from ...model import Machine
from ...recorded import RecordedImage, RecordedProcess, RecordedRun
from ...units import format_time
from ..readonly import ReadOnlyDatabase
from .readings import READING_TIME, READINGS, Readings
from .ticks import Ticks

#: How many processes an error lists.
_LISTED = 30


class Processes:
    """All processes of a recording, and the machines on which they ran."""

    def __init__(self, database: ReadOnlyDatabase, ticks: Ticks, readings: Readings) -> None:
        self._database = database
        self._path = database.path
        self._ticks = ticks
        self._readings = readings

    def all(self) -> list[RecordedProcess]:
        """All of them, in the order in which they were first recorded."""
        return self._where("")

    def alive_after(self, tick: int) -> list[RecordedProcess]:
        """Those that a tick did not find ended, if they were there."""
        return self._where("WHERE p.end_tick IS NULL OR p.end_tick > ?", tick)

    def count(self) -> int:
        """Count the processes."""
        row = self._database.row("SELECT count(*) FROM processes")
        return row[0] if row else 0

    def one(self, *, pid: int | None = None, process_id: int | None = None) -> RecordedProcess:
        """Find the process that is meant: by PID, by its id in this recording, or the only one.

        Raises SelectionError, saying what there is, if there is none or if there are several.
        """
        terms, values = [], []
        if pid is not None:
            terms.append("p.pid = ?")
            values.append(pid)
        if process_id is not None:
            terms.append("p.id = ?")
            values.append(process_id)
        found = self._where(f"WHERE {' AND '.join(terms)}" if terms else "", *values)
        if len(found) == 1:
            return found[0]
        asked = " and ".join(
            f"{word} {value}"
            for word, value in (("PID", pid), ("process id", process_id))
            if value is not None
        )
        if found:
            what = f"{asked} stands for" if asked else "the recording holds"
            raise SelectionError(
                f"{what} {len(found)} processes; choose one by its process id: {listing(found)}"
            )
        there = self.all() if asked else []
        if not there:
            raise NoProcess(self._path)
        raise SelectionError(f"{self._path}: no process with {asked}; there is: {listing(there)}")

    def runs(self) -> list[RecordedRun]:
        """Each start of a recorder on this file, in order of time."""
        rows = self._database.rows(
            "SELECT m.boot_id, m.hostname, m.kernel, m.page_size, m.cpus, r.id, r.first_tick,"
            " r.last_tick,"
            " a.time_ns, b.time_ns, r.end_reason, r.period_ns, r.command_line, r.version,"
            " r.cpu_ns, r.peak_rss, r.policy,"
            f" {self._database.told('runs', ('max_map_count',), 'r.')}"
            " FROM runs AS r JOIN machines AS m ON m.id = r.machine_id"
            " LEFT JOIN ticks AS a ON a.id = r.first_tick"
            " LEFT JOIN ticks AS b ON b.id = r.last_tick ORDER BY r.id"
        )
        runs = [RecordedRun(row[5], Machine(*row[:5]), *row[6:]) for row in rows]
        axis = self._ticks.axis
        return [run._replace(lasted_ns=_lasted(run, axis)) for run in runs]

    def machine(self, process_id: int) -> Machine:
        """Give the machine a process ran on.

        Raises SelectionError for an unknown process.
        """
        row = self._database.row(
            "SELECT m.boot_id, m.hostname, m.kernel, m.page_size, m.cpus"
            " FROM processes AS p JOIN machines AS m ON m.id = p.machine_id WHERE p.id = ?",
            process_id,
        )
        if row is None:
            raise SelectionError(f"{self._path}: there is no process with the id {process_id}")
        return Machine(*row)

    def _where(self, where: str, *parameters: int) -> list[RecordedProcess]:
        def time_of(order: str) -> str:
            return (
                f"(SELECT {READING_TIME} {READINGS} WHERE r.process_id = p.id"
                f" ORDER BY r.tick {order} LIMIT 1)"
            )

        rows = self._database.rows(
            "SELECT p.id, p.pid, p.start_time, p.parent_pid, p.uid, p.cgroup, p.end_tick,"
            f" {time_of('ASC')}, {time_of('DESC')}, p.machine_id"
            f" FROM processes AS p {where} ORDER BY p.id",
            *parameters,
        )
        images: dict[int, list[RecordedImage]] = {row[0]: [] for row in rows}
        for process_id, *image in self._database.rows(
            "SELECT i.process_id, i.first_tick, i.name, i.command_line, i.exe FROM images AS i"
            f" JOIN processes AS p ON p.id = i.process_id {where}"
            " ORDER BY i.process_id, i.first_tick",
            *parameters,
        ):
            if process_id in images:
                images[process_id].append(RecordedImage(*image))
        found = [RecordedProcess._make((*row[:-1], tuple(images[row[0]]), row[-1])) for row in rows]
        found = [
            self._without_readings(each) if each.first_seen is None else each for each in found
        ]
        return found if self._ticks.are_in_order() else [self._seen(process) for process in found]

    def secret(self) -> bytes:
        """See Recording.secret: the boot of the first machine, and its clocks at the first tick.

        A loaded capture tells no boot: it is all names that were ever mapped, then.
        """
        digest = hashlib.sha256()
        machine = self._database.row("SELECT boot_id FROM machines ORDER BY id LIMIT 1")
        first = self._database.row("SELECT time_ns, monotonic_ns FROM ticks ORDER BY id LIMIT 1")
        digest.update(repr((machine, first)).encode())
        if machine is None or machine[0] is None:
            for row in self._database.rows("SELECT pathname FROM paths ORDER BY id"):
                digest.update(row[0].encode("utf-8", "surrogateescape") + b"\0")
        return digest.digest()

    def _without_readings(self, process: RecordedProcess) -> RecordedProcess:
        """One that only passes read, or that ended as it was found: seen at those ticks."""
        begin = min([image.first_tick for image in process.images], default=None)
        if begin is None:
            return process
        end = begin if process.end_tick is None else process.end_tick
        times: dict[int, int] = dict(
            self._database.rows("SELECT id, time_ns FROM ticks WHERE id IN (?, ?)", begin, end)
        )
        return process._replace(first_seen=times.get(begin), last_seen=times.get(end))

    def _seen(self, process: RecordedProcess) -> RecordedProcess:
        """When a process was seen first and last, in whatever order that was recorded."""
        rows, axis = self._readings.rows(process.id), self._ticks.axis
        if not rows:
            return process
        first, last = (axis.wall(rows[end].time) for end in (0, -1))
        return process._replace(first_seen=first, last_seen=last)


def _lasted(run: RecordedRun, axis: TimeAxis) -> int | None:
    if run.started is None or run.ended is None or run.last_tick is None:
        return None
    return axis.place(run.last_tick, run.ended) - axis.place(run.first_tick, run.started)


def listing(processes: list[RecordedProcess]) -> str:
    """List processes in one line for an error; repr makes hostile names harmless."""
    parts = [
        f"{process.id} (PID {process.pid}, {process.name!r}, {_span(process)})"
        for process in processes[:_LISTED]
    ]
    if len(processes) > _LISTED:
        parts.append(f"and {len(processes) - _LISTED} more")
    return ", ".join(parts) or "nothing"


def _span(process: RecordedProcess) -> str:
    if process.first_seen is None or process.last_seen is None:
        return "never read"
    return f"{format_time(process.first_seen)} to {format_time(process.last_seen)}"
