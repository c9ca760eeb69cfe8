"""Appends to a recording: only what changed, in one transaction a second.

The hot path of storing. 20 changed mappings of 2,100 cost 0.2 ms and 0.9 KB a tick, keyframes
included; one row per mapping and tick would be 84 KB.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from ..model import (
    FastReading,
    Image,
    Machine,
    Member,
    Pass,
    ProcessFacts,
    Sample,
    SystemMemory,
    Tick,
)
from ..recorded import RecordedContainer
from .connection import WritableFile, explained
from .steps import Steps, silently
from .write.evidence import Evidence
from .write.headers import Headers
from .write.layouts import Layouts
from .write.named_figures import Cgroups, MachineMemory
from .write.passes import Passes
from .write.processes import Processes
from .write.readings import Readings
from .write.runs import Runs
from .write.texts import Texts
from .write.transaction import Transaction


class Writer:
    """A recording being written. All methods raise errors.CannotWrite when the disk refuses."""

    def __init__(self, path: str, migrating: Steps = silently) -> None:
        """Opens or creates the file; what it holds is kept. `migrating`: see WritableFile.

        Raises NotARecording, NewerRecording, Damaged, RecordingBusy, CannotWrite.
        """
        self.path = path
        self._file = WritableFile(path, migrating)
        #: After `close`: why a -wal file has to be kept beside the file, if it has.
        self.why_wal_is_kept: str | None = None
        transaction = self._transaction = Transaction(self._file)
        texts = self._texts = Texts(transaction)
        self._runs = Runs(transaction)
        self._processes = Processes(transaction, texts)
        self._layouts = Layouts(transaction, Headers(transaction, texts))
        self._readings = Readings(transaction)
        self._evidence = Evidence(transaction)
        self._passes = Passes(transaction)
        self._machine_memory = MachineMemory(transaction)
        self._cgroups = Cgroups(transaction)

    def size(self) -> int:
        """Bytes of the recording with all that was written so far, whatever file it is in."""
        return self._transaction.size()

    # -- the transaction --------------------------------------------------------------------------

    def commit(self) -> None:
        """Make everything so far safe against the end of this process.

        Raises RecordingMoved if the file was deleted, renamed or replaced.
        """
        with explained(self.path):
            self._transaction.flush()
        self._file.commit()

    def close(self, reason: str | None, cpu_ns: int | None = None, rss: int | None = None) -> bool:
        """End the run and the file; without a reason (an error), only what was committed stays.

        Returns False if a reader made it impossible to fold the -wal file in.
        """
        try:
            if reason is not None:
                self._file.check()
                with explained(self.path):
                    self._transaction.begin()
                    self._layouts.finish()
                    self._runs.finish(reason, cpu_ns, rss)
                    self._transaction.end()
        finally:
            self.why_wal_is_kept = self._file.close()
        return self.why_wal_is_kept is None

    def discard(self) -> None:
        """Leave nothing of a recording that was made for this run, and holds nothing."""
        if self._file.is_new:
            self._file.remove()
        else:
            self._file.close()

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
        is_capture = period_ns is None
        self._processes.are_captured, self._layouts.are_compared = is_capture, not is_capture
        with explained(self.path):
            self._runs.start(machine, period_ns, command, policy, max_map_count)

    def start_import(
        self, machine: Machine, command: Iterable[str], *, are_keys_told: bool
    ) -> None:
        """Begin a run of layouts that another recorder took, one after the other.

        Its period is not told. `are_keys_told`: start times are; else a process is the one of its
        PID and name, as that of captures.
        """
        self._processes.are_captured, self._layouts.are_compared = not are_keys_told, True
        with explained(self.path):
            self._runs.start(machine, None, command, None, None)

    def end_run(self, reason: str) -> None:
        """End the run, to begin another on the same file."""
        with explained(self.path):
            self._transaction.begin()
            self._layouts.finish()
            self._runs.finish(reason, None, None)
            self._transaction.end()

    def selection(self, kind: str, description: str, root_pid: int | None) -> None:
        """Store what this run records."""
        with explained(self.path):
            self._runs.select(kind, description, root_pid)

    def too_short(self, count: int) -> None:
        """Store how many processes had ended before anything could be read of them."""
        with explained(self.path):
            self._runs.too_short(count)

    def tick(self, tick: Tick) -> int:
        """Begin a tick; returns its number. All that is written next belongs to it."""
        with explained(self.path):
            return self._runs.tick(tick)

    def unchanged(self, processes: int) -> None:
        """Note how many processes this tick did not read, because nothing showed a change."""
        with explained(self.path):
            self._runs.unchanged(processes)

    def too_slow(self) -> None:
        """Note that this tick did not read one more process: it would be held up for too long."""
        with explained(self.path):
            self._runs.too_slow()

    # -- processes --------------------------------------------------------------------------------

    def add_process(self, facts: ProcessFacts) -> int:
        """Store a process, or find it again if an earlier run on this machine had it.

        A capture does not tell its start time: there it is the process of the same PID and name.
        """
        with explained(self.path):
            process_id, is_known = self._processes.add(facts)
            self._layouts.begin(process_id)
            self._passes.begin(process_id)
            self._evidence.begin(process_id, is_known=is_known)
            if not self._processes.runs(process_id, facts.image):
                self._image(process_id, facts.image)
        return process_id

    def captured_names(self, pid: int) -> list[str]:
        """Names of the processes with this PID of which captures were loaded."""
        return self._processes.captured_names(pid)

    def _image(self, process_id: int, image: Image) -> None:
        self._processes.image(process_id, image)
        self._evidence.end_stacks(process_id)

    def end_process(self, process_id: int) -> None:
        """Note that a process was found to have ended at this tick; how, is told soon or never."""
        with explained(self.path):
            self._evidence.end(process_id)
            self._layouts.end(process_id)
            self._passes.end(process_id)
            self._processes.end(process_id)

    def exit(
        self,
        pid: int,
        code: int | None,
        signal: int | None,
        max_rss: int,
        inherited: int | None = None,
    ) -> None:
        """Store how a process of this run ended; one that was never recorded is passed over."""
        with explained(self.path):
            self._processes.exit(pid, code, signal, max_rss, inherited)

    # -- what is read of them ---------------------------------------------------------------------

    def sample(self, process_id: int, sample: Sample, delay_ns: int | None) -> None:
        """Store what this tick found in a process, read from `delay_ns` after it began."""
        evidence, layouts = sample.evidence, self._layouts
        with explained(self.path):
            if sample.image is not None:
                self._image(process_id, sample.image)
            if sample.change is not None:
                layouts.store(process_id, sample.change)
            self._readings.store(process_id, sample, delay_ns, layouts.keyframe(process_id))
            if evidence.stack_pointers:
                self._evidence.stack_pointers(process_id, evidence.stack_pointers)
            if evidence.elf_files:
                self._evidence.elf_files(evidence.elf_files)

    def fast_reading(
        self, process_id: int, time_ns: int, since_ns: int, reading: FastReading
    ) -> None:
        """Store figures read between two layouts; the caller leaves out what did not change."""
        by_tick = self._runs.was_set_back
        # Fifty times a second: a context manager would cost half as much as the row itself.
        try:
            self._readings.store_fast(process_id, time_ns, since_ns, reading, by_tick=by_tick)
        except sqlite3.Error:
            with explained(self.path):
                raise

    def take_pass(self, sums: Pass, members: dict[int, Member]) -> None:
        """Store a pass of this tick: its sums, and what changed of its members (by process id).

        Members may have been found to have ended since, at this tick.
        """
        with explained(self.path):
            self._passes.store(sums, members)

    def group_mark(self, time_ns: int, private: int, processes: int) -> None:
        """Store the highest sum of private memory seen between two passes."""
        with explained(self.path):
            self._passes.mark(time_ns, private, processes)

    # -- the machine ------------------------------------------------------------------------------

    def system_memory(self, changes: SystemMemory) -> None:
        """Store the fields of meminfo that changed at this tick."""
        with explained(self.path):
            self._machine_memory.store(changes.values)

    def cgroup(self, version: int, path: str) -> int:
        """Store a cgroup, or find it again; returns its number."""
        with explained(self.path):
            return self._cgroups.number(version, path)

    def container(self, container_id: str, facts: RecordedContainer) -> None:
        """Store what a runtime calls a container."""
        with explained(self.path):
            self._cgroups.container(container_id, facts)

    def runtime_report(self, process_id: int, time_ns: int, source: str, text: str) -> None:
        """Store what a process's runtime said of its memory, at a time (UTC) during this tick."""
        with explained(self.path):
            self._evidence.runtime_report(process_id, time_ns, source, text)

    def cgroup_figures(self, cgroup_id: int, changes: Mapping[str, int]) -> None:
        """Store the figures of a cgroup that changed at this tick."""
        with explained(self.path):
            self._cgroups.store(cgroup_id, changes)
