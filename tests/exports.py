"""A recording with everything that is hard to export, and exports of it."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from datetime import timezone
from pathlib import Path
from typing import Any

from memory_watcher.answers.moment import PEAK, Moment, parse
from memory_watcher.answers.walk import By
from memory_watcher.export.names import names_of
from memory_watcher.export.registry import FORMATS, database_exporter, exporter
from memory_watcher.export.request import Request, Rows
from memory_watcher.model import LayoutState, Mapping, Reading, Usage
from memory_watcher.store.recording import Recording

from .programs import run
from .recordings import KI, MI, RecordingBuilder, mapping

#: What a program may call itself, and what files may be called.
PROGRAM = "=cmd\n;\"<b>'\udcff"
HOSTILE = (
    "/srv/a;b,c \"quoted\" 'too'",
    "/srv/<script>alert(1)</script>&amp;",
    "/srv/\x1b[31mred\x07\udcff\udcfe",
    "=HYPERLINK(1)",
    "/srv/newline\\012 and tab\t and \\",
    "[anon:secret plans]",
    "/dev/shm/\u202ereversed",
)
PID = 4711


def entries(heap: int, swap: int = 0) -> list[tuple[Mapping, Usage]]:
    """A layout: a heap of a size, a program with a library, files of hostile names."""

    def usage(size: int, part: int = 1) -> Usage:
        return Usage(
            *(size, size // part // KI * KI, 0, 0, 0, 0, size // part, size, 0),
            swap=swap,
            swap_pss=swap // 2,
            private_hugetlb=0,
            shared_hugetlb=0,
            lazy_free=0,
        )

    found = [
        (mapping(0x400000, 64 * KI, "r-xp", "/usr/bin/server", 7), usage(8 * KI, 2)),
        (mapping(0x500000, heap, "rw-p", "[heap]"), usage(heap)),
        (mapping(0x7F00_0000_0000, 64 * KI, "r-xp", "/usr/lib/libc.so.6", 8), usage(16 * KI, 4)),
        (mapping(0x7F00_1000_0000, 64 * KI), usage(12 * KI)),
        (mapping(2**64 - 10 * MI, 4 * KI, "--xp", "[vsyscall]"), usage(0)),
    ]
    for number, name in enumerate(HOSTILE):
        header = mapping(0x7F10_0000_0000 + (number << 24), 8 * KI, "rw-p", name, 100 + number)
        found.append((header, usage((number + 1) * 4 * KI, 3)))
    return found


def hard_recording(path: Path) -> Path:
    """One process of three layouts: an exact one, a torn one, the peak, and one without."""
    builder = RecordingBuilder(path)
    process = builder.process(PID, PROGRAM)
    for state, heap in (
        (LayoutState.EXACT, 1 * MI),
        (LayoutState.TORN, 2 * MI),
        (LayoutState.EXACT, 3 * MI),
        (LayoutState.EXACT, 1 * MI),
    ):
        builder.tick()
        reading = Reading(size=9 * MI, resident=heap + 100 * KI, high_water_mark=4 * MI, threads=3)
        builder.layout(
            process, entries(heap, 64 * KI if heap == 3 * MI else 0), reading, state=state
        )
    builder.tick()
    builder.reading(process, Reading(resident=2 * MI))
    builder.end_run()
    return builder.close()


def exported(
    form: str,
    path: Path,
    *,
    by: By | None = None,
    rows: Rows | None = None,
    at: str | Moment = PEAK,
    base: str | None = None,
    redact: bool = False,
    pids: Sequence[int] = (),
) -> bytes:
    """What a format makes of a recording."""
    told = FORMATS[form]
    out = io.BytesIO()
    with Recording(path) as recording:
        request = Request(
            recording,
            [each for each in recording.processes() if not pids or each.pid in pids],
            names_of(recording, redact),
            by or told.default_by,
            rows=rows or (told.rows[0] if told.rows else "changes"),
            at=parse(at, "--at") if isinstance(at, str) else at,
            base=None if base is None else parse(base, "--base"),
            zone=timezone.utc,
        )
        if told.makes == "database":
            return _database(form, request)
        exporter(form).write(request, out)
    return out.getvalue()


def _database(form: str, request: Request) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "database"
        database_exporter(form).write_database(request, str(file))
        return file.read_bytes()


def peak(path: Path, *arguments: str) -> Any:
    """What `memory-peak --json` says."""
    done = run("memory-peak", path, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
