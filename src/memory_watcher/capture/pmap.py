r"""Output of `pmap -X` or `-XX` (procps) -> one measurement of each process in it.

    8882:   bash -i
             Address Perm   Offset Device  Inode Size  Rss Pss … Mapping
        55ee6561c000 r--p 00000000  fe:00 260104  188  188  18 … bash

Columns are named as the lines of smaps; those that are not there were not reported. Without -p
pmap leaves out folders: `bash` becomes `/.../bash`, for it is a file all the same.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from ..errors import SourceError
from ..metrics import USAGE
from ..model import (
    Image,
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
    Usage,
    WholeLayout,
)
from ..procfs.figures import figure
from ..store.writer import Writer
from .foreign import shown

_PROCESS = re.compile(rb"([1-9][0-9]{0,9}): +(.*)")
_HEADER = re.compile(rb" *Address Perm +Offset +Device +Inode +(Size .*)\bMapping *")
_LEADING = re.compile(
    rb" *([0-9a-f]{1,16}) ([r-][w-][x-][ps]) ([0-9a-f]{1,16}) +([0-9a-f]+):([0-9a-f]+) +([0-9]+) "
)
_FIELDS = {metric.source.encode(): metric for metric in USAGE if metric.name != "other"}
_FLAGS, _SIZE = b"VmFlags", b"Size"


class Imported(NamedTuple):
    """How many processes a text held, and how many mappings they have together."""

    processes: int
    mappings: int


class _Process(NamedTuple):
    pid: int
    command: str
    entries: list[MappingUsage]


def is_pmap(text: bytes) -> bool:
    """Whether a text is output of `pmap -X`."""
    return any(_HEADER.fullmatch(line) for line in text.split(b"\n", 50)[:50])


def import_pmap(path: str, text: bytes, time_ns: int, writer: Writer) -> Imported:
    """Add what a text holds to a recording that is being written, as a run of its own.

    `time_ns` is when it was captured, UTC. Raises SourceError with the line that makes no sense,
    and the errors of Writer.
    """
    processes = _processes(path, text)
    writer.start_import(Machine(None, None, None, None), sys.argv, are_keys_told=False)
    writer.tick(Tick(time_ns))
    for process in processes:
        words = process.command.split(" ", 1)[0].rsplit("/", 1)[-1]
        facts = ProcessFacts(ProcessKey(process.pid, 0), Image(words[:15]))
        sample = Sample(Reading(), LayoutState.UNCHECKED, WholeLayout(process.entries))
        writer.sample(writer.add_process(facts), sample, delay_ns=None)
    return Imported(len(processes), sum(len(process.entries) for process in processes))


def _processes(path: str, text: bytes) -> list[_Process]:
    found: dict[int, _Process] = {}
    process: _Process | None = None
    columns: list[bytes] = []
    begin = 0  # of the last column, the name
    for number, line in enumerate(text.replace(b"\r\n", b"\n").split(b"\n"), 1):
        if match := _PROCESS.fullmatch(line):
            pid = int(match[1])
            if pid in found:
                raise SourceError(
                    f"{path}: line {number}: a second capture of PID {pid}; import them one by one"
                )
            process = found[pid] = _Process(pid, _text(match[2]), [])
            columns = []
        elif match := _HEADER.fullmatch(line):
            columns, begin = match[1].split(), match.end(1)
        elif columns and process is not None and (match := _LEADING.match(line)):
            try:
                process.entries.append(_entry(match, columns, line, begin))
            except ValueError as error:
                raise SourceError(f"{path}: line {number}: {error}") from None
    held = [process for process in found.values() if process.entries]
    if not held:
        raise SourceError(f"{path}: it holds no mappings; capture with pmap -X, as root")
    return held


def _entry(match: re.Match[bytes], columns: list[bytes], line: bytes, begin: int) -> MappingUsage:
    """One line. Raises ValueError, with what is wrong."""
    start, perms, offset, major, minor, inode = match.groups()
    values = line[match.end() : begin].split()
    flags = values[len(columns) - 1 :] if columns[-1] == _FLAGS else []
    plain = [name for name in columns if name != _FLAGS]
    values = values[: len(values) - len(flags)]
    if len(values) != len(plain):
        raise ValueError(f"it has {len(values)} figures for {len(plain)} columns; was it cut?")
    for value in values:
        if not value.isdigit():
            raise ValueError(f"{shown(value)} is no figure")
    told: dict[str, int | str | None] = {}
    size = None
    for name, value in zip(plain, values, strict=True):
        if name == _SIZE:
            size = figure(value, 1024)
        elif (metric := _FIELDS.get(name)) is not None:
            told[metric.name] = figure(value, 1024 if metric.unit == "bytes" else 1)
    if size is None:
        raise ValueError("its size is no figure")
    if flags:
        told["vm_flags"] = _text(b" ".join(flags))
    address = int(start, 16)
    header = Mapping(
        *(address, address + size, _text(perms), int(offset, 16)),
        *(int(major, 16) << 20 | int(minor, 16), int(inode), _name(line[begin:])),
    )
    return MappingUsage(header, Usage(**told))  # type: ignore[arg-type]


def _name(told: bytes) -> str:
    name = _text(told.strip())
    return name if not name or name.startswith(("/", "[")) else f"/.../{name}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
