"""Processes, what ran in them, and how they ended."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from ...model import Image, ProcessFacts
from .texts import Texts
from .transaction import Transaction, as_bytes

#: Processes that have ended are remembered, for their exit code, up to this many.
_REMEMBERED = 4096

_ImageTexts = tuple[bytes | None, ...]


class Added(NamedTuple):
    """The number of a process, and whether the file had it."""

    process_id: int
    is_known: bool


class Processes:
    """Writes processes; knows which are recorded now, by number and by PID."""

    def __init__(self, transaction: Transaction, texts: Texts) -> None:
        self._transaction = transaction
        self._texts = texts
        #: Whether start times are not told: those of captures are numbers instead.
        self.are_captured = False
        self._id_of_pid: dict[int, int] = {}
        self._pid_of_id: dict[int, int] = {}  # those that live
        self._ended: dict[int, int] = {}  # process id -> PID

    def add(self, facts: ProcessFacts) -> Added:
        """Store a process, or find it again if an earlier run on this machine had it."""
        now, (pid, start_time) = self._transaction, (facts.key.pid, facts.key.start_time)
        if self.are_captured:
            start_time = self._capture_number(pid, facts.image)
        row = now.row(
            "SELECT id FROM processes WHERE (machine_id, pid, start_time) = (?, ?, ?)",
            *(now.machine, pid, start_time),
        )
        process_id = row[0] if row else self._insert(facts, start_time)
        self._id_of_pid[pid] = process_id
        self._pid_of_id[process_id] = pid
        self._ended.pop(process_id, None)
        return Added(process_id, row is not None)

    def _insert(self, facts: ProcessFacts, start_time: int) -> int:
        return self._transaction.execute(
            "INSERT INTO processes (machine_id, pid, start_time, parent_pid, uid, cgroup)"
            " VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT))",
            *(self._transaction.machine, facts.key.pid, start_time),
            *(facts.parent_pid, facts.uid, as_bytes(facts.cgroup)),
        )

    def end(self, process_id: int) -> None:
        """It was found to have ended at this tick; how, is told soon or never."""
        self._transaction.later(
            "UPDATE processes SET end_tick = ? WHERE id = ?", self._transaction.tick, process_id
        )
        self._ended[process_id] = self._pid_of_id.pop(process_id)
        if len(self._ended) > _REMEMBERED:
            oldest = next(iter(self._ended))
            pid = self._ended.pop(oldest)
            if self._id_of_pid.get(pid) == oldest:
                del self._id_of_pid[pid]

    def exit(
        self,
        pid: int,
        code: int | None,
        signal: int | None,
        max_rss: int,
        inherited: int | None = None,
    ) -> None:
        """Store how a process of this run ended; one that was never recorded is passed over."""
        process_id = self._id_of_pid.get(pid)
        if process_id is not None:
            self._transaction.execute(
                "INSERT OR REPLACE INTO exits VALUES (?, ?, ?, ?, ?)",
                *(process_id, code, signal, max_rss, inherited),
            )

    # -- what runs in them ------------------------------------------------------------------------

    def runs(self, process_id: int, image: Image) -> bool:
        """Whether that is what was stored last of what runs in a process."""
        return self._last_image(process_id) == _texts_of(image)

    def image(self, process_id: int, image: Image) -> None:
        """Store what runs in a process from this tick on."""
        name, arguments, exe = _texts_of(image)
        self._texts.escape(name)
        self._transaction.execute(
            "INSERT OR REPLACE INTO image_rows VALUES (?, ?, CAST(? AS TEXT), ?, ?)",
            *(process_id, self._transaction.tick, name),
            None if arguments is None else self._texts.number("command_lines", arguments),
            None if exe is None else self._texts.number("paths", exe),
        )

    def _last_image(self, process_id: int) -> _ImageTexts | None:
        """What was stored last of what runs in a process, as bytes."""
        return self._transaction.row(
            "SELECT CAST(name AS BLOB), CAST(command_line AS BLOB), CAST(pathname AS BLOB)"
            " FROM image_rows LEFT JOIN command_lines AS c ON c.id = command_line_id"
            " LEFT JOIN paths AS p ON p.id = exe_id"
            " WHERE process_id = ? ORDER BY first_tick DESC LIMIT 1",
            process_id,
        )

    # -- captures ---------------------------------------------------------------------------------

    def _capture_number(self, pid: int, image: Image) -> int:
        """What stands for the start time of a captured process: processes of a PID count up."""
        known = self._transaction.rows(
            "SELECT id, start_time FROM processes WHERE (machine_id, pid) = (?, ?)"
            " ORDER BY start_time",
            *(self._transaction.machine, pid),
        )
        number = 0
        for process_id, number_of_it in known:
            last = self._last_image(process_id)
            if last is not None and last[0] == as_bytes(image.name):
                return int(number_of_it)
            number = number_of_it + 1
        return number

    def captured_names(self, pid: int) -> list[str]:
        """Names of the processes with this PID of which captures were loaded."""
        rows = self._transaction.rows(
            "SELECT p.id FROM processes AS p JOIN machines AS m ON m.id = p.machine_id"
            " WHERE p.pid = ? AND coalesce(boot_id, hostname, kernel, page_size, cpus) IS NULL"
            " ORDER BY p.id",
            pid,
        )
        images = [self._last_image(process_id) for (process_id,) in rows]
        names = [image[0] for image in images if image is not None and image[0] is not None]
        return [name.decode("utf-8", "surrogateescape") for name in names]


def _texts_of(image: Image) -> _ImageTexts:
    """Name, command line and path of what runs in a process."""
    arguments = None if image.command_line is None else shlex.join(image.command_line)
    return as_bytes(image.name), as_bytes(arguments), as_bytes(image.exe)
