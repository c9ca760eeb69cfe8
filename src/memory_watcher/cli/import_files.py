"""Make a recording of files that other programs wrote.

Taken are databases of the original memory-watcher (2018 and 2021), tars of smemcap, also that of
busybox, output of pmap -X, and texts of smaps_rollup. All commands work on the result. Each file
becomes a run of the new recording. Times in the original's databases are local: --timezone says
where, if not here.

  memory-watcher import measurement.db -o server.db
  memory-watcher import device.tar -o device.db
  memory-watcher import rollup.1234.txt -o totals.db --name server
  memory-watcher import measurement.1234.db -o server.db --name server --timezone Europe/Prague
"""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Literal

from ..units import plural
from . import parse_pid, say
from .progress import ProgressLine
from .zone import told_zone, zone_of

if TYPE_CHECKING:
    from ..capture.original import Told
    from ..store.writer import Writer

Kind = Literal["original", "tar", "pmap", "rollup"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what this command takes."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a database, a tar, or a text")
    parser.add_argument(
        *("-o", "--output"),
        required=True,
        metavar="FILE",
        help="the recording to write; it must not exist",
    )
    parser.add_argument(
        "--timezone",
        metavar="ZONE",
        help="where databases were recorded: Europe/Prague, UTC, +02:00 (default: as this machine)",
    )
    parser.add_argument(
        "-p",
        "--pid",
        help="of files of 2018 and of smaps_rollup: the PID (default: the one in the file's name,"
        " else 1)",
    )
    parser.add_argument("--name", help="of the same: the process's name (default: the file's name)")


def run(args: argparse.Namespace) -> int:
    """Write the recording, whole or not at all; errors are raised as MemoryWatcherError."""
    from ..errors import CannotWrite
    from ..store.writer import Writer

    if os.path.lexists(args.output):
        raise CannotWrite(f"{args.output}: it exists; choose another name with -o")
    told = [_told(args, path) for path in args.files]
    kinds = [_kind_of(path) for path in args.files]  # before anything is written
    writer = Writer(args.output)
    is_whole = False
    try:
        for path, each, kind in zip(args.files, told, kinds, strict=True):
            with ProgressLine(f"importing {path}") as progress:
                summary = _ADDING[kind](path, writer, each, progress)
                writer.end_run("imported")
            say(f"{path}: {', '.join(summary)}")
        is_whole = True
    finally:
        if is_whole:
            writer.close("imported")
        else:
            writer.discard()
    note = f"; time zone: {told_zone(args.timezone)}" if "original" in kinds else ""
    say(f"{args.output}: {plural(len(args.files), 'file', 'files')} imported{note}")
    return 0


def _kind_of(path: str) -> Kind:
    """What a file is. Raises StoreError, SourceError."""
    from ..capture.pmap import is_pmap
    from ..capture.rollups import is_rollup
    from ..capture.smemcap import is_tar
    from ..errors import SourceError
    from ..store.original import OriginalDatabase

    try:
        if is_tar(path):
            return "tar"
        with open(path, "rb") as file:
            begin = file.read(16_384)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    if is_pmap(begin):
        return "pmap"
    if is_rollup(begin):
        return "rollup"
    if not begin.startswith(b"SQLite format 3\0"):
        raise SourceError(
            f"{path}: neither a database of the original memory-watcher, nor a tar of smemcap, nor"
            " output of pmap -X, nor smaps_rollup; smaps texts are for memory-load-smaps"
        )
    with OriginalDatabase(path):
        return "original"


def _add_original(path: str, writer: Writer, told: Told, progress: ProgressLine) -> list[str]:
    from ..capture.original import import_original
    from ..store.original import OriginalDatabase

    with OriginalDatabase(path) as original:
        found = import_original(original, writer, told, progress.step)
    said = [
        plural(found.processes, "process", "processes"),
        plural(found.measurements, "measurement", "measurements"),
    ]
    if found.without_layout:
        said.append(f"{found.without_layout} of them without mappings")
    if found.wrong:
        said.append(f"{found.wrong} that do not add up to their own sums (marked as torn)")
    if not original.has_processes:
        said.append(f"taken as PID {told.pid}, {told.name!r}")
    return said


def _add_tar(path: str, writer: Writer, told: Told, progress: ProgressLine) -> list[str]:
    from ..capture.smemcap import import_smemcap

    found = import_smemcap(path, writer, progress.step)
    said = [plural(found.processes, "process", "processes")]
    if found.without_layout:
        said.append(f"{found.without_layout} of them without mappings")
    if found.ended:
        said.append(f"{found.ended} more had ended before they were read")
    if found.wrong:
        said.append(f"{found.wrong} whose texts make no sense")
    return said


def _add_pmap(path: str, writer: Writer, told: Told, progress: ProgressLine) -> list[str]:
    from ..capture.pmap import import_pmap

    with open(path, "rb") as file:
        text, changed_ns = file.read(), os.fstat(file.fileno()).st_mtime_ns
    found = import_pmap(path, text, changed_ns, writer)
    return [
        plural(found.processes, "process", "processes"),
        plural(found.mappings, "mapping", "mappings"),
    ]


def _add_rollups(path: str, writer: Writer, told: Told, progress: ProgressLine) -> list[str]:
    from ..capture.rollups import import_rollups

    with open(path, "rb") as file:
        text, changed_ns = file.read(), os.fstat(file.fileno()).st_mtime_ns
    count = import_rollups(path, text, changed_ns, (told.pid, told.name), writer)
    return [f"totals of {plural(count, 'process', 'processes')}, without mappings"]


_ADDING = {
    "original": _add_original,
    "tar": _add_tar,
    "pmap": _add_pmap,
    "rollup": _add_rollups,
}


def _told(args: argparse.Namespace, path: str) -> Told:
    from ..capture.original import Told

    name = os.path.basename(path)
    if args.pid is not None:
        pid = parse_pid(args.pid)
    else:
        match = re.search(r"\.([1-9][0-9]{0,9})\.[^.]*$", name)
        pid = 1 if match is None else int(match[1])
    return Told(zone_of(args.timezone), pid, args.name or name)
