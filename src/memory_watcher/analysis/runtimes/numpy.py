"""Large arrays of NumPy: blocks of malloc that are mappings of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..attribution import Kind
from ..reservations import Piece
from .base import Memory, Proof, Rule

_NUMPY = re.compile(r"_?multiarray(_umath)?\.[^/]*so( \(deleted\))?")

#: From this size on NumPy asks for huge pages, for whole pages of the block.
_LARGE = 4 << 20
#: From there on, whatever the size of the machine's pages: with larger ones it asks for nothing.
_FIRST_PAGE = 4 << 10


def _arrays(memory: Memory) -> Iterator[Piece]:
    """All of a block but its first page, which begins with malloc's own note and lies below.

    Where more is below, that page has merged with another block, or there is none: what a program
    maps for itself with huge pages has other memory right below it, too.
    """
    for run in memory.runs:
        for below, piece in zip(run.pieces, run.pieces[1:], strict=False):
            if (
                piece.size >= _LARGE
                and piece.perms == below.perms == "rw-p"
                and "hg" in piece.flags
                and below.flags == piece.flags - {"hg"}
                and "ac" in below.flags
                and below.size == _FIRST_PAGE
            ):
                yield piece


RULES = (
    Rule(
        key="numpy",
        runtime="NumPy",
        kind=Kind.ALLOCATOR,
        name="NumPy arrays",
        program=_NUMPY,
        evidence="4 MiB and more with huge pages advised (`hg`), directly after a page that differs"
        " in that alone: the first of malloc's block.",
        contradiction="Nothing right below it, more than that page, or huge pages advised there as"
        " well.",
        proofs=(Proof("NumPy 1.24.2, 12 arrays of 4 MiB", "nbytes", 50331648, 50331648),),
        find=_arrays,
    ),
)
