r"""InfluxDB's line protocol: a point for each group at each layout, times in nanoseconds UTC.

The tags are pid, process, kind and name, the fields all figures in bytes. What was not reported has
no field. What is not printable in a tag is written as \xNN.
"""

from __future__ import annotations

from typing import BinaryIO

from ..render.escape import escape
from .request import Request
from .rows import Row, rows
from .text import SIZES

_MEASUREMENT = "memory_watcher"


def write(request: Request, out: BinaryIO) -> None:
    """Write a line for each row."""
    for row in rows(request):
        out.write(_line(row, request).encode())


def _line(row: Row, request: Request) -> str:
    image = row.process.image_at(row.first_tick)
    group, sums, names = row.group, row.sums, request.names
    tags = {
        "kind": group.kind.value,
        "name": names.group(group.kind, group.name) if request.by == "name" else "",
        "pid": str(row.process.pid),
        "process": "" if image is None else names.program(image.name),
        "process_id": str(row.process.id),
    }
    told = zip(SIZES, (sums.mappings, sums.size, *sums.figures), strict=True)
    fields = ",".join(f"{name}={value}i" for name, value in told if value is not None)
    # An empty value is no tag.
    shown = "".join(f",{key}={_tag(value)}" for key, value in tags.items() if value)
    return f"{_MEASUREMENT}{shown} {fields} {row.first_ns}\n"


def _tag(text: str) -> str:
    r"""A value of a tag: a backslash at its end would take the sense from what follows."""
    shown = escape(text)
    if shown.endswith("\\"):
        shown = f"{shown[:-1]}\\x5c"
    return shown.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
