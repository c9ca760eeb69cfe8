"""Control groups: which one a process is in, and what the memory controller tells about one.

A cgroup's memory is not the sum of its processes' PSS: it includes page cache, kernel memory and
socket buffers, and a shared page counts where it was touched first, all of it.

Version 2 has one hierarchy, version 1 one per controller, and both may be mounted at once:

    0::/system.slice/nginx.service          version 2 (the number 0, no controllers)
    4:memory:/docker/0123…                  version 1
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..errors import NoSuchProcess, SourceError
from ..message import Named, Setting
from ..metrics import CGROUP, CGROUP_LIMITS, CGROUP_V1_FILES
from .buffer import READ_SIZE
from .figures import figure
from .files import read_file

#: File -> name under which its only number is stored.
_NUMBERS: dict[int, Mapping[str, str]] = {
    2: {
        metric.source: metric.name
        for metric in CGROUP
        if " " not in metric.source and metric.source not in CGROUP_V1_FILES
    },
    1: CGROUP_V1_FILES,
}
#: File of many lines -> what its lines' names begin with in a recording; the last is version 1's.
_LINES = {"memory.stat": "stat.", "memory.events": "events.", "memory.oom_control": "events."}
#: Version 1 has no word for no limit, but its largest number of whole pages.
_NO_LIMIT = 1 << 62
#: The only limit that is a line of another file.
_HELD_LIMIT = "stat.hierarchical_memory_limit"
_NAMES = frozenset(metric.name for metric in CGROUP)


class Membership(NamedTuple):
    """One line of /proc/PID/cgroup: `controllers` is empty for version 2."""

    controllers: tuple[str, ...]
    path: str


def parse_memberships(content: bytes) -> list[Membership]:
    """Parse /proc/PID/cgroup; lines of a form not known are left out."""
    found = []
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if number.isdecimal() and colon and path.startswith("/"):
            found.append(Membership(tuple(filter(None, controllers.split(","))), path))
    return found


class Cgroup(NamedTuple):
    """A control group: `controller` is None for version 2; `path` is below the root: /a/b."""

    controller: str | None
    path: str

    @property
    def version(self) -> int:
        """1 or 2."""
        return 2 if self.controller is None else 1

    def __str__(self) -> str:
        return self.path if self.controller is None else f"{self.controller}:{self.path}"

    def holds(self, membership: Membership) -> bool:
        """Whether a process with this membership is in the cgroup, or in one below it."""
        if self.controller is None:
            if membership.controllers:
                return False
        elif self.controller not in membership.controllers:
            return False
        return membership.path == self.path or membership.path.startswith(
            self.path.rstrip("/") + "/"
        )


def parse_cgroup(text: str, mountinfo: bytes = b"") -> Cgroup:
    """A cgroup as people name it: a path below version 2's root, CONTROLLER:PATH, or a folder."""
    controller, colon, path = text.partition(":")
    if colon and "/" not in controller:
        return Cgroup(controller, os.path.normpath("/" + path.strip("/")))
    for root, point, kind, options in _cgroup_mounts(mountinfo):
        if root == "/" and (text + "/").startswith(point + "/"):
            name = None if kind == "cgroup2" else options[-1]
            return Cgroup(name, os.path.normpath("/" + text[len(point) :].strip("/")))
    return Cgroup(None, os.path.normpath("/" + text.strip("/")))


def parse_number(content: bytes) -> int | None:
    """A file with one number; None for `max` (no limit) and anything else."""
    return figure(content.strip())


def parse_limit(content: bytes) -> int | None:
    """A file with a limit: -1 stands for none (`max`); None: it is no figure."""
    text = content.strip()
    if text == b"max":
        return -1
    number = figure(text)
    return -1 if number is not None and number >= _NO_LIMIT else number


def parse_stat(content: bytes) -> dict[str, int]:
    """Parse memory.stat or memory.events: a name and a number a line; others are left out."""
    values = {}
    for line in content.split(b"\n"):
        name, _, number = line.partition(b" ")
        if (value := figure(number)) is not None:
            values[name.decode("ascii", "replace")] = value
    return values


def parse_events(content: bytes) -> dict[str, int]:
    """Parse memory.events, by the names under which its counts are stored."""
    return dict(_lines("events.", content))


def _lines(prefix: str, content: bytes) -> Iterator[tuple[str, int]]:
    for key, value in parse_stat(content).items():
        if (stored := prefix + key) in _NAMES:
            yield stored, -1 if stored == _HELD_LIMIT and value >= _NO_LIMIT else value


class CgroupReader:
    """Reads one cgroup's memory again and again, with its files kept open."""

    def __init__(self, folder: str, version: int) -> None:
        """Raises SourceError if the folder has no file of the memory controller."""
        self.folder = folder
        self.version = version
        self._files: dict[str, int] = {}
        # What each file said, and what that means: most say the same at the next tick.
        self._said: dict[str, tuple[bytes, dict[str, int]]] = {}
        self._is_closed = False
        self._open()
        if not self._files:
            raise SourceError(
                f"{folder}: the memory controller is not enabled for this cgroup; write +memory to"
                " cgroup.subtree_control of its parent"
            )

    def _open(self) -> None:
        for name in (*_NUMBERS[self.version], *_LINES):
            # Kernels before 5.19 have no memory.peak, the root cgroup has neither that nor current.
            with contextlib.suppress(OSError):
                self._files[name] = os.open(
                    f"{self.folder}/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
                )

    def close(self) -> None:
        """Give all descriptors back; nothing is read any more."""
        self._is_closed = True
        self._let_go()

    def _let_go(self) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self._said.clear()

    def read(self) -> dict[str, int]:
        """All figures, by name: bytes, and counts under `events.`; empty once it was removed.

        A limit of -1 is none. One that was made again under the same name is read from then on.
        """
        if not self._files and not self._is_closed:
            self._open()  # a service that was started again has a new one under the same name
        values: dict[str, int] = {}
        for name, descriptor in self._files.items():
            try:
                content = os.pread(descriptor, READ_SIZE, 0)
            except OSError:
                continue  # ENODEV: the cgroup was removed
            said = self._said.get(name)
            if said is None or said[0] != content:
                said = self._said[name] = content, dict(self._figures(name, content))
            values.update(said[1])
        if not values:
            self._let_go()
        return values

    def _figures(self, name: str, content: bytes) -> Iterator[tuple[str, int]]:
        if name in _LINES:
            for stored, value in _lines(_LINES[name], content):
                # Of version 1 the totals count: others lack the cgroups below.
                if self.version == 2 or f"stat.total_{stored.removeprefix('stat.')}" not in _NAMES:
                    yield stored, value
        else:
            stored = _NUMBERS[self.version][name]
            parse = parse_limit if stored in CGROUP_LIMITS else parse_number
            if (number := parse(content)) is not None:
                yield stored, number


def find_folder(cgroup: Cgroup, mountinfo: bytes) -> str | None:
    """Where this machine shows a cgroup, from /proc/self/mountinfo; None if it is not mounted.

    Nor is one outside of the reader's cgroup namespace, whose path begins with /.. in a container.
    """
    if ".." in cgroup.path.split("/"):
        return None
    for root, point, kind, options in _cgroup_mounts(mountinfo):
        if cgroup.controller is None:
            if kind != "cgroup2":
                continue
        elif kind != "cgroup" or cgroup.controller not in options:
            continue
        if root == "/":
            return os.path.normpath(point + cgroup.path)
        # Inside a container the mount may show only what lies below some cgroup.
        if cgroup.path == root or cgroup.path.startswith(root + "/"):
            return os.path.normpath(point + cgroup.path[len(root) :])
        return os.path.normpath(point + cgroup.path)
    return None


def _cgroup_mounts(mountinfo: bytes) -> Iterator[tuple[str, str, str, list[str]]]:
    """Root, mount point, file system and its options of each mounted cgroup hierarchy."""
    for line in mountinfo.decode("utf-8", "surrogateescape").split("\n"):
        before, dash, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if dash and len(fields) >= 5 and rest[0] in ("cgroup", "cgroup2"):
            yield _unescape(fields[3]), _unescape(fields[4]), rest[0], rest[-1].split(",")


def _unescape(text: str) -> str:
    r"""Decode a path: blanks, tabs, newlines and backslashes stand as \040 and so on."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def read_mountinfo(root: str = "/proc") -> bytes:
    """What is mounted here, as a proc filesystem tells it; empty if that cannot be told."""
    try:
        with open(f"{root}/self/mountinfo", "rb") as file:
            return file.read()
    except OSError:
        return b""


def locate(cgroup: Cgroup, root: str = "/proc") -> str | None:
    """The folder of a cgroup on this machine; None if its hierarchy is not mounted.

    Raises NoSuchProcess if the hierarchy is there, but not this cgroup.
    """
    folder = find_folder(cgroup, read_mountinfo(root))
    if folder is not None and not os.path.isdir(folder):
        raise NoSuchProcess(Named(Setting.CGROUP, "", "{}: "), f"no cgroup {cgroup} ({folder})")
    return folder


def read_memberships(root: str, pid: int) -> bytes:
    """/proc/PID/cgroup; empty if it has gone."""
    try:
        return read_file(f"{root}/{pid}/cgroup")
    except OSError:
        return b""


def memory_cgroup(memberships: list[Membership]) -> Cgroup | None:
    """The cgroup that a process's memory is charged to: version 1's if that has the controller."""
    for membership in memberships:
        if "memory" in membership.controllers:
            return Cgroup("memory", membership.path)
    for membership in memberships:
        if not membership.controllers:
            return Cgroup(None, membership.path)
    return None
