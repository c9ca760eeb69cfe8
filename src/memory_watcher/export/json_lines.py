"""JSON, one object a line (NDJSON): who was recorded, then all figures of each group.

The first line tells the format, then comes one for each process (`"type": "process"`), then the
rows (`"type": "usage"`). Sizes are bytes, times UTC nanoseconds, null is what was not reported.
Names are written as in the other JSON outputs: see docs/formats.md.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from ..recorded import RecordedProcess
from ..render.json_values import FORMAT_VERSION, named
from .names import Header, Names
from .request import Request
from .rows import Row, rows
from .text import SIZES


def write(request: Request, out: BinaryIO) -> None:
    """Write a line for each process and each row."""
    _line(out, {"type": "recording", "format_version": FORMAT_VERSION, "by": request.by})
    for process in request.processes:
        _line(out, _of_process(process, request.names))
    for row in rows(request):
        _line(out, _of_row(row, request))


def _line(out: BinaryIO, value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    out.write(text.replace("\x7f", "\\u007f").encode() + b"\n")


def _of_process(process: RecordedProcess, names: Names) -> dict[str, Any]:
    return {
        "type": "process",
        "process_id": process.id,
        "pid": process.pid,
        "start_time": names.start_time(process.start_time),
        "parent_pid": process.parent_pid,
        "uid": names.user(process.uid),
        **named("cgroup", names.cgroup(process.cgroup)),
        "first_seen_ns": process.first_seen,
        "last_seen_ns": process.last_seen,
        "ended": process.ended,
        "images": [
            {
                "first_tick": image.first_tick,
                **named("name", names.program(image.name)),
                **named("command_line", names.command_line(image.command_line)),
                **named("exe", None if image.exe is None else names.path(image.exe)),
            }
            for image in process.images
        ],
    }


def _of_row(row: Row, request: Request) -> dict[str, Any]:
    group, sums, names = row.group, row.sums, request.names
    at_ticks = request.rows == "ticks"
    when = {"time_ns": row.first_ns} if at_ticks else {"first_ns": row.first_ns}
    value: dict[str, Any] = {"type": "usage", "process_id": row.process.id, **when}
    if not at_ticks:
        value["last_ns"] = row.last_ns
    value["state"] = row.state.label
    value["kind"] = group.kind.value
    value.update(named("name", names.group(group.kind, group.name)))
    if group.mapping is not None:
        *header, pathname = names.header(group.mapping)
        value.update(zip(Header._fields, header, strict=False))
        value.update(named("pathname", pathname))
    value.update(zip(SIZES, (sums.mappings, sums.size, *sums.figures), strict=True))
    return value
