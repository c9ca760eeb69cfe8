"""What tells the kinds of mappings: where stacks of threads are, and what executed files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...model import ElfFile
from .transaction import Transaction, signed


class Evidence:
    """Writes stack pointers, ELF segments, build IDs, marks of runtimes, and what they said."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        # Of each process, threads that live: TID -> tick when it was first seen, stack pointer (0:
        # not known).
        self._stacks: dict[int, dict[int, tuple[int, int]]] = {}

    def begin(self, process_id: int, *, is_known: bool) -> None:
        """A process from now on; one that is known may have stacks that an earlier run left."""
        self._stacks[process_id] = self._left_open(process_id) if is_known else {}

    def _left_open(self, process_id: int) -> dict[int, tuple[int, int]]:
        rows = self._transaction.rows(
            "SELECT tid, first_tick, stack_pointer FROM stack_pointers"
            " WHERE process_id = ? AND last_tick IS NULL",
            process_id,
        )
        return {tid: (first_tick, pointer % (1 << 64)) for tid, first_tick, pointer in rows}

    def end(self, process_id: int) -> None:
        """It was found to have ended at this tick."""
        self.end_stacks(process_id)
        del self._stacks[process_id]

    def end_stacks(self, process_id: int) -> None:
        """All its threads were not there any more at this tick."""
        self._end(process_id, self._stacks[process_id])

    def stack_pointers(self, process_id: int, pointers: Mapping[int, int]) -> None:
        """Store where the stacks are of all threads that live, by TID; 0 if not known yet.

        Threads that are not among them have ended.
        """
        now, stacks = self._transaction, self._stacks[process_id]
        self._end(
            process_id,
            [
                tid
                for tid, (_, known) in stacks.items()
                if tid not in pointers or (known and pointers[tid] not in (0, known))
            ],
        )
        for tid, pointer in pointers.items():
            first_tick, known = stacks.setdefault(tid, (now.tick, 0))
            if pointer and not known:
                stacks[tid] = first_tick, pointer
                now.later(
                    "INSERT OR REPLACE INTO stack_pointers VALUES (?, ?, ?, ?, NULL)",
                    *(process_id, tid, first_tick, signed(pointer)),
                )

    def _end(self, process_id: int, tids: Iterable[int]) -> None:
        """These threads were not there any more at this tick."""
        stacks = self._stacks[process_id]
        for tid in list(tids):
            first_tick, known = stacks.pop(tid)
            if known:
                self._transaction.later(
                    "UPDATE stack_pointers SET last_tick = max(first_tick, ?)"
                    " WHERE (process_id, tid, first_tick) = (?, ?, ?)",
                    *(self._transaction.tick - 1, process_id, tid, first_tick),
                )

    def runtime_report(self, process_id: int, time_ns: int, source: str, text: str) -> None:
        """Store what a process's runtime said of its memory, at a time (UTC) during this tick."""
        now = self._transaction
        now.later(
            "INSERT OR REPLACE INTO runtime_reports VALUES (?, ?, ?, ?, ?)",
            *(process_id, now.tick, source, time_ns, text),
        )

    def elf_files(self, files: Mapping[tuple[int, int], ElfFile]) -> None:
        """Store what the headers of executed files tell, by (dev, inode).

        Nothing stays of what was known of them: an inode is used again.
        """
        machine = self._transaction.machine
        keys = [(machine, dev, signed(inode)) for dev, inode in files]
        for table in ("elf_segments", "build_ids", "file_marks"):
            self._transaction.each_later(
                f"DELETE FROM {table} WHERE (machine_id, dev, inode) = (?, ?, ?)", keys
            )
        self._transaction.each_later(
            "INSERT INTO elf_segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (machine, dev, signed(inode), number, *map(signed, segment))
                for (dev, inode), file in files.items()
                for number, segment in enumerate(file.segments)
            ],
        )
        self._transaction.each_later(
            "INSERT INTO build_ids VALUES (?, ?, ?, ?)",
            [
                (machine, dev, signed(inode), file.build_id)
                for (dev, inode), file in files.items()
                if file.build_id is not None
            ],
        )
        self._transaction.each_later(
            "INSERT INTO file_marks VALUES (?, ?, ?, ?)",
            [
                (machine, dev, signed(inode), mark)
                for (dev, inode), file in files.items()
                for mark in file.marks
            ],
        )
