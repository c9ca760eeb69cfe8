"""Bytes of one process's small files -> model. Pure: nothing here opens a file."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..errors import NoSense
from ..model import Image, Rollup
from .cheap import number_of, size_of, text_of
from .figures import LARGEST, figure, held

PF_FORKNOEXEC = 0x00000040
PF_KTHREAD = 0x00200000
#: Bytes of a command line that are told: some programs have arguments of 2 MB.
LONGEST_COMMAND_LINE = 4096
_CUT_COMMAND_LINE = f"… [cut after {LONGEST_COMMAND_LINE} bytes]".encode()
#: No machine has others; a quotient of absurd figures would make all sizes wrong.
_PAGE_SIZES = tuple(1 << bits for bits in range(12, 19))


class Statm(NamedTuple):
    """/proc/PID/statm, in bytes. Its lib and dt fields are 0 in every kernel since 2.6.

    None: what stands there is no figure, as beyond 2**63 (kernels have counted below 0).
    """

    size: int | None
    resident: int | None
    shared: int | None
    text: int | None
    data: int | None


def parse_statm(content: bytes, page_size: int) -> Statm:
    """Parse statm, whose unit is the page of the machine it comes from.

    Raises NoSense.
    """
    try:
        size, resident, shared, text, _lib, data, *_ = content.split()
    except ValueError:
        raise NoSense(f"not statm text: {content[:24]!r}") from None
    return Statm(
        figure(size, page_size),
        figure(resident, page_size),
        figure(shared, page_size),
        figure(text, page_size),
        figure(data, page_size),
    )


class Stat(NamedTuple):
    """What of /proc/PID/stat is used: proc(5) fields 2 to 4, 9, 10, 12, 14, 15, 20, 22, 26 to 28.

    `image_marks` (start_code, end_code, start_stack) change with execve; without permission to see
    them they are all 0 or 1.
    """

    name: str
    state: str
    parent_pid: int | None
    flags: int | None
    minor_faults: int | None
    major_faults: int | None
    user_time: int | None
    system_time: int | None
    threads: int | None
    start_time: int
    image_marks: tuple[bytes, ...]

    @property
    def is_kernel_thread(self) -> bool:
        """Whether the PF_KTHREAD flag is set."""
        return is_kernel_thread(self.flags)

    @property
    def has_not_called_exec(self) -> bool:
        """Whether it still runs what its parent ran when it was forked."""
        return has_not_called_exec(self.flags)

    @property
    def has_ended(self) -> bool:
        """Whether its first thread has ended; others may live on."""
        return has_ended(self.state)


def is_kernel_thread(flags: int | None) -> bool:
    """What field 9 of stat says; of one that reports none nothing is known."""
    return bool((flags or 0) & PF_KTHREAD)


def has_not_called_exec(flags: int | None) -> bool:
    """What field 9 of stat says of one that runs what its parent ran when it was forked."""
    return bool((flags or 0) & PF_FORKNOEXEC)


def has_ended(state: str) -> bool:
    """What field 3 of stat says: a zombie, or dead. Of a process it is its first thread's."""
    return state in "ZX"


def split_stat(content: bytes) -> tuple[str, list[bytes]]:
    """The name in a text of stat, and the fields after it: the first is the state, proc(5)'s third.

    The name stands in brackets and may itself hold brackets, blanks and newlines.

    Raises NoSense.
    """
    opening, closing = content.find(b"("), content.rfind(b")")
    fields = content[closing + 2 :].split()
    if opening < 0 or closing < opening or len(fields) <= 19:
        raise NoSense(f"not stat text: {content[:24]!r}")
    return content[opening + 1 : closing].decode("utf-8", "surrogateescape"), fields


def parse_stat(content: bytes) -> Stat:
    """Parse stat.

    The start time tells which process this is: without it there is nothing to be told.

    Raises NoSense.
    """
    name, fields = split_stat(content)
    if (start_time := figure(fields[19])) is None:
        raise NoSense(f"not stat text: {content[:24]!r}")
    return Stat(
        name=name,
        state=fields[0].decode("ascii", "replace"),
        parent_pid=figure(fields[1]),
        flags=figure(fields[6]),
        minor_faults=figure(fields[7]),
        major_faults=figure(fields[9]),
        user_time=figure(fields[11]),
        system_time=figure(fields[12]),
        threads=figure(fields[17]),
        start_time=start_time,
        image_marks=tuple(fields[23:26]),
    )


def stat_without_file(name: bytes) -> Stat:
    """What stands in the place of stat where a copy of /proc has none; `name` is comm's.

    The process counts as begun at boot: a copy has each PID once.
    """
    text = name.decode("utf-8", "surrogateescape")
    return Stat(text, "?", *(None,) * 7, start_time=0, image_marks=())


class Status(NamedTuple):
    """What of /proc/PID/status is used: sizes in bytes, None for lines that are not there.

    `no_figures` names lines that are there, and hold nothing that could be a figure.
    """

    vm_size: int | None = None
    high_water_mark: int | None = None
    swap: int | None = None
    hugetlb: int | None = None
    threads: int | None = None
    parent_pid: int | None = None
    uid: int | None = None
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None
    rss_anon: int | None = None
    rss_file: int | None = None
    rss_shmem: int | None = None
    no_figures: tuple[str, ...] = ()


def parse_status(content: bytes) -> Status:
    """Parse status; a zombie and a kernel thread have no sizes there.

    Raises NoSense.
    """
    if b":" not in content:
        raise NoSense(f"not status text: {content[:24]!r}")
    found = [number_of(content, key, unit) for key, unit in _STATUS_LINES]
    no_figures = tuple(
        key.decode()
        for (key, _), number in zip(_STATUS_LINES, found, strict=True)
        if number is None and text_of(content, key) is not None
    )
    return Status._make((*found, no_figures))


#: In the order of Status, with what one of each is.
_STATUS_LINES = (
    (b"VmSize", 1024),
    (b"VmHWM", 1024),
    (b"VmSwap", 1024),
    (b"HugetlbPages", 1024),
    (b"Threads", 1),
    (b"PPid", 1),
    (b"Uid", 1),
    (b"voluntary_ctxt_switches", 1),
    (b"nonvoluntary_ctxt_switches", 1),
    (b"RssAnon", 1024),
    (b"RssFile", 1024),
    (b"RssShmem", 1024),
)


def page_size_of(statm: bytes, status: bytes) -> int | None:
    """The page size of the machine these two come from, bytes; None if they do not tell.

    statm counts pages, status KiB. The process may have grown between the two readings, so the
    quotient is rounded to a power of two.
    """
    vm_size = parse_status(status).vm_size
    pages = parse_statm(statm, 1).size
    if not vm_size or not pages:
        return None
    page_size = int(2 ** round(math.log2(vm_size / pages)))
    return page_size if page_size in _PAGE_SIZES else None


def parse_rollup(content: bytes) -> Rollup:
    """Parse smaps_rollup (since 4.14); None for a line that is not there or holds no figure."""
    clean, dirty = size_of(content, b"Private_Clean"), size_of(content, b"Private_Dirty")
    uss = None
    if clean is not None and dirty is not None:
        uss = clean + dirty + (size_of(content, b"Private_Hugetlb") or 0)
    return Rollup(
        rss=size_of(content, b"Rss"),
        pss=size_of(content, b"Pss"),
        uss=uss if uss is None or uss <= LARGEST else None,
        swap_pss=size_of(content, b"SwapPss"),
    )


def parse_anonymous(content: bytes) -> tuple[int | None, int | None]:
    """Anonymous RSS and PSS of smaps_rollup, bytes; no PSS before 5.3."""
    return size_of(content, b"Anonymous"), size_of(content, b"Pss_Anon")


def sum_smaps(content: bytes) -> Rollup:
    """What smaps_rollup would say, from smaps: for kernels before 4.14."""

    def total(name: bytes) -> int | None:
        found = [figure(digits, 1024) for digits in re.findall(rb"\n%s: +(\d+) kB" % name, content)]
        known = [size for size in found if size is not None]
        whole = bool(found) and len(known) == len(found) and sum(known) <= LARGEST
        return sum(known) if whole else None

    clean, dirty = total(b"Private_Clean"), total(b"Private_Dirty")
    hugetlb = total(b"Private_Hugetlb") or 0
    return Rollup(
        rss=total(b"Rss"),
        pss=total(b"Pss"),
        uss=None if clean is None or dirty is None else held(clean + dirty + hugetlb),
        swap_pss=total(b"SwapPss"),
    )


def parse_command_line(content: bytes) -> tuple[str, ...] | None:
    """Arguments of /proc/PID/cmdline; None for a process without any (kernel thread, zombie).

    A title that a program writes over its arguments is followed by the room that is left, as zeros:
    they are no arguments. A single empty argument at the end may be one.
    """
    if not content:
        return None
    told = content.rstrip(b"\0")
    is_title = b" " in told and b"\0" not in told
    padded = len(content) - len(told) > (1 if is_title else 2)
    arguments = (told if padded and told else content.removesuffix(b"\0")).split(b"\0")
    return tuple(argument.decode("utf-8", "surrogateescape") for argument in arguments)


def _cut(command_line: bytes) -> bytes:
    """A command line as far as it is told, which says so if that is not all."""
    if len(command_line.rstrip(b"\0")) <= LONGEST_COMMAND_LINE:
        return command_line
    return command_line[:LONGEST_COMMAND_LINE] + _CUT_COMMAND_LINE


def image_of(stat: Stat, command_line: bytes | None, exe: bytes | None) -> Image:
    """What execve put there, from stat, cmdline and the target of the exe link."""
    return Image(
        name=stat.name,
        command_line=None if command_line is None else parse_command_line(_cut(command_line)),
        exe=None if exe is None else exe.decode("utf-8", "surrogateescape"),
    )
