"""A proc filesystem: this machine's, or another's that is mounted here."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable

from ..errors import NotAProcRoot, SourceError
from ..message import Named, Setting
from ..model import Machine
from . import process, system
from .buffer import TextBuffer
from .container_names import ContainerNames
from .files import meaning_of, read_file
from .held import HeldFiles
from .mapped import MappedFiles
from .process_files import ProcessFiles
from .resting import RestingTable
from .walk_costs import WalkMeter

#: How a user chooses the proc filesystem.
_CHOSEN_BY = Named(Setting.PROC, "", " ({}, PROCFS)")


class ProcSource:
    """One proc filesystem: its machine, and its processes."""

    def __init__(self, root: str = "/proc") -> None:
        """Raises NotAProcRoot."""
        if not os.path.isdir(root):
            raise NotAProcRoot(f"{root}: no such directory", _CHOSEN_BY)
        if not _is_proc(root):
            raise NotAProcRoot(f"{root}: not a proc filesystem", _CHOSEN_BY)
        self.root = root
        self.buffer = TextBuffer()
        self.mapped_files = MappedFiles(root)
        self.resting = RestingTable()
        self.walk_meter = WalkMeter(root)
        self.containers = _container_names(root)
        self._page_size: int | None = None

    def pids(self) -> list[int]:
        """All processes, kernel threads included, that the filesystem shows."""
        return [int(name) for name in os.listdir(self.root) if name.isdecimal()]

    def awake(self, pids: Iterable[int], now_ns: int) -> list[int]:
        """Those of some processes that do not rest: see ProcessFiles.rest_until."""
        return self.resting.awake(pids, now_ns)

    def machine(self) -> Machine:
        """Where this proc filesystem comes from; it does not depend on the local machine."""

        def line(path: str) -> str | None:
            try:
                content = read_file(f"{self.root}/sys/kernel/{path}")
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
            limit = int(read_file(f"{self.root}/sys/vm/max_map_count"))
        except (OSError, ValueError):
            return None
        return limit if 0 < limit < 1 << 31 else None

    def _cpus(self) -> int | None:
        try:
            return system.count_cpus(read_file(f"{self.root}/stat")) or None
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
                statm = read_file(f"{self.root}/{pid}/statm")
                status = read_file(f"{self.root}/{pid}/status")
                if page_size := process.page_size_of(statm, status):
                    return page_size
        return None

    def meminfo(self) -> bytes | None:
        """/proc/meminfo; None where the mount hides it (subset=pid)."""
        try:
            return read_file(f"{self.root}/meminfo")
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
        return ProcessFiles(self, HeldFiles(pid, directory, keep_open=keep_open))


def _container_names(root: str) -> ContainerNames:
    """The files of runtimes are beside the proc filesystem: /host/var for /host/proc."""
    folder, name = os.path.split(os.path.abspath(root))
    if name != "proc":
        return ContainerNames(None)
    return ContainerNames(folder, _home() if folder == "/" else None)


def _home() -> str | None:
    """The home of the user who records, if that is no other's."""
    home = os.environ.get("HOME", "")
    with contextlib.suppress(OSError):
        return home if home and os.stat(home).st_uid == os.geteuid() else None
    return None


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
