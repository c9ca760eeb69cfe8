"""Recordings made by plain SQL, without the writer: an independent check of what is read back.

Each layout is stored flat (its usages are valid at its own tick only) unless a test says otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import asdict
from pathlib import Path

from memory_watcher.model import (
    VOLATILE_FIELDS,
    LayoutState,
    Mapping,
    MappingUsage,
    Reading,
    Rollup,
    Usage,
    sum_totals,
)
from memory_watcher.store import schema

KI = 1024
MI = 1024 * KI
#: 2018-08-17T13:58:03.942 UTC
START = 1_534_514_283_942_000_000
SECOND = 1_000_000_000

Entry = tuple[Mapping, Usage]


def mapping(
    start: int, size: int = 64 * KI, perms: str = "rw-p", pathname: str = "", inode: int = 0
) -> Mapping:
    """Make a mapping of `size` bytes."""
    return Mapping(start, start + size, perms, 0, 0, inode, pathname)


def text(value: str) -> bytes:
    """Turn a name into what the kernel shows."""
    return value.encode("utf-8", "surrogateescape")


class RecordingBuilder:
    """Writes one recording row by row; rows are committed as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        # Each row is a transaction: no disk has to have them all one after the other.
        self.connection.execute("PRAGMA synchronous = OFF")
        schema.create(self.connection)
        self._ids: dict[tuple[object, ...], int] = {}
        self.execute("INSERT INTO machines VALUES (1, 'boot', 'host', '6.1', 4096, 2)")
        self.run_id = 0
        self.last_tick = 0

    def execute(self, sql: str, *parameters: object) -> int:
        return self.connection.execute(sql, parameters).lastrowid or 0

    def close(self) -> Path:
        self.connection.close()
        return self.path

    def run(self) -> int:
        """Begin a run at the next tick."""
        self.run_id = self.execute(
            "INSERT INTO runs (machine_id, first_tick, period_ns, command_line, version)"
            " VALUES (1, ?, ?, 'memory-record 1 1000', '0')",
            self.last_tick + 1,
            SECOND,
        )
        return self.run_id

    def end_run(self, reason: str = "SIGINT") -> None:
        self.execute(
            "UPDATE runs SET last_tick = ?, end_reason = ? WHERE id = ?",
            *(self.last_tick, reason, self.run_id),
        )

    def tick(self, time_ns: int | None = None) -> int:
        """Begin a tick; without a time, one second after the one before."""
        if not self.run_id:
            self.run()
        self.last_tick += 1
        time = START + (self.last_tick - 1) * SECOND if time_ns is None else time_ns
        self.execute(
            "INSERT INTO ticks VALUES (?, ?, ?, ?, 0, 0, NULL, NULL, 0, NULL, NULL, NULL)",
            *(self.last_tick, self.run_id, time, time - START),
        )
        return self.last_tick

    def process(self, pid: int, name: str = "firefox", start_time: int = 100) -> int:
        """Add a process that runs `name` from the next tick on."""
        number = self.execute(
            "INSERT INTO processes (machine_id, pid, start_time, parent_pid, uid, cgroup)"
            " VALUES (1, ?, ?, 1, 1000, '0::/user.slice')",
            *(pid, start_time),
        )
        self.image(number, name, self.last_tick + 1)
        return number

    def image(self, process: int, name: str, tick: int) -> None:
        line = self._once("command_lines", (f"{name} --flag",))
        exe = self._once("paths", (f"/usr/bin/{name}",))
        self.execute(
            "INSERT INTO image_rows VALUES (?, ?, CAST(? AS TEXT), ?, ?)",
            *(process, tick, text(name), line, exe),
        )
        self._escape(name)

    def command_line(self, process: int, line: str) -> None:
        """Give all images of a process this command line, quoted as for a shell."""
        self.execute(
            "UPDATE image_rows SET command_line_id = ? WHERE process_id = ?",
            *(self._once("command_lines", (line,)), process),
        )

    def end(self, process: int, tick: int) -> None:
        self.execute("UPDATE processes SET end_tick = ? WHERE id = ?", tick, process)

    def reading(
        self,
        process: int,
        reading: Reading | None = None,
        *,
        state: LayoutState = LayoutState.NOT_TAKEN,
        delay_ns: int | None = None,
        tick: int | None = None,
    ) -> int:
        """Add the cheap figures of a process at the current tick."""
        values = asdict(reading or Reading())
        return self.execute(
            "INSERT INTO readings (process_id, tick, delay_ns, layout_state,"
            f" {', '.join(values)}) VALUES (?, ?, ?, ?, {', '.join('?' * len(values))})",
            *(process, tick or self.last_tick, delay_ns, state.value, *values.values()),
        )

    def layout(
        self,
        process: int,
        entries: Iterable[Entry],
        reading: Reading | None = None,
        *,
        state: LayoutState = LayoutState.EXACT,
        delay_ns: int | None = None,
    ) -> int:
        """Add a layout with its usages at the current tick; returns the measurement's number."""
        entries = list(entries)
        totals = sum_totals([MappingUsage(*entry) for entry in entries])
        if reading is None:
            reading = Reading(size=totals.size, resident=totals.rss)
        number = self.reading(process, reading, state=state, delay_ns=delay_ns)
        self.execute(
            "UPDATE readings SET keyframe = ?, mappings = ?, layout_size = ?, rss = ?, pss = ?,"
            " uss = ?, layout_swap = ?, swap_pss = ? WHERE id = ?",
            *(self.last_tick, *totals, number),
        )
        for header, usage in entries:
            self.usage(process, header, usage, self.last_tick, self.last_tick)
        return number

    def usage(self, process: int, header: Mapping, usage: Usage, first: int, last: int) -> None:
        self.execute(
            f"INSERT INTO usage_rows VALUES ({', '.join('?' * (5 + VOLATILE_FIELDS))})",
            *(process, first, self._mapping(process, header), last),
            *(self._once("details", usage[VOLATILE_FIELDS:]), usage.rss),
            *(-1 if size is None else size for size in usage[1:VOLATILE_FIELDS]),
        )

    def take_pass(
        self,
        members: Mapping_[int, Rollup | None],
        *,
        moved: int = 0,
        layouts: int | None = None,
        private: int | None = None,
        shared: Sequence[int] = (),
        wall_ns: int = 1_000_000,
    ) -> None:
        """Add a pass at the current tick: figures by process, None of one that was unreadable.

        `shared` are those that show their parent's memory; `layouts`: all of the pass by default.
        """
        counted = [
            each for number, each in members.items() if each is not None and number not in shared
        ]
        sums = [
            None if (told := [size for size in column if size is not None]) == [] else sum(told)
            for column in zip(*counted, strict=True)
        ]
        self.execute(
            "INSERT INTO passes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(self.last_tick, wall_ns, len(counted), list(members.values()).count(None), moved),
            *(len(counted) if layouts is None else layouts, private),
            *(sums or [None] * 4),
        )
        for process, rollup in members.items():
            self.execute(
                "INSERT INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(process, self.last_tick, process not in shared, *(rollup or [None] * 4)),
            )

    def meminfo(self, tick: int, **values: int) -> None:
        for name, value in values.items():
            field = self._once("meminfo_fields", (name,))
            self.execute("INSERT INTO meminfo VALUES (?, ?, ?)", field, tick, value)

    def _mapping(self, process: int, header: Mapping) -> int:
        path = self._once("paths", (header.pathname,))
        file = self._once("files", (*header[4:6], path))
        start = header.start - 2**64 if header.start >= 2**63 else header.start
        return self._once("mapping_rows", (process, start, header.size, *header[2:4], file))

    def _once(self, table: str, values: Sequence[object]) -> int:
        key = (table, *values)
        if key not in self._ids:
            marks = ", ".join(
                "CAST(? AS TEXT)" if isinstance(value, str) else "?" for value in values
            )
            bound = [text(value) if isinstance(value, str) else value for value in values]
            self._ids[key] = self.execute(f"INSERT INTO {table} VALUES (NULL, {marks})", *bound)
            for value in values:
                self._escape(value)
        return self._ids[key]

    def _escape(self, value: object) -> None:
        """Tell the views how a text is shown that is not valid UTF-8."""
        if isinstance(value, str) and any("\udc80" <= char <= "\udcff" for char in value):
            self.execute(
                "INSERT OR IGNORE INTO escaped_texts VALUES (CAST(? AS TEXT), ?)",
                *(text(value), text(value).decode("utf-8", "backslashreplace")),
            )
