"""Appends to a recording: only what changed, in one transaction a second.

The hot path of storing. 20 changed mappings of 2,100 cost 0.2 ms and 0.9 KB a tick, keyframes
included; one row per mapping and tick would be 84 KB.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable
from collections.abc import Mapping as Pairs
from dataclasses import astuple, fields
from typing import Any

from .._version import __version__
from ..model import (
    VOLATILE_FIELDS,
    ElfFile,
    FastReading,
    Image,
    LayoutChange,
    Machine,
    Mapping,
    MappingUsage,
    Member,
    Pass,
    ProcessFacts,
    Reading,
    Sample,
    SystemMemory,
    Usage,
)
from .connection import WritableFile, explained
from .escaping import escaped
from .schema import STILL_VALID
from .steps import Steps, silently

#: A keyframe (all mappings written anew) comes when this many rows per mapping were written since
#: the last one: it costs a ninth of the file, and no layout needs more than nine times its rows
#: (of 2,100 mappings that takes memory-peak 3 ms more than five times would).
KEYFRAME_ROWS_PER_MAPPING = 8

#: Mapping headers, paths and details remembered although nothing uses them any more.
_REMEMBERED = 4096
#: Longer paths and command lines are looked up in the recording each time: 4096 of them would take
#: 16 MB.
_LONGEST_REMEMBERED = 512

#: Tables that have each text once, and in which column.
_TEXT_COLUMNS = {"paths": "pathname", "command_lines": "command_line"}

#: Usages that are written at once.
_ROWS = 4_000

_USAGE_COLUMNS = Usage._fields[:VOLATILE_FIELDS]
_DETAIL_COLUMNS = Usage._fields[VOLATILE_FIELDS:]
_READING_COLUMNS = tuple(Reading.__dataclass_fields__)


def _insert(table: str, *columns: str) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


_INSERT_USAGE = _insert(
    "usage_rows",
    "process_id",
    "first_tick",
    "mapping_id",
    "last_tick",
    "detail_id",
    *_USAGE_COLUMNS,
)
_CLOSE_USAGE = (
    "UPDATE usage_rows SET last_tick = ? WHERE process_id = ? AND first_tick = ? AND mapping_id = ?"
)
_INSERT_DETAIL = (
    f"INSERT INTO details ({', '.join(_DETAIL_COLUMNS)})"
    f" VALUES ({'?, ' * (len(_DETAIL_COLUMNS) - 1)}CAST(? AS TEXT))"
)
_INSERT_READING = _insert(
    "readings",
    *("process_id", "tick", "delay_ns", "layout_state", "keyframe", "cpu_ns", "wall_ns"),
    *("mappings", "layout_size", "rss", "pss", "uss", "layout_swap", "swap_pss", "rollup_pss"),
    *_READING_COLUMNS,
)
_INSERT_PASS = _insert("passes", "tick", *[field.name for field in fields(Pass)])
_INSERT_MAPPING = (
    'INSERT INTO mapping_rows (process_id, "start", size, perms, "offset", file_id)'
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def _bytes(text: str | None) -> bytes | None:
    """For CAST(? AS TEXT): names need not be valid UTF-8, and SQLite keeps their bytes."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _image_texts(image: Image) -> tuple[bytes | None, ...]:
    """Name, command line and path of what runs in a process."""
    arguments = None if image.command_line is None else shlex.join(image.command_line)
    return _bytes(image.name), _bytes(arguments), _bytes(image.exe)


def _without_repetition(usage: Usage) -> tuple[object, ...]:
    """What often changes, as usage_rows has it: NULL for the same as rss, -1 for not told."""
    rss, *others = usage[:VOLATILE_FIELDS]
    return (rss, *[None if size == rss else -1 if size is None else size for size in others])


def _signed(number: int) -> int:
    """SQLite's integers are signed; [vsyscall] and offsets of some devices lie above 2**63."""
    return number - (1 << 64) if number >= 1 << 63 else number


class _StoredProcess:
    """What the writer knows of one process: which usages are valid, and since when."""

    __slots__ = ("id", "keyframe", "member", "open", "rows", "stacks", "unused_mappings")

    def __init__(self, process_id: int) -> None:
        self.id = process_id
        self.keyframe: int | None = None
        self.rows = 0  # written since the keyframe
        self.open: dict[MappingUsage, tuple[int, int]] = {}  # -> mapping_id, first_tick
        # A mapping that comes back (or only changed its figures) keeps its row. Entries with the
        # same header within one layout, which a torn reading may have, get a row each.
        self.unused_mappings: dict[Mapping, int] = {}
        # Of threads that live: TID -> tick when it was first seen, stack pointer (0: not known).
        self.stacks: dict[int, tuple[int, int]] = {}
        self.member: Member | None = None  # at its last pass of this run


class Writer:
    """A recording being written. All methods raise errors.CannotWrite when the disk refuses."""

    def __init__(self, path: str, migrating: Steps = silently) -> None:
        """Opens or creates the file; what it holds is kept. `migrating`: see WritableFile.

        Raises NotARecording, NewerRecording, Damaged, RecordingBusy, CannotWrite.
        """
        self.path = path
        self._recording = WritableFile(path, migrating)
        self._connection = self._recording.connection
        #: After `close`: why a -wal file has to be kept beside the file, if it has.
        self.why_wal_is_kept: str | None = None
        self._tick = self._last_tick()
        self._run = 0
        self._machine = 0
        self._loads_captures = False
        self._latest_ns: int | None = None  # time of the last tick
        self._was_set_back = False  # whether the clock was: times alone then do not tell ticks
        self._processes: dict[int, _StoredProcess] = {}
        self._texts: dict[str, dict[bytes, int]] = {table: {} for table in _TEXT_COLUMNS}
        self._files: dict[tuple[int, int, str], int] = {}
        self._details: dict[tuple[int | str | None, ...], int] = {}
        self._meminfo_fields: dict[str, int] = {}

    def _last_tick(self) -> int:
        (last,) = self._connection.execute("SELECT max(id) FROM ticks").fetchone()
        return last or 0

    def _execute(self, sql: str, *parameters: object) -> int:
        return self._connection.execute(sql, parameters).lastrowid or 0

    def size(self) -> int:
        """Bytes of the recording with all that was written so far, whatever file it is in."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int(pages * page_size)

    # -- runs and ticks ---------------------------------------------------------------------------

    def start_run(
        self,
        machine: Machine,
        period_ns: int | None,
        command: Iterable[str],
        policy: str | None = None,
        max_map_count: int | None = None,
    ) -> None:
        """Begin one run of a recorder on this file; `policy` is JSON.

        `max_map_count` is the machine's limit of mappings of a process. No period means that a
        capture is loaded.
        """
        self._loads_captures = period_ns is None
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            self._close_unfinished()
            row = self._connection.execute(
                "SELECT id FROM machines"
                " WHERE (boot_id, hostname, kernel, page_size, cpus) IS (?, ?, ?, ?, ?)",
                astuple(machine),
            ).fetchone()
            self._machine = (
                row[0]
                if row
                else self._execute(
                    _insert("machines", "boot_id", "hostname", "kernel", "page_size", "cpus"),
                    *astuple(machine),
                )
            )
            self._run = self._execute(
                "INSERT INTO runs"
                " (machine_id, first_tick, period_ns, command_line, version, policy, max_map_count)"
                " VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?)",
                self._machine,
                self._tick + 1,
                period_ns,
                _bytes(shlex.join(command)),
                __version__,
                policy,
                max_map_count,
            )
            self._connection.execute("COMMIT")

    def _close_unfinished(self) -> None:
        """A run that was killed left usages open: they end with its last tick."""
        unfinished = "SELECT count(*) FROM runs WHERE last_tick IS NULL"
        if self._connection.execute(unfinished).fetchone()[0]:
            self._execute(
                "UPDATE usage_rows SET last_tick = ? WHERE last_tick = ?", self._tick, STILL_VALID
            )
            self._execute(
                "UPDATE runs SET last_tick = ?, end_reason = 'killed' WHERE last_tick IS NULL",
                self._tick,
            )

    def tick(
        self,
        time_ns: int,
        monotonic_ns: int | None,
        late_ns: int | None,
        skipped: int = 0,
        cause: str | None = None,
        suspended_ns: int | None = None,
    ) -> int:
        """Begin a tick; returns its number. All that is written next belongs to it."""
        with explained(self.path):
            self._begin()
            self._tick += 1
            self._execute(
                "INSERT INTO ticks VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)",
                *(self._tick, self._run, time_ns, monotonic_ns, late_ns, skipped, cause),
                suspended_ns,
            )
            if self._latest_ns is not None and time_ns < self._latest_ns:
                self._was_set_back = True
            self._latest_ns = time_ns
        return self._tick

    def unchanged(self, processes: int) -> None:
        """Note how many processes this tick did not read, because nothing showed a change."""
        with explained(self.path):
            self._execute("UPDATE ticks SET unchanged = ? WHERE id = ?", processes, self._tick)

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything so far safe against the end of this process.

        Raises RecordingMoved if the file was deleted, renamed or replaced.
        """
        self._recording.commit()

    def close(self, reason: str | None, cpu_ns: int | None = None, rss: int | None = None) -> bool:
        """End the run and the file; without a reason (an error), only what was committed stays.

        Returns False if a reader made it impossible to fold the -wal file in.
        """
        try:
            if reason is not None:
                self._finish_run(reason, cpu_ns, rss)
        finally:
            self.why_wal_is_kept = self._recording.close()
        return self.why_wal_is_kept is None

    def discard(self) -> None:
        """Leave nothing of a recording that was made for this run, and holds nothing."""
        if self._recording.is_new:
            self._recording.remove()
        else:
            self._recording.close()

    def _finish_run(self, reason: str, cpu_ns: int | None, rss: int | None) -> None:
        self._recording.check()
        with explained(self.path):
            self._begin()
            for process in self._processes.values():
                self._close_usages(process, self._tick)
            self._execute(
                "UPDATE runs SET last_tick = ?, end_reason = ?, cpu_ns = ?, peak_rss = ?"
                " WHERE id = ?",
                *(self._tick, reason, cpu_ns, rss, self._run),
            )
            self._connection.execute("COMMIT")

    # -- processes --------------------------------------------------------------------------------

    def add_process(self, facts: ProcessFacts) -> int:
        """Store a process, or find it again if an earlier run on this machine had it.

        A capture does not tell its start time: there it is the process of the same PID and name.
        """
        pid, start_time = facts.key.pid, facts.key.start_time
        with explained(self.path):
            if self._loads_captures:
                start_time = self._capture_number(pid, facts.image)
            row = self._connection.execute(
                "SELECT id FROM processes WHERE (machine_id, pid, start_time) = (?, ?, ?)",
                (self._machine, pid, start_time),
            ).fetchone()
            process_id: int = (
                row[0]
                if row
                else self._execute(
                    "INSERT INTO processes (machine_id, pid, start_time, parent_pid, uid, cgroup)"
                    " VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT))",
                    *(self._machine, pid, start_time),
                    *(facts.parent_pid, facts.uid, _bytes(facts.cgroup)),
                )
            )
            process = self._processes[process_id] = _StoredProcess(process_id)
            process.stacks = self._stacks_of(process_id) if row else {}
            if self._last_image(process_id) != _image_texts(facts.image):
                self.image(process_id, facts.image)
        return process_id

    def captured_names(self, pid: int) -> list[str]:
        """Names of the processes with this PID of which captures were loaded."""
        rows = self._connection.execute(
            "SELECT p.id FROM processes AS p JOIN machines AS m ON m.id = p.machine_id"
            " WHERE p.pid = ? AND coalesce(boot_id, hostname, kernel, page_size, cpus) IS NULL"
            " ORDER BY p.id",
            (pid,),
        ).fetchall()
        images = [self._last_image(process_id) for (process_id,) in rows]
        names = [image[0] for image in images if image is not None and image[0] is not None]
        return [name.decode("utf-8", "surrogateescape") for name in names]

    def _capture_number(self, pid: int, image: Image) -> int:
        """What stands for the start time of a captured process: processes of a PID count up."""
        known = self._connection.execute(
            "SELECT id, start_time FROM processes WHERE (machine_id, pid) = (?, ?)"
            " ORDER BY start_time",
            (self._machine, pid),
        ).fetchall()
        number = 0
        for process_id, number_of_it in known:
            last = self._last_image(process_id)
            if last is not None and last[0] == _bytes(image.name):
                return int(number_of_it)
            number = number_of_it + 1
        return number

    def _last_image(self, process_id: int) -> tuple[bytes | None, ...] | None:
        """What was stored last of what runs in a process, as bytes."""
        found: tuple[bytes | None, ...] | None = self._connection.execute(
            "SELECT CAST(name AS BLOB), CAST(command_line AS BLOB), CAST(pathname AS BLOB)"
            " FROM image_rows LEFT JOIN command_lines AS c ON c.id = command_line_id"
            " LEFT JOIN paths AS p ON p.id = exe_id"
            " WHERE process_id = ? ORDER BY first_tick DESC LIMIT 1",
            (process_id,),
        ).fetchone()
        return found

    def image(self, process_id: int, image: Image) -> None:
        """Store what runs in a process from this tick on (execve, or a new name)."""
        with explained(self.path):
            name, arguments, exe = _image_texts(image)
            self._escape(name)
            self._execute(
                "INSERT OR REPLACE INTO image_rows VALUES (?, ?, CAST(? AS TEXT), ?, ?)",
                *(process_id, self._tick, name),
                None if arguments is None else self._text("command_lines", arguments),
                None if exe is None else self._text("paths", exe),
            )
            self._end_stacks(process_id, self._processes[process_id].stacks)

    def end_process(self, process_id: int) -> None:
        """Note that a process was found to have ended at this tick."""
        with explained(self.path):
            self._end_stacks(process_id, self._processes[process_id].stacks)
            self._close_usages(self._processes.pop(process_id), self._tick - 1)
            self._execute("UPDATE processes SET end_tick = ? WHERE id = ?", self._tick, process_id)

    # -- readings and layouts ---------------------------------------------------------------------

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """Store what this tick found in a process, read from `delay_ns` after it began."""
        process, evidence = self._processes[process_id], sample.evidence
        if sample.image is not None:
            self.image(process_id, sample.image)
        with explained(self.path):
            if sample.change is not None:
                self._layout(process, sample.change)
            self._reading(process, sample, delay_ns)
        if evidence.stack_pointers:
            self.stack_pointers(process_id, evidence.stack_pointers)
        if evidence.elf_files:
            self.elf_files(evidence.elf_files)

    def _reading(self, process: _StoredProcess, sample: Sample, delay_ns: int | None) -> None:
        totals = sample.change.totals if sample.change else (None,) * 7
        reading = sample.reading
        self._connection.execute(
            _INSERT_READING,
            (
                process.id,
                self._tick,
                delay_ns,
                int(sample.state),
                process.keyframe if sample.state.has_layout else None,
                sample.cpu_ns,
                sample.wall_ns,
                *totals,
                sample.rollup.pss if sample.rollup else None,
                *[getattr(reading, column) for column in _READING_COLUMNS],
            ),
        )

    def _layout(self, process: _StoredProcess, change: LayoutChange) -> None:
        if process.keyframe is not None and not change.removed and not change.added:
            return
        gone = {entry: process.open.pop(entry) for entry in change.removed}
        for entry, (mapping_id, _) in gone.items():
            process.unused_mappings[entry.mapping] = mapping_id
        limit = KEYFRAME_ROWS_PER_MAPPING * change.totals.mappings
        if process.keyframe is None or process.rows + len(change.added) > limit:
            self._close_usages(process, self._tick - 1)
            process.keyframe, process.rows = self._tick, 0
            self._open_usages(process, change.entries())
        else:
            self._connection.executemany(
                _CLOSE_USAGE,
                [
                    (self._tick - 1, process.id, first_tick, mapping_id)
                    for mapping_id, first_tick in gone.values()
                ],
            )
            self._open_usages(process, change.added)
        _forget_oldest(process.unused_mappings)

    def _open_usages(self, process: _StoredProcess, entries: Iterable[MappingUsage]) -> None:
        """Write rows that are valid from this tick on, until further notice."""
        tick, known = self._tick, process.open
        rows: list[tuple[object, ...]] = []
        for entry in entries:
            usage = entry.usage
            mapping_id = (
                known[entry][0] if entry in known else self._mapping(process, entry.mapping)
            )
            if not self._loads_captures:  # nothing is compared with the layout of a capture
                known[entry] = mapping_id, tick
            rows.append(
                (
                    *(process.id, tick, mapping_id, STILL_VALID, self._detail(usage)),
                    *_without_repetition(usage),
                )
            )
            if len(rows) == _ROWS:
                self._insert_usages(process, rows)
                rows = []
        self._insert_usages(process, rows)

    def _insert_usages(self, process: _StoredProcess, rows: list[tuple[object, ...]]) -> None:
        self._connection.executemany(_INSERT_USAGE, rows)
        process.rows += len(rows)

    def _close_usages(self, process: _StoredProcess, last_tick: int) -> None:
        """Let all usages that are still valid end with this tick."""
        self._execute(
            "UPDATE usage_rows SET last_tick = ?"
            " WHERE process_id = ? AND first_tick >= ? AND last_tick = ?",
            *(last_tick, process.id, process.keyframe, STILL_VALID),
        )

    def _mapping(self, process: _StoredProcess, mapping: Mapping) -> int:
        mapping_id = process.unused_mappings.pop(mapping, None)
        if mapping_id is None:
            mapping_id = self._execute(
                _INSERT_MAPPING,
                *(process.id, _signed(mapping.start), mapping.size, mapping.perms),
                *(_signed(mapping.offset), self._file(mapping)),
            )
        return mapping_id

    def _file(self, mapping: Mapping) -> int:
        key = mapping.dev, _signed(mapping.inode), mapping.pathname
        file_id = self._files.get(key)
        if file_id is None:
            pathname = mapping.pathname.encode("utf-8", "surrogateescape")
            columns = (*key[:2], self._text("paths", pathname))
            row = self._connection.execute(
                "SELECT id FROM files WHERE (dev, inode, path_id) = (?, ?, ?)", columns
            ).fetchone()
            file_id = (
                row[0]
                if row
                else self._execute(_insert("files", "dev", "inode", "path_id"), *columns)
            )
            if len(mapping.pathname) <= _LONGEST_REMEMBERED:
                _forget_oldest(self._files)
                self._files[key] = file_id
        return file_id

    def _text(self, table: str, text: bytes) -> int:
        """The number of a text in a table that has each once."""
        known, column = self._texts[table], _TEXT_COLUMNS[table]
        number = known.get(text)
        if number is None:
            row = self._connection.execute(
                f"SELECT id FROM {table} WHERE {column} = CAST(? AS TEXT)", (text,)
            ).fetchone()
            number = row[0] if row else self._new_text(table, column, text)
            if len(text) <= _LONGEST_REMEMBERED:
                _forget_oldest(known)
                known[text] = number
        return number

    def _new_text(self, table: str, column: str, text: bytes) -> int:
        self._escape(text)
        return self._execute(f"INSERT INTO {table} ({column}) VALUES (CAST(? AS TEXT))", text)

    def _escape(self, text: bytes | None) -> None:
        """For the views: how a text is shown that is not valid UTF-8."""
        if (shown := escaped(text)) is not None:
            self._execute(
                "INSERT OR IGNORE INTO escaped_texts VALUES (CAST(? AS TEXT), ?)", text, shown
            )

    def _detail(self, usage: Usage) -> int:
        detail = usage[VOLATILE_FIELDS:]
        detail_id = self._details.get(detail)
        if detail_id is None:
            other = _bytes(usage.other)
            self._escape(other)
            detail_id = self._execute(_INSERT_DETAIL, *detail[:-1], other)
            _forget_oldest(self._details)
            self._details[detail] = detail_id
        return detail_id

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        """Store figures read between two layouts; the caller leaves out what did not change."""
        tick = self._tick if self._was_set_back else None
        # Fifty times a second: a context manager would cost half as much as the row itself.
        try:
            self._begin()
            self._connection.execute(
                "INSERT OR REPLACE INTO fast_readings VALUES (?, ?, ?, ?, ?, ?)",
                (process_id, time_ns, since_ns, *reading[:2], tick),
            )
        except sqlite3.Error:
            with explained(self.path):
                raise

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        """Store a pass of this tick: its sums, and what changed of its members (by process id).

        Members may have been found to have ended since, at this tick.
        """
        with explained(self.path):
            self._execute(_INSERT_PASS, self._tick, *astuple(sums))
            rows = []
            for process_id, member in members.items():
                process = self._processes.get(process_id)
                if process is None or member != process.member:
                    rows.append((process_id, self._tick, member.is_counted, *member.rollup))
                if process is not None:
                    process.member = member
            self._connection.executemany("INSERT INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        """Store the highest sum of private memory seen between two passes."""
        with explained(self.path):
            self._begin()
            self._execute(
                "INSERT OR REPLACE INTO group_marks VALUES (?, ?, ?, ?)",
                *(time_ns, self._run, private, processes),
            )

    def stack_pointers(self, process_id: int, pointers: Pairs[int, int]) -> None:
        """Store where the stacks are of all threads that live, by TID; 0 if not known yet.

        Threads that are not among them have ended.
        """
        stacks = self._processes[process_id].stacks
        with explained(self.path):
            self._begin()
            self._end_stacks(
                process_id,
                [
                    tid
                    for tid, (_, known) in stacks.items()
                    if tid not in pointers or (known and pointers[tid] not in (0, known))
                ],
            )
            for tid, pointer in pointers.items():
                first_tick, known = stacks.setdefault(tid, (self._tick, 0))
                if pointer and not known:
                    stacks[tid] = first_tick, pointer
                    self._execute(
                        "INSERT OR REPLACE INTO stack_pointers VALUES (?, ?, ?, ?, NULL)",
                        *(process_id, tid, first_tick, _signed(pointer)),
                    )

    def _end_stacks(self, process_id: int, tids: Iterable[int]) -> None:
        """These threads were not there any more at this tick."""
        process = self._processes[process_id]
        for tid in list(tids):
            first_tick, known = process.stacks.pop(tid)
            if known:
                self._execute(
                    "UPDATE stack_pointers SET last_tick = max(first_tick, ?)"
                    " WHERE (process_id, tid, first_tick) = (?, ?, ?)",
                    *(self._tick - 1, process_id, tid, first_tick),
                )

    def _stacks_of(self, process_id: int) -> dict[int, tuple[int, int]]:
        """Those that an earlier run left open."""
        rows = self._connection.execute(
            "SELECT tid, first_tick, stack_pointer FROM stack_pointers"
            " WHERE process_id = ? AND last_tick IS NULL",
            (process_id,),
        )
        return {tid: (first_tick, pointer % (1 << 64)) for tid, first_tick, pointer in rows}

    def elf_files(self, files: Pairs[tuple[int, int], ElfFile]) -> None:
        """Store what the headers of executed files tell, by (dev, inode)."""
        with explained(self.path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO elf_segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (self._machine, dev, _signed(inode), number, *map(_signed, segment))
                    for (dev, inode), file in files.items()
                    for number, segment in enumerate(file.segments)
                ],
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO build_ids VALUES (?, ?, ?, ?)",
                [
                    (self._machine, dev, _signed(inode), file.build_id)
                    for (dev, inode), file in files.items()
                    if file.build_id is not None
                ],
            )

    # -- the machine ------------------------------------------------------------------------------

    def system_memory(self, changes: SystemMemory) -> None:
        """Store the fields of meminfo that changed at this tick."""
        with explained(self.path):
            self._connection.executemany(
                "INSERT INTO meminfo VALUES (?, ?, ?)",
                [
                    (self._meminfo_field(name), self._tick, -1 if value is None else value)
                    for name, value in changes.values.items()
                ],
            )

    def _meminfo_field(self, name: str) -> int:
        field_id = self._meminfo_fields.get(name)
        if field_id is None:
            row = self._connection.execute(
                "SELECT id FROM meminfo_fields WHERE name = ?", (name,)
            ).fetchone()
            field_id = self._meminfo_fields[name] = (
                row[0]
                if row
                else self._execute("INSERT INTO meminfo_fields (name) VALUES (?)", name)
            )
        return field_id


def _forget_oldest(remembered: dict[Any, int]) -> None:
    """Keep a dictionary of things seen from growing with the length of the recording."""
    while len(remembered) > _REMEMBERED:
        del remembered[next(iter(remembered))]
