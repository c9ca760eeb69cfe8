"""The files of one process by the descriptor of its directory; some of them stay open."""

from __future__ import annotations

import contextlib
import errno
import os

from ..errors import NoSense, NoSuchProcess, SourceError
from .buffer import BorrowedText, TextBuffer
from .files import NO_WAITING, SMALL_SIZE, meaning_of, read_whole
from .resting import TINY_SIZE, Still, Watched

#: Which small files stay open, so that reading them takes a third of the time.
_SMALL = frozenset(("statm", "stat", "schedstat", "status", "oom_score", "oom_score_adj"))
_AT_EVERY_TICK = frozenset(("statm", "stat", "schedstat"))

#: Files that are empty or full of zeros when the first thread has ended; others' are not.
_OF_MEMORY = frozenset(("smaps", "smaps_rollup", "statm", "status"))


class HeldFiles:
    """Reads each file once, by name. The held directory makes sure that it stays this process.

    What is read by way of a `thread` is what shows the memory, when the first thread has ended.
    """

    __slots__ = ("_keeps", "directory", "kept", "pid", "thread")

    def __init__(self, pid: int, directory: int, *, keep_open: bool) -> None:
        self.pid = pid
        self.directory = directory
        #: Descriptors that stay open, by name.
        self.kept: dict[str, int] = {}
        self.thread: int | None = None
        self._keeps = _SMALL if keep_open else _AT_EVERY_TICK

    def close(self) -> None:
        """Give all descriptors back."""
        self.close_kept()
        os.close(self.directory)

    def close_kept(self) -> None:
        """Give those back that stay open: they are of an image or a thread that is no more."""
        while self.kept:
            os.close(self.kept.popitem()[1])

    def small(self, name: str) -> bytes:
        """A file that fits one read. Raises NoSuchProcess, NoPermission, NoSense."""
        try:
            if name not in self._keeps:
                content = self.read_once(name)
            else:
                descriptor = self.kept.get(name, -1)
                if descriptor < 0:
                    descriptor = self.kept[name] = self._open(name)
                size = TINY_SIZE if name in _AT_EVERY_TICK else SMALL_SIZE
                content = os.pread(descriptor, size, 0)
                if len(content) == size:
                    content = read_whole(descriptor)
        except OSError as error:
            if error.errno == errno.ESPIPE:
                raise NoSense(f"{name} is a pipe") from None
            raise self._meaning_at_read(error) from None
        if not content:
            raise self._meaning_of_nothing(name)
        return content

    def fill(self, buffer: TextBuffer, name: str, limit: int | None) -> BorrowedText:
        """A file of any length. Raises NoSuchProcess, NoPermission."""
        try:
            descriptor = self._open(name)
        except OSError as error:
            raise meaning_of(error, self.pid) from None
        try:
            return buffer.fill_from(descriptor, limit)
        except OSError as error:
            raise self._meaning_at_read(error) from None
        finally:
            os.close(descriptor)

    def check(self, name: str) -> None:
        """Open a file, and read nothing. Raises NoSuchProcess, NoPermission."""
        try:
            os.close(self._open(name))
        except OSError as error:
            raise meaning_of(error, self.pid) from None

    def read_once(self, name: str) -> bytes:
        """A small file that does not stay open. Raises OSError."""
        descriptor = self._open(name)
        try:
            content = os.read(descriptor, SMALL_SIZE)
            return content if len(content) < SMALL_SIZE else read_whole(descriptor)
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        if self.thread is not None and name in _OF_MEMORY:
            name = f"task/{self.thread}/{name}"
        return os.open(name, NO_WAITING, dir_fd=self.directory)

    def _meaning_of_nothing(self, name: str) -> SourceError:
        """A process that has gone has nothing in any file; a copy of /proc may be incomplete."""
        others = {"stat", "statm", "status"} - {name}
        for other in others:
            with contextlib.suppress(OSError):
                if self.read_once(other):
                    return NoSense(f"{name} is empty")
        return meaning_of(OSError(errno.ESRCH, ""), self.pid)

    def _meaning_at_read(self, error: OSError) -> SourceError:
        if error.errno == errno.EPERM:
            with contextlib.suppress(OSError):
                os.close(self._open("stat"))
                return meaning_of(error, self.pid)
            return meaning_of(OSError(errno.ESRCH, ""), self.pid)
        return meaning_of(error, self.pid)

    def watch(self, statm: bytes, name: str, text: bytes) -> Watched | None:
        """Tells from now on whether statm and another file say this still; None: one is closed."""
        if "statm" not in self.kept or name not in self.kept:
            return None
        return Watched(self.kept["statm"], statm, self.kept[name], text)

    def says(self, still: Still) -> bool:
        """Whether both files say that now; False if that cannot be told."""
        return still.is_said_by(self.kept)

    def lacks(self, name: str) -> bool:
        """Whether the process is there, but has no such file: another kernel, or a copy of /proc.

        The folder of a process that has gone lists nothing.
        """
        try:
            names = os.listdir(self.directory)
        except OSError:
            return False
        return bool(names) and name not in names

    def lacks_rollup(self) -> bool:
        """Whether the kernel has no smaps_rollup: not there, beside a smaps that can be opened."""
        for name, missing in (("smaps_rollup", True), ("smaps", False)):
            try:
                os.close(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.directory))
            except OSError as error:
                if not missing or error.errno != errno.ENOENT:
                    return False
            else:
                if missing:
                    return False
        return True

    def threads(self) -> list[int]:
        """The TIDs of the process."""
        try:
            descriptor = os.open("task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.directory)
            try:
                return [int(name) for name in os.listdir(descriptor) if name.isdecimal()]
            finally:
                os.close(descriptor)
        except OSError as error:
            raise meaning_of(error, self.pid) from None

    def thread_file(self, tid: int, name: str) -> bytes:
        """A small file of a thread; empty if the thread has ended.

        Raises NoPermission.
        """
        try:
            return self.read_once(f"task/{tid}/{name}")
        except OSError as error:
            meaning = meaning_of(error, self.pid)
            if isinstance(meaning, NoSuchProcess):
                return b""
            raise meaning from None

    def write(self, name: str, data: bytes) -> None:
        """Write into a file. Raises NoSuchProcess, NoPermission."""
        try:
            descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=self.directory)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise meaning_of(error, self.pid) from None
