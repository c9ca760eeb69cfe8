"""A tar that smemcap wrote (also that of busybox) -> one measurement of each process in it.

It holds `meminfo`, `version`, and of each process `PID/smaps`, `PID/cmdline` and `PID/stat`. The
smaps of a process that it could not read is empty there. The newest file in it says when it was
captured.
"""

from __future__ import annotations

import gzip
import lzma
import re
import sys
import tarfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import NoSense, SmapsFormatError, SourceError
from ..model import LayoutState, Machine, ProcessFacts, ProcessKey, Reading, Sample, Tick
from ..procfs.process import Stat, image_of, parse_stat
from ..procfs.system import parse_meminfo
from ..store.steps import Steps, silently
from ..store.writer import Writer
from ..units import SECOND
from .loading import layout_of
from .texts import Capture, read

_OF_PROCESS = re.compile(r"([1-9][0-9]{0,9})/(smaps|cmdline|stat)")
_OF_MACHINE = ("meminfo", "version")
#: A smaps text of a million mappings has 700 MB; one that is larger is no capture.
_LARGEST = 1 << 30
_KERNEL = re.compile(rb"Linux version (\S{1,200})")


class Imported(NamedTuple):
    """What a tar held; of `without_layout` processes it has no mappings.

    `ended` are those that ended while it was captured, and `wrong` those whose texts make no sense.
    """

    processes: int
    without_layout: int
    ended: int
    wrong: int


class _Process(NamedTuple):
    """The files of one process."""

    pid: int
    files: dict[str, bytes]


def is_tar(path: str) -> bool:
    """Whether a file is a tar, packed or not. Raises OSError."""
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, lzma.LZMAError, zlib.error):  # packed, and cut or damaged
        return False


def import_smemcap(path: str, writer: Writer, tell: Steps = silently) -> Imported:
    """Add the processes of a tar to a recording that is being written, as a run of its own.

    Raises SourceError if it is damaged or holds no process, and the errors of Writer.
    """
    try:
        return _import(path, writer, tell)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{path}: damaged: {error}") from None


def _import(path: str, writer: Writer, tell: Steps) -> Imported:
    with tarfile.open(path) as tar:
        machine = _machine_files(tar)
        newest = max((member.mtime for member in tar.getmembers()), default=0)
    version = _KERNEL.search(machine.get("version", b""))
    kernel = None if version is None else version[1].decode("ascii", "backslashreplace")
    writer.start_import(Machine(None, None, kernel, None), sys.argv, are_keys_told=True)
    writer.tick(Tick(int(newest) * SECOND))
    if "meminfo" in machine:
        writer.system_memory(parse_meminfo(machine["meminfo"]))
    seen: set[int] = set()
    without_layout = ended = wrong = 0
    with tarfile.open(path) as tar:
        for process in _processes(tar):
            tell("process", len(seen) + 1, len(seen) + 1)
            if process.pid in seen:
                continue
            if not process.files.get("stat"):
                ended += 1
                continue
            try:
                stat = parse_stat(process.files["stat"])
            except NoSense:
                wrong += 1
                continue
            seen.add(process.pid)
            capture, is_sound = _capture(process.files.get("smaps", b""))
            wrong += not is_sound
            without_layout += capture is None and is_sound
            _store(writer, process, stat, capture)
    if not seen:
        raise SourceError(f"{path}: it holds no process; capture with smemcap, as root")
    return Imported(len(seen), without_layout, ended, wrong)


def _machine_files(tar: tarfile.TarFile) -> dict[str, bytes]:
    found = {}
    for member in tar:
        if member.name in _OF_MACHINE and member.isreg() and member.size < 1 << 20:
            found[member.name] = _content(tar, member)
    return found


def _processes(tar: tarfile.TarFile) -> Iterator[_Process]:
    """The files of each process together; no more than one process is held at a time."""
    process: _Process | None = None
    for member in tar:
        match = _OF_PROCESS.fullmatch(member.name)
        if match is None or not member.isreg():
            continue
        if member.size > _LARGEST:
            raise SourceError(f"{member.name}: larger than any smaps is")
        pid = int(match[1])
        if process is None or process.pid != pid:
            if process is not None:
                yield process
            process = _Process(pid, {})
        process.files[match[2]] = _content(tar, member)
    if process is not None:
        yield process


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return b"" if file is None else file.read()


def _capture(smaps: bytes) -> tuple[Capture | None, bool]:
    """The layout of a process, and whether the text makes sense: an empty one was not readable."""
    if not smaps:
        return None, True
    try:
        return read(smaps).captures[0], True
    except SmapsFormatError:
        return None, False


def _store(writer: Writer, process: _Process, stat: Stat, capture: Capture | None) -> None:
    key = ProcessKey(process.pid, stat.start_time)
    image = image_of(stat, process.files.get("cmdline"), None)
    number = writer.add_process(ProcessFacts(key, image, stat.parent_pid))
    reading = Reading(
        threads=stat.threads,
        minor_faults=stat.minor_faults,
        major_faults=stat.major_faults,
        state=stat.state,
        user_time=stat.user_time,
        system_time=stat.system_time,
    )
    change = None if capture is None else layout_of(capture)
    writer.sample(number, Sample(reading, _state(stat, capture), change), delay_ns=None)


def _state(stat: Stat, capture: Capture | None) -> LayoutState:
    if capture is not None:
        return LayoutState.TORN if capture.is_torn else LayoutState.UNCHECKED
    if stat.is_kernel_thread:
        return LayoutState.KERNEL_THREAD
    return LayoutState.ZOMBIE if stat.has_ended else LayoutState.UNREADABLE
