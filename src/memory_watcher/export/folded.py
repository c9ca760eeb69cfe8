r"""Stacks on one line each, for flame graphs: `process;kind;name;mapping bytes`.

The bytes are PSS, or what stands for it where the kernel does not report that. With a base there
are two numbers, before and after, as differential flame graphs take them. What is not printable is
written as \xNN; a semicolon in a name as a comma.
"""

from __future__ import annotations

from typing import BinaryIO

from ..analysis.figures import best
from ..errors import SelectionError
from ..render.escape import escape
from .request import Request
from .stacks import Stack, Stacks, stacks


def write(request: Request, out: BinaryIO) -> None:
    """Write a line for each stack that has anything."""
    after = _sizes(stacks(request, request.at), request)
    if request.base is None:
        for stack, size in after.items():
            if size:
                out.write(f"{_line(stack)} {size}\n".encode())
        return
    before = _sizes(stacks(request, request.base), request)
    for stack in {**before, **after}:
        sizes = before.get(stack, 0), after.get(stack, 0)
        if any(sizes):
            out.write(f"{_line(stack)} {sizes[0]} {sizes[1]}\n".encode())


def _sizes(found: Stacks, request: Request) -> dict[Stack, int]:
    figure = best("pss", found.figures, summed=len(request.processes) > 1)
    if figure is None:
        raise SelectionError(f"{request.recording.path}: no layout reports PSS, RSS or USS")
    at = found.figures.index(figure)
    return {stack: row[at] or 0 for stack, row in found.sizes.items()}


def _line(stack: Stack) -> str:
    return ";".join(escape(frame.text).replace(";", ",") for frame in stack)
