"""Bytes of one process's small files -> model. Pure: nothing here opens a file."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..errors import SourceError
from ..model import Image, Rollup

_PF_KTHREAD = 0x00200000


class Statm(NamedTuple):
    """/proc/PID/statm, in bytes. Its lib and dt fields are 0 in every kernel since 2.6."""

    size: int
    resident: int
    shared: int
    text: int
    data: int


def parse_statm(content: bytes, page_size: int) -> Statm:
    """Parse statm, whose unit is the page of the machine it comes from.

    Raises SourceError.
    """
    try:
        size, resident, shared, text, _lib, data, *_ = map(int, content.split())
    except ValueError:
        raise SourceError(f"no statm text: {content[:80]!r}") from None
    return Statm(
        size * page_size,
        resident * page_size,
        shared * page_size,
        text * page_size,
        data * page_size,
    )


def parse_resident(content: bytes) -> int:
    """Only the resident pages of statm: 0.4 us.

    Raises SourceError.
    """
    try:
        return int(content.split(None, 2)[1])
    except (ValueError, IndexError):
        raise SourceError(f"no statm text: {content[:80]!r}") from None


def parse_high_water_mark(content: bytes) -> int | None:
    """Only VmHWM of status, bytes; None if there is no memory.

    Raises SourceError.
    """
    try:
        return _size(content, b"VmHWM")
    except (ValueError, IndexError):
        raise SourceError(f"no status text: {content[:80]!r}") from None


class Stat(NamedTuple):
    """What of /proc/PID/stat is used: proc(5) fields 2 to 4, 9, 10, 12, 20, 22 and 26 to 28.

    `image_marks` (start_code, end_code, start_stack) change with execve; without permission to see
    them they are all 0 or 1.
    """

    name: str
    state: str
    parent_pid: int
    flags: int
    minor_faults: int
    major_faults: int
    threads: int
    start_time: int
    image_marks: tuple[bytes, ...]

    @property
    def is_kernel_thread(self) -> bool:
        """Whether the PF_KTHREAD flag is set."""
        return bool(self.flags & _PF_KTHREAD)


def parse_stat(content: bytes) -> Stat:
    """Parse stat. The name stands in brackets and may itself hold brackets, blanks and newlines.

    Raises SourceError.
    """
    opening, closing = content.find(b"("), content.rfind(b")")
    fields = content[closing + 2 :].split()
    try:
        if opening < 0 or closing < opening:
            raise ValueError
        return Stat(
            name=content[opening + 1 : closing].decode("utf-8", "surrogateescape"),
            state=fields[0].decode("ascii"),
            parent_pid=int(fields[1]),
            flags=int(fields[6]),
            minor_faults=int(fields[7]),
            major_faults=int(fields[9]),
            threads=int(fields[17]),
            start_time=int(fields[19]),
            image_marks=tuple(fields[23:26]),
        )
    except (ValueError, IndexError):
        raise SourceError(f"no stat text: {content[:80]!r}") from None


class Status(NamedTuple):
    """What of /proc/PID/status is used: sizes in bytes, None for lines that are not there."""

    vm_size: int | None
    high_water_mark: int | None
    swap: int | None
    hugetlb: int | None
    threads: int | None
    parent_pid: int | None
    uid: int | None


def _number(content: bytes, key: bytes) -> int | None:
    """The first number behind a key. A quarter of a compiled pattern's time: 0.5 us a key."""
    start = content.find(b"\n" + key + b":")
    if start < 0:
        return None
    return int(content[start + len(key) + 2 : content.find(b"\n", start + 1)].split(None, 1)[0])


def _size(content: bytes, key: bytes) -> int | None:
    kilobytes = _number(content, key)
    return None if kilobytes is None else kilobytes * 1024


def parse_status(content: bytes) -> Status:
    """Parse status; a zombie and a kernel thread have no sizes there.

    Raises SourceError.
    """
    try:
        return Status(
            vm_size=_size(content, b"VmSize"),
            high_water_mark=_size(content, b"VmHWM"),
            swap=_size(content, b"VmSwap"),
            hugetlb=_size(content, b"HugetlbPages"),
            threads=_number(content, b"Threads"),
            parent_pid=_number(content, b"PPid"),
            uid=_number(content, b"Uid"),
        )
    except (ValueError, IndexError):
        raise SourceError(f"no status text: {content[:80]!r}") from None


def page_size_of(statm: bytes, status: bytes) -> int | None:
    """The page size of the machine these two come from, bytes; None if they do not tell.

    statm counts pages, status KiB. The process may have grown between the two readings, so the
    quotient is rounded to a power of two.
    """
    vm_size = parse_status(status).vm_size
    pages = parse_statm(statm, 1).size
    if not vm_size or not pages:
        return None
    return int(2 ** round(math.log2(vm_size / pages)))


def parse_rollup(content: bytes) -> Rollup:
    """Parse smaps_rollup (since 4.14).

    Raises SourceError.
    """
    try:
        clean, dirty = _size(content, b"Private_Clean"), _size(content, b"Private_Dirty")
        hugetlb = _size(content, b"Private_Hugetlb") or 0
        return Rollup(
            rss=_size(content, b"Rss"),
            pss=_size(content, b"Pss"),
            uss=None if clean is None or dirty is None else clean + dirty + hugetlb,
            swap_pss=_size(content, b"SwapPss"),
        )
    except (ValueError, IndexError):
        raise SourceError(f"no smaps_rollup text: {content[:80]!r}") from None


def parse_command_line(content: bytes) -> tuple[str, ...] | None:
    """Arguments of /proc/PID/cmdline; None for a process without any (kernel thread, zombie)."""
    if not content:
        return None
    arguments = content.removesuffix(b"\0").split(b"\0")
    return tuple(argument.decode("utf-8", "surrogateescape") for argument in arguments)


def image_of(stat: Stat, command_line: bytes | None, exe: bytes | None) -> Image:
    """What execve put there, from stat, cmdline and the target of the exe link."""
    return Image(
        name=stat.name,
        command_line=None if command_line is None else parse_command_line(command_line),
        exe=None if exe is None else exe.decode("utf-8", "surrogateescape"),
    )
