"""Opens the files of a proc filesystem, and turns errno into meaning, in one place.

What the kernel answers (tested on 6.18; `errors` says what each becomes):

    ENOENT, ESRCH   the process is gone (reaped), or hidepid=2 hides it; 6.16 also answers ESRCH at
                    open of smaps for zombies and kernel threads           -> NoSuchProcess
    EACCES, EPERM   another user's process without CAP_SYS_PTRACE (or CAP_PERFMON since 6.15), a
                    non-dumpable one, hidepid=1                            -> NoPermission
    EPERM at read   sshfs says so for every failure of the far side: the process is gone unless its
                    stat can still be read                                 -> NoSuchProcess
    empty stat      sshfs again: the far process ended while its file was held open
    or statm                                                               -> NoSuchProcess
    empty smaps     zombie, kernel thread, thread-group leader that has exited, or the image was
                    replaced by execve after the open: the caller tells which from stat
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import NoPermission, NoSense, NoSuchProcess, NotAProcRoot, SourceError
from ..message import Named, Setting
from ..model import FastReading, Image, Machine, Mapping, ProcessFacts, ProcessKey
from . import process, system
from .figures import figure
from .mapped import MappedFiles

#: More than 32 KiB at a time is quadratic over sshfs: it splits the request, and each part makes
#: the far side print smaps from the start. Locally every read returns at most 4 KiB anyway.
READ_SIZE = 32 * 1024

#: Longer than the small files are, and no more, because each read allocates it. What fills it is
#: read on: status names all groups.
_SMALL_SIZE = 8 * 1024
#: Longer than statm, schedstat and nearly every stat. What is read larger and then kept lies where
#: it was read, in a hole of the heap: the recorder would grow, and record that it did.
_TINY_SIZE = 448
#: A figure of so many digits is below 2**63 in whatever unit.
_PLAIN_DIGITS = 13
#: What schedstat says where the kernel does not count.
_NOT_COUNTED = (b"", b"0 0 0\n")
_LARGEST_SMALL = 2 * 1024 * 1024
#: A copy of proc that a stranger made may hold pipes.
NO_WAITING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
#: Of a command line, and of the list of cgroups, so much is read.
LONGEST_TEXT = 128 * 1024
#: Which small files stay open, so that reading them takes a third of the time.
_SMALL = frozenset(("statm", "stat", "schedstat", "status", "oom_score", "oom_score_adj"))
_AT_EVERY_TICK = frozenset(("statm", "stat", "schedstat"))

#: Files that are empty or full of zeros when the first thread has ended; others' are not.
_OF_MEMORY = frozenset(("smaps", "smaps_rollup", "statm", "status"))

_PERMISSION_REMEDY = (
    "run as the same user or as root (CAP_SYS_PTRACE, or CAP_PERFMON on kernels since 6.15)"
)


class Still(NamedTuple):
    """What statm and another small file said at one moment, to the byte."""

    statm: bytes
    name: str
    text: bytes


class TextBuffer:
    """Bytes that a proc file is read into, again and again without a new allocation."""

    def __init__(self) -> None:
        self.text = bytearray(2 * READ_SIZE)

    def fill_from(self, descriptor: int, limit: int | None = None) -> int:
        """Read to end of file, or until there is more than `limit`; returns the length."""
        length = 0
        view = memoryview(self.text)
        try:
            while True:
                if len(view) - length < READ_SIZE:
                    view.release()
                    more = len(self.text) if limit is None else min(len(self.text), limit)
                    self.text.extend(bytes(more))
                    view = memoryview(self.text)
                count = os.readv(descriptor, (view[length : length + READ_SIZE],))
                if count == 0:
                    return length
                length += count
                if limit is not None and length > limit:
                    return length
        finally:
            view.release()


#: How a user chooses the proc filesystem.
_CHOSEN_BY = Named(Setting.PROC, "", " ({}, PROCFS)")


class ProcSource:
    """One proc filesystem: this machine's, or another's that is mounted here."""

    def __init__(self, root: str = "/proc") -> None:
        """Raises NotAProcRoot."""
        if not os.path.isdir(root):
            raise NotAProcRoot(f"{root}: no such directory", _CHOSEN_BY)
        if not _is_proc(root):
            raise NotAProcRoot(f"{root}: not a proc filesystem", _CHOSEN_BY)
        self.root = root
        self.buffer = TextBuffer()
        self.mapped_files = MappedFiles(root)
        #: By PID: until when the process is passed over if its two watched files stay the same.
        self.resting: dict[int, tuple[int, int, bytes, int, bytes]] = {}
        self._page_size: int | None = None

    def pids(self) -> list[int]:
        """All processes, kernel threads included, that the filesystem shows."""
        return [int(name) for name in os.listdir(self.root) if name.isdecimal()]

    def awake(self, pids: Iterable[int], now_ns: int) -> list[int]:
        """Those of some processes that do not rest, or not any more: see ProcessFiles.rest_until.

        What a sleeping process costs at each tick of the whole machine: hence a table, and one
        loop. With the caches as cold as a second leaves them it takes 5 us for each, nearly all the
        kernel's; to go from object to object takes 2 us more.
        """
        woken, read = [], os.pread
        for pid, (until_ns, first, first_text, second, second_text) in self.resting.items():
            try:
                if (
                    now_ns < until_ns
                    and read(first, _TINY_SIZE, 0) == first_text
                    and read(second, _TINY_SIZE, 0) == second_text
                ):
                    continue
            except OSError:
                pass  # it has ended
            woken.append(pid)
        for pid in woken:
            del self.resting[pid]
        return [pid for pid in pids if pid not in self.resting]

    def machine(self) -> Machine:
        """Where this proc filesystem comes from; it does not depend on the local machine."""

        def line(path: str) -> str | None:
            try:
                content = _read_file(f"{self.root}/sys/kernel/{path}")
            except OSError:
                return None
            return content.decode("utf-8", "replace").strip() or None

        return Machine(
            boot_id=line("random/boot_id"),
            hostname=line("hostname"),
            kernel=line("osrelease"),
            page_size=self.page_size,
            cpus=self._cpus(),
        )

    def max_map_count(self) -> int | None:
        """How many mappings the machine lets a process have; None if it does not tell."""
        try:
            limit = int(_read_file(f"{self.root}/sys/vm/max_map_count"))
        except (OSError, ValueError):
            return None
        return limit if 0 < limit < 1 << 31 else None

    def _cpus(self) -> int | None:
        try:
            return system.count_cpus(_read_file(f"{self.root}/stat")) or None
        except OSError:
            return None

    @property
    def page_size(self) -> int:
        """Bytes per page of the machine whose processes these are, told by its own files."""
        if self._page_size is None:
            self._page_size = self._find_page_size() or os.sysconf("SC_PAGE_SIZE")
        return self._page_size

    def _find_page_size(self) -> int | None:
        for pid in ["self", *sorted(self.pids())]:
            # A process that vanishes or is hidden says nothing; the next one will.
            with contextlib.suppress(OSError, SourceError):
                statm = _read_file(f"{self.root}/{pid}/statm")
                status = _read_file(f"{self.root}/{pid}/status")
                if page_size := process.page_size_of(statm, status):
                    return page_size
        return None

    def meminfo(self) -> bytes | None:
        """/proc/meminfo; None where the mount hides it (subset=pid)."""
        try:
            return _read_file(f"{self.root}/meminfo")
        except OSError:
            return None

    def open_process(self, pid: int, *, keep_open: bool) -> ProcessFiles:
        """Hold on to a process. `keep_open` keeps all its small files open.

        Otherwise only those stay open that may be read at every tick: statm, stat, schedstat.

        Raises NoSuchProcess, NoPermission.
        """
        try:
            directory = os.open(f"{self.root}/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise meaning_of(error, pid) from None
        return ProcessFiles(self, pid, directory, keep_open)


class ProcessFiles:
    """The files of one process. The held directory makes sure that it stays this very process."""

    def __init__(self, source: ProcSource, pid: int, directory: int, keep_open: bool) -> None:
        self.pid = pid
        self._source = source
        self._directory = directory
        self._kept: dict[str, int] = {}
        self._keeps = _SMALL if keep_open else _AT_EVERY_TICK
        self._start_time: int | None = None
        #: Why stat tells nothing, if it holds no sense.
        self.no_stat: str | None = None
        self._thread: int | None = None
        self._watched: tuple[int, bytes, int, bytes] | None = None
        self._has_schedstat = True
        #: Whether it has one thread, as far as is known: then schedstat tells whether it ran.
        self.has_one_thread = True
        self._fast: tuple[bytes, bytes, FastReading] | None = (
            None  # statm, schedstat, and what of it
        )

    def close(self) -> None:
        """Give all descriptors back."""
        self._close_kept()
        os.close(self._directory)

    def _close_kept(self) -> None:
        self._watched = None
        self._source.resting.pop(self.pid, None)
        while self._kept:
            os.close(self._kept.popitem()[1])

    def follow_living_thread(self) -> bool:
        """Read memory through a thread that lives, when the first one has ended; False if none."""
        with contextlib.suppress(SourceError):
            for tid in self.threads():
                if tid == self.pid:
                    continue
                stat = self.thread_file(tid, "stat")
                if stat and process.parse_stat(stat).state not in "ZX":
                    if tid != self._thread:
                        self._close_kept()
                        self._thread = tid
                    return True
        return False

    def _leave_thread(self) -> None:
        self._close_kept()
        self._thread = None

    def _left_thread(self) -> bool:
        """Whether to read again, because a thread was followed that is gone now.

        It may have ended: another may live. Or it called execve, and is the first thread now.

        Raises NoSuchProcess, NoPermission.
        """
        if self._thread is None:
            return False
        self._leave_thread()
        if self.stat().state in "ZX":
            self.follow_living_thread()
        return True

    @property
    def buffer(self) -> bytearray:
        """Where `smaps` leaves its text: shared by all processes of the source."""
        return self._source.buffer.text

    def statm(self) -> process.Statm:
        """Sizes, cheaply: 1.3 us with the descriptor kept, 4.6 us without."""
        return process.parse_statm(self.small("statm"), self._source.page_size)

    def watch(self, statm: bytes, name: str, text: bytes) -> None:
        """Remember what statm and another small file said, for `is_still` and `rest_until`."""
        with contextlib.suppress(KeyError):
            self._watched = self._kept["statm"], statm, self._kept[name], text

    def is_still(self) -> bool:
        """Whether both say, to the byte, what they said then; False if that cannot be told."""
        if self._watched is None:
            return False
        first, first_text, second, second_text = self._watched
        try:
            return (
                os.pread(first, _TINY_SIZE, 0) == first_text
                and os.pread(second, _TINY_SIZE, 0) == second_text
            )
        except OSError:
            return False

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
        try:
            return (
                os.pread(self._kept[still.name], _TINY_SIZE, 0) == still.text
                and os.pread(self._kept["statm"], _TINY_SIZE, 0) == still.statm
            )
        except (OSError, KeyError):
            return False

    def rest_until(self, time_ns: int) -> None:
        """Until then `ProcSource.awake` need not tell of this process, if it stays still."""
        if self._watched is not None:
            self._source.resting[self.pid] = (time_ns, *self._watched)

    def stat(self) -> process.Stat:
        """State, faults, start time.

        Raises NoSuchProcess, also when another process has the PID now: over sshfs the held
        directory is but a path.
        """
        try:
            stat = process.parse_stat(self.small("stat"))
        except NoSense as problem:
            if self._start_time is not None:
                raise  # for once: it is known which process this is
            self.no_stat = str(problem)
            return self._stat_without_file()
        except NoSuchProcess:
            if not self.lacks("stat"):
                raise
            return self._stat_without_file()
        if self._start_time is None:
            self._start_time = stat.start_time
        elif stat.start_time != self._start_time:
            raise meaning_of(OSError(errno.ESRCH, ""), self.pid)
        if self._thread is not None and stat.state not in "ZX":
            self._leave_thread()  # it called execve, and is the first thread now
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

    def fast_reading(self) -> FastReading | None:
        """RSS and high-water mark; None for a process that has no memory any more.

        With the caches as cold as 20 ms leave them status takes a third of a pass. A process of one
        thread that did not run has the mark that it had: then schedstat is read in its place.
        """
        try:
            reading = self._fast_from_kept()
        except (OSError, KeyError, ValueError):
            reading = None
        return reading if reading is not None else self._fast_by_name()

    def _fast_from_kept(self) -> FastReading | None:
        """A fast reading if all is as nearly always: files that are open, text that kernels print.

        None if anything is not, and then all is read again. It stands in one function because what
        Python does for it costs more than what the kernel does.

        Raises OSError, KeyError, ValueError.
        """
        kept, read = self._kept, os.pread
        is_counted = self.has_one_thread and self._has_schedstat
        # First: if it runs now, that will show.
        ran = read(kept["schedstat"], _TINY_SIZE, 0) if is_counted else b""
        statm = read(kept["statm"], _TINY_SIZE, 0)
        before = self._fast
        if before is not None and ran == before[1] and statm == before[0]:
            return before[2]
        status = read(kept["status"], _SMALL_SIZE, 0)
        start = status.index(b"\nVmHWM:") + 7
        mark = status[start : status.index(b" kB\n", start)].strip()
        _, resident, shared, _ = statm.split(None, 3)
        if not (resident + shared + mark).isdigit() or len(status) == _SMALL_SIZE:
            return None
        if len(max(resident, shared, mark, key=len)) > _PLAIN_DIGITS or resident == b"0":
            return None
        if is_counted and ran in _NOT_COUNTED:
            return None
        self.has_one_thread = b"\nThreads:\t1\n" in status
        size = self._source.page_size
        reading = FastReading(int(resident) * size, int(mark) * 1024, int(shared) * size)
        self._fast = (statm, ran, reading) if ran and self.has_one_thread else None
        return reading

    def _fast_by_name(self) -> FastReading | None:
        """A fast reading whatever there is. Raises NoSuchProcess."""
        ran = self.when_ran()  # first: if it runs now, that will show
        statm = self.small("statm")
        if self._fast is not None and self._fast[:2] == (statm, ran):
            return self._fast[2]
        status = self.small("status")
        self.has_one_thread = b"\nThreads:\t1\n" in status
        resident, shared = process.parse_resident(statm, self._source.page_size)
        mark = process.parse_high_water_mark(status)
        if not resident:
            return None
        reading = FastReading(resident, mark, shared)
        self._fast = (statm, ran, reading) if ran and self.has_one_thread else None
        return reading

    def when_ran(self) -> bytes:
        """schedstat, if that says whether the process ran: empty if it has several threads."""
        return self.schedstat() if self.has_one_thread else b""

    def schedstat(self) -> bytes:
        """Times and turns on a CPU of the first thread; empty where the kernel does not count."""
        if not self._has_schedstat:
            return b""
        try:
            text = self.small("schedstat")
        except SourceError:
            text = b""
        self._has_schedstat = text not in _NOT_COUNTED
        return text if self._has_schedstat else b""

    def smaps(self, limit: int | None = None) -> int:
        """Read smaps into the source's buffer; returns its length, 0 if there is no memory.

        Of one longer than `limit` bytes, some more than that are read, and no end.

        Opened anew each time: a kept descriptor goes on showing the image before execve.
        """
        return self._fill("smaps", limit)

    def rollup(self) -> bytes:
        """smaps_rollup: a second walk over all pages."""
        return bytes(self._source.buffer.text[: self._fill("smaps_rollup")])

    def lacks_rollup(self) -> bool:
        """Whether the kernel has no smaps_rollup: not there, beside a smaps that can be opened."""
        for name, missing in (("smaps_rollup", True), ("smaps", False)):
            try:
                os.close(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory))
            except OSError as error:
                if not missing or error.errno != errno.ENOENT:
                    return False
            else:
                if missing:
                    return False
        return True

    def lacks(self, name: str) -> bool:
        """Whether the process is there, but has no such file: another kernel, or a copy of /proc.

        The folder of a process that has gone lists nothing.
        """
        try:
            names = os.listdir(self._directory)
        except OSError:
            return False
        return bool(names) and name not in names

    def reset_peak(self) -> None:
        """Set the kernel's high-water mark to the RSS of now. Others see it: ru_maxrss falls too.

        Raises NoPermission: it takes the owner, or CAP_DAC_OVERRIDE.
        """
        try:
            descriptor = os.open("clear_refs", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._directory)
            try:
                os.write(descriptor, b"5")
                self._fast = None
            finally:
                os.close(descriptor)
        except OSError as error:
            raise meaning_of(error, self.pid) from None

    def threads(self) -> list[int]:
        """The TIDs of the process."""
        try:
            descriptor = os.open("task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)
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
            return self._read_once(f"task/{tid}/{name}")
        except OSError as error:
            meaning = meaning_of(error, self.pid)
            if isinstance(meaning, NoSuchProcess):
                return b""
            raise meaning from None

    def mapped_file(self, mapping: Mapping, offset: int, size: int) -> bytes | None:
        """Bytes of a file that is mapped, as the process itself sees it; None if not to be had.

        By the mapping itself (map_files), which needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, else
        by name below the process's root, if that is still the same file. The process may have put
        anything there. So a helper opens it, if it is a regular file that is known to answer.

        Raises mapped.NotAnswered.
        """
        uid = os.fstat(self._directory).st_uid
        part = slice(offset, offset + size)
        return self._source.mapped_files.read(self.pid, uid, mapping, part)

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
            exe = os.fsencode(os.readlink("exe", dir_fd=self._directory))
        return process.image_of(stat, self._optional("cmdline"), exe)

    def _optional(self, name: str) -> bytes | None:
        """The beginning of a file that a process can make as long as it likes."""
        try:
            length = self._fill(name, LONGEST_TEXT)
        except SourceError:
            return None
        return bytes(self._source.buffer.text[:length])

    def _open(self, name: str) -> int:
        if self._thread is not None and name in _OF_MEMORY:
            name = f"task/{self._thread}/{name}"
        return os.open(name, NO_WAITING, dir_fd=self._directory)

    def _fill(self, name: str, limit: int | None = None) -> int:
        try:
            return self._fill_once(name, limit)
        except NoSuchProcess:
            if not self._left_thread():
                raise
            return self._fill_once(name, limit)

    def _fill_once(self, name: str, limit: int | None) -> int:
        try:
            descriptor = self._open(name)
        except OSError as error:
            raise meaning_of(error, self.pid) from None
        try:
            return self._source.buffer.fill_from(descriptor, limit)
        except OSError as error:
            raise self._meaning_at_read(error) from None
        finally:
            os.close(descriptor)

    def small(self, name: str) -> bytes:
        """A file that fits one read; statm, stat and status stay readable across execve.

        Raises NoSuchProcess, NoPermission.
        """
        try:
            return self._small(name)
        except NoSuchProcess:
            if not self._left_thread():
                raise
            return self._small(name)

    def _small(self, name: str) -> bytes:
        try:
            if name not in self._keeps:
                content = self._read_once(name)
            else:
                descriptor = self._kept.get(name, -1)
                if descriptor < 0:
                    descriptor = self._kept[name] = self._open(name)
                size = _TINY_SIZE if name in _AT_EVERY_TICK else _SMALL_SIZE
                content = os.pread(descriptor, size, 0)
                if len(content) == size:
                    content = _whole(descriptor)
        except OSError as error:
            if error.errno == errno.ESPIPE:
                raise NoSense(f"{name} is a pipe") from None
            raise self._meaning_at_read(error) from None
        if not content:
            raise self._meaning_of_nothing(name)
        return content

    def _meaning_of_nothing(self, name: str) -> SourceError:
        """A process that has gone has nothing in any file; a copy of /proc may be incomplete."""
        others = {"stat", "statm", "status"} - {name}
        for other in others:
            with contextlib.suppress(OSError):
                if self._read_once(other):
                    return NoSense(f"{name} is empty")
        return meaning_of(OSError(errno.ESRCH, ""), self.pid)

    def _read_once(self, name: str) -> bytes:
        descriptor = self._open(name)
        try:
            content = os.read(descriptor, _SMALL_SIZE)
            return content if len(content) < _SMALL_SIZE else _whole(descriptor)
        finally:
            os.close(descriptor)

    def _meaning_at_read(self, error: OSError) -> SourceError:
        if error.errno == errno.EPERM:
            with contextlib.suppress(OSError):
                os.close(self._open("stat"))
                return meaning_of(error, self.pid)
            return meaning_of(OSError(errno.ESRCH, ""), self.pid)
        return meaning_of(error, self.pid)


def _is_proc(root: str) -> bool:
    """Whether a folder is a proc filesystem, or a copy of a part of one: a process is enough."""
    if any(os.path.lexists(f"{root}/{name}") for name in ("self", "meminfo", "uptime")):
        return True
    pids = [name for name in os.listdir(root) if name.isdecimal()]
    files = ("smaps", "statm", "status", "stat")
    return any(os.path.lexists(f"{root}/{pid}/{name}") for pid in pids[:8] for name in files)


def raise_descriptor_limit() -> None:
    """Allow as many descriptors as the system lets us: the whole machine takes four a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def meaning_of(error: OSError, pid: int) -> SourceError:
    """What an errno means for a process (see the module's docstring)."""
    if error.errno in (errno.ENOENT, errno.ESRCH):
        return NoSuchProcess(f"process {pid}: no such process")
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(
            f"process {pid}: no permission to read its memory; {_PERMISSION_REMEDY}"
        )
    return SourceError(f"process {pid}: {os.strerror(error.errno or 0)}")


def _read_file(path: str) -> bytes:
    descriptor = os.open(path, NO_WAITING)
    try:
        return b"".join(_chunks(descriptor))
    finally:
        os.close(descriptor)


def _whole(descriptor: int) -> bytes:
    """Read from the start to end of file: in one piece, as long as it is of one instant."""
    size = 2 * _SMALL_SIZE
    while len(content := os.pread(descriptor, size, 0)) == size and size < _LARGEST_SMALL:
        size *= 2
    return content


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, READ_SIZE):
        yield chunk
