"""One process: what its files tell, read through a living thread where the first has ended."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Protocol

from ..errors import NoSense, NoSuchProcess, SourceError
from ..model import Image, Mapping, ProcessFacts, ProcessKey
from . import process
from .buffer import BorrowedText, TextBuffer
from .fast import FastReader
from .figures import figure
from .files import LONGEST_TEXT, meaning_of
from .held import HeldFiles
from .mapped import MappedFiles
from .resting import RestingTable, Still, Watched

#: As much of maps is read: 65,530 mappings, as many as there may be by default, take 5 MiB.
_MOST_MAPS = 16 << 20


class Shared(Protocol):
    """What all processes of a proc filesystem share: a source."""

    @property
    def buffer(self) -> TextBuffer:
        """For long texts, of one process at a time."""

    @property
    def resting(self) -> RestingTable:
        """Who need not be looked at."""

    @property
    def mapped_files(self) -> MappedFiles:
        """Reads files that processes map."""

    @property
    def page_size(self) -> int:
        """Bytes per page."""


class ProcessFiles:
    """The files of one process. The held directory makes sure that it stays this very process."""

    def __init__(self, shared: Shared, held: HeldFiles) -> None:
        """`held` reads each file, once, by its name."""
        self.pid = held.pid
        self._shared = shared
        self._held = held
        self._fast = FastReader(self._held.kept, self.small, lambda: shared.page_size)
        #: RSS and high-water mark: FastReader.read itself, fifty times a second.
        self.fast_reading = self._fast.read
        self._key: ProcessKey | None = None
        #: Why stat tells nothing, if it holds no sense.
        self.no_stat: str | None = None
        self._watched: Watched | None = None

    def close(self) -> None:
        """Give all descriptors back."""
        self._stop_watching()
        self._held.close()

    # -- through which thread ---------------------------------------------------------------------

    def follow_living_thread(self) -> bool:
        """Read memory through a thread that lives, when the first one has ended; False if none."""
        with contextlib.suppress(SourceError):
            for tid in self.threads():
                if tid == self.pid:
                    continue
                stat = self.thread_file(tid, "stat")
                if stat and not process.parse_stat(stat).has_ended:
                    if tid != self._held.thread:
                        self._go_through(tid)
                    return True
        return False

    def _go_through(self, thread: int | None) -> None:
        """Read memory through a thread; None: the first one."""
        self._stop_watching()
        self._held.close_kept()
        self._held.thread = thread

    def _stop_watching(self) -> None:
        self._watched = None
        self._shared.resting.drop(self.pid)

    def _left_thread(self) -> bool:
        """Whether to read again, because a thread was followed that is gone now.

        It may have ended: another may live. Or it called execve, and is the first thread now.

        Raises NoSuchProcess, NoPermission.
        """
        if self._held.thread is None:
            return False
        self._go_through(None)
        if self.stat().has_ended:
            self.follow_living_thread()
        return True

    @property
    def page_size(self) -> int:
        """Bytes per page."""
        return self._shared.page_size

    # -- whether it did anything ------------------------------------------------------------------

    def watch(self, statm: bytes, name: str, text: bytes) -> None:
        """Remember what statm and another small file said, for `is_still` and `rest_until`."""
        if (watched := self._held.watch(statm, name, text)) is not None:
            self._watched = watched

    def is_still(self) -> bool:
        """Whether both say, to the byte, what they said then; False if that cannot be told."""
        return self._watched is not None and self._watched.is_still()

    def still(self) -> Still | None:
        """What statm and schedstat or stat say now, for `is_as`; None if they cannot be read."""
        try:
            if ran := self.when_ran():
                return Still(self.small("statm"), "schedstat", ran)
            return Still(self.small("statm"), "stat", self.small("stat"))
        except SourceError:
            return None

    def is_as(self, still: Still) -> bool:
        """Whether both files say what they said then; False if that cannot be told."""
        return self._held.says(still)

    def rest_until(self, time_ns: int) -> None:
        """Until then `ProcSource.awake` need not tell of this process, if it stays still."""
        if self._watched is not None:
            self._shared.resting.put(self.pid, time_ns, self._watched)

    # -- small files ------------------------------------------------------------------------------

    def small(self, name: str) -> bytes:
        """A file that fits one read; statm, stat and status stay readable across execve.

        Raises NoSuchProcess, NoPermission.
        """
        try:
            return self._held.small(name)
        except NoSuchProcess:
            if not self._left_thread():
                raise
            return self._held.small(name)

    def lacks(self, name: str) -> bool:
        """Whether the process is there, but has no such file: another kernel, or a copy of /proc.

        The folder of a process that has gone lists nothing.
        """
        return self._held.lacks(name)

    def statm(self) -> process.Statm:
        """Sizes, cheaply: 1.3 us with the descriptor kept, 4.6 us without."""
        return process.parse_statm(self.small("statm"), self._shared.page_size)

    def stat(self) -> process.Stat:
        """State, faults, start time.

        Raises NoSuchProcess, also when another process has the PID now: over sshfs the held
        directory is but a path.
        """
        try:
            stat = process.parse_stat(self.small("stat"))
        except NoSense as problem:
            if self._key is not None:
                raise  # for once: it is known which process this is
            self.no_stat = str(problem)
            return self._stat_without_file()
        except NoSuchProcess:
            if not self.lacks("stat"):
                raise
            return self._stat_without_file()
        if self._key is None:
            self._key = ProcessKey(self.pid, stat.start_time)
        elif not self._key.is_still(stat.start_time):
            raise meaning_of(OSError(errno.ESRCH, ""), self.pid)
        if self._held.thread is not None and not stat.has_ended:
            self._go_through(None)  # it called execve, and is the first thread now
        return stat

    def _stat_without_file(self) -> process.Stat:
        name = self._optional("comm") or b"?"
        return process.stat_without_file(name.removesuffix(b"\n"))

    def status(self) -> process.Status:
        """High-water mark, swap, threads. Raises NoSense."""
        try:
            return process.parse_status(self.small("status"))
        except NoSuchProcess:
            if not self.lacks("status"):
                raise
            return process.Status()  # a copy of /proc without it

    def number(self, name: str) -> int | None:
        """oom_score or oom_score_adj; None where there is none, it is hidden, or just gone."""
        try:
            text = self.small(name).strip()
        except SourceError:
            return None
        number = figure(text.removeprefix(b"-"))
        return -number if number is not None and text.startswith(b"-") else number

    @property
    def has_one_thread(self) -> bool:
        """Whether it has one thread, as far as is known: then schedstat tells whether it ran."""
        return self._fast.has_one_thread

    @has_one_thread.setter
    def has_one_thread(self, has_one_thread: bool) -> None:
        self._fast.has_one_thread = has_one_thread

    def when_ran(self) -> bytes:
        """schedstat, if that says whether the process ran: empty if it has several threads."""
        return self._fast.when_ran()

    def schedstat(self) -> bytes:
        """Times and turns on a CPU of the first thread; empty where the kernel does not count."""
        return self._fast.schedstat()

    def reset_peak(self) -> None:
        """Set the kernel's high-water mark to the RSS of now. Others see it: ru_maxrss falls too.

        Raises NoPermission: it takes the owner, or CAP_DAC_OVERRIDE.
        """
        self._fast.forget()
        self._held.write("clear_refs", b"5")

    # -- threads ----------------------------------------------------------------------------------

    def threads(self) -> list[int]:
        """The TIDs of the process."""
        return self._held.threads()

    def thread_file(self, tid: int, name: str) -> bytes:
        """A small file of a thread; empty if the thread has ended.

        Raises NoPermission.
        """
        return self._held.thread_file(tid, name)

    # -- layouts ----------------------------------------------------------------------------------

    def smaps(self, limit: int | None = None) -> BorrowedText:
        """smaps, as it lies in the source's buffer; empty if there is no memory.

        Of one longer than `limit` bytes, some more than that are read, and no end.

        Opened anew each time: a kept descriptor goes on showing the image before execve.
        """
        return self._fill("smaps", limit)

    def check_smaps(self) -> None:
        """Try whether smaps may be read, without holding the process up.

        It is opened, which is where kernels refuse it; old ones refuse to read it, as they do maps.
        Of that a first piece is read: 4 KiB.

        Raises NoSuchProcess, NoPermission.
        """
        try:
            self._held.check("smaps")
        except NoSuchProcess:
            if not self._left_thread():
                raise
            self._held.check("smaps")
        try:
            self._fill("maps", 0)
        except NoSuchProcess:
            if not self.lacks("maps"):
                raise

    def count_mappings(self) -> int:
        """How many there are, by maps: nobody waits for that, as for smaps.

        The kernel holds the lock only for as many as fill 4 KiB of text (40 us), and looks at no
        page. Of a text that is longer than any kernel's by default only the beginning is counted.
        """
        text = self._fill("maps", _MOST_MAPS)
        return bytes(text).count(b"\n")

    def rollup(self) -> bytes:
        """smaps_rollup: a second walk over all pages."""
        return bytes(self._fill("smaps_rollup"))

    def lacks_rollup(self) -> bool:
        """Whether the kernel has no smaps_rollup: not there, beside a smaps that can be opened."""
        return self._held.lacks_rollup()

    def _fill(self, name: str, limit: int | None = None) -> BorrowedText:
        try:
            return self._held.fill(self._shared.buffer, name, limit)
        except NoSuchProcess:
            if not self._left_thread():
                raise
            return self._held.fill(self._shared.buffer, name, limit)

    def mapped_file(self, mapping: Mapping, offset: int, size: int) -> bytes | None:
        """Bytes of a file that is mapped, as the process itself sees it; None if not to be had.

        By the mapping itself (map_files), which needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, else
        by name below the process's root, if that is still the same file. The process may have put
        anything there. So a helper opens it, if it is a regular file that is known to answer.

        Raises mapped.NotAnswered.
        """
        uid = os.fstat(self._held.directory).st_uid
        part = slice(offset, offset + size)
        return self._shared.mapped_files.read(self.pid, uid, mapping, part)

    # -- what is read once ------------------------------------------------------------------------

    def facts(self) -> ProcessFacts:
        """What is read once per process."""
        stat = self.stat()
        try:
            status = self.status()
        except NoSense:
            status = process.Status()  # which each sample tells
        cgroup = self._optional("cgroup")
        return ProcessFacts(
            key=ProcessKey(self.pid, stat.start_time),
            image=self.image(stat),
            parent_pid=status.parent_pid,
            uid=status.uid,
            cgroup=None if cgroup is None else cgroup.decode("utf-8", "surrogateescape").strip(),
        )

    def image(self, stat: process.Stat) -> Image:
        """What the last execve put there."""
        exe = None
        with contextlib.suppress(OSError):
            exe = os.fsencode(os.readlink("exe", dir_fd=self._held.directory))
        return process.image_of(stat, self._optional("cmdline"), exe)

    def _optional(self, name: str) -> bytes | None:
        """The beginning of a file that a process can make as long as it likes."""
        try:
            return bytes(self._fill(name, LONGEST_TEXT))
        except SourceError:
            return None
