"""Lines of a name and a size, in columns as wide as the longest needs: nothing is cut."""

from __future__ import annotations

from typing import NamedTuple

from ..units import format_kib
from .elide import elide_process
from .escape import escape, pad, width

#: Where sizes end in outputs that people already parse: names to column 48, "Ki" at 62 to 64.
NAME_WIDTH = 48
SIZE_WIDTH = 16
#: A process takes no more columns than this: `ls` and --json tell its whole command line.
PROCESS_WIDTH = 72
#: The column at which the values of the lines above the sizes begin.
LABEL_WIDTH = 18
#: What stands for a figure or a name that was not reported.
ABSENT = format_kib(None)


class Line(NamedTuple):
    """One line: a name (escaped when printed) and a size in bytes, None for one not told.

    `note` is what stands after the size.
    """

    name: str
    size: int | None
    note: str = ""


def blocks(*lines_by_block: list[Line]) -> str:
    """Blocks of lines with a blank line between them and the sizes of all in one column."""
    filled = [
        [(escape(line.name), format_kib(line.size), line.note) for line in lines]
        for lines in lines_by_block
        if lines
    ]
    names = max([NAME_WIDTH, *(width(name) for block in filled for name, *_ in block)])
    sizes = max([SIZE_WIDTH, *(len(size) + 1 for block in filled for _, size, _ in block)])
    return "\n\n".join(
        "\n".join(
            f"{pad(name, names)}{size:>{sizes}}" + (f"  {note}" if note else "")
            for name, size, note in block
        )
        for block in filled
    )


def process_name(role: str, pid: int, room: int = PROCESS_WIDTH) -> str:
    """A process by its role (any text), cut in the middle to so many columns, and its PID."""
    number = f" ({pid})"
    return (elide_process(escape(role), room - len(number), width) or ABSENT) + number


def label(name: str, value: str) -> str:
    """`time:             2018-…`: one of the lines above the sizes."""
    return f"{name + ':':<{LABEL_WIDTH}}{value}"
