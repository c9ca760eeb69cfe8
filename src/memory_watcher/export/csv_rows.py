r"""A table of comma-separated values, UTF-8 (RFC 4180): all figures of each group, in bytes.

Times are UTC. An empty field is what was not reported. What is not printable in a name is written
as \xNN. A name that a spreadsheet would take for a formula has a ' in front.
"""

from __future__ import annotations

import csv
import io
from typing import BinaryIO

from .request import Request
from .rows import Row, rows
from .text import SIZES, cell, utc


def write(request: Request, out: BinaryIO) -> None:
    """Write a line for each row."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=False)
    table = csv.writer(text, lineterminator="\r\n")
    by_mapping = request.by == "mapping"
    at_ticks = request.rows == "ticks"
    names = request.names
    header = ("start", "end", "perms", "offset", "inode", "pathname") if by_mapping else ()
    times = ("time",) if at_ticks else ("first_time", "last_time")
    table.writerow((*times, "state", "pid", "process", "kind", "name", *header, *SIZES))

    def line(row: Row) -> list[object]:
        first = utc(row.first_ns)
        when = [first] if at_ticks else [first, utc(row.last_ns)]
        image = row.process.image_at(row.first_tick)
        name = "" if image is None else names.program(image.name)
        group, sums = row.group, row.sums
        mapped: list[object] = []
        if group.mapping is not None:
            start, end, perms, offset, _, inode, pathname = names.header(group.mapping)
            mapped = [f"{start:x}", f"{end:x}", perms, offset, inode, cell(pathname)]
        return [
            *(*when, row.state.label, row.process.pid, cell(name), group.kind.value),
            *(cell(names.group(group.kind, group.name)), *mapped),
            *(sums.mappings, sums.size, *sums.figures),
        ]

    table.writerows(map(line, rows(request)))
    text.flush()
    text.detach()
