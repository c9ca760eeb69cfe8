"""Allocators that take the place of the C library's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..attribution import Kind
from ..reservations import Piece
from .base import Memory, Proof, Rule


def _noreserve(multiple: int) -> Callable[[Memory], Iterator[Piece]]:
    """What is MAP_NORESERVE in touching pieces that together have such a size.

    All of it is accessible: no reserve that is made so touches it.
    """

    def find(memory: Memory) -> Iterator[Piece]:
        for run in memory.runs:
            for pieces in _parts(run.pieces):
                size = pieces[-1].end - pieces[0].start
                if size % multiple == 0 and all(piece.perms == "rw-p" for piece in pieces):
                    yield from pieces

    return find


def _parts(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Touching pieces that are MAP_NORESERVE, each time all there are."""
    first = 0
    for at in range(len(pieces) + 1):
        if at == len(pieces) or not _is_noreserve(pieces[at]):
            if first < at:
                yield pieces[first:at]
            first = at + 1


def _is_noreserve(piece: Piece) -> bool:
    return "nr" in piece.flags and piece.flags.isdisjoint(("ac", "dc"))


_JEMALLOC = re.compile(r"libjemalloc\.so[.\d]*( \(deleted\))?")
_MIMALLOC = re.compile(r"libmimalloc[^/]*\.so[.\d]*( \(deleted\))?")

RULES = (
    Rule(
        key="jemalloc",
        runtime="jemalloc",
        kind=Kind.ALLOCATOR,
        name="jemalloc",
        program=_JEMALLOC,
        evidence="MAP_NORESERVE (`nr`), accessible, with what touches it a multiple of 512 KiB.",
        contradiction="Another size, a reserve beside it, or the flag `ac`: others mapped it.",
        proofs=(Proof("Redis 7.0.15, jemalloc 5.3.0", "allocator_resident", 153059328, 155639808),),
        find=_noreserve(512 << 10),
        mark="jemalloc",
    ),
    Rule(
        key="mimalloc",
        runtime="mimalloc",
        kind=Kind.ALLOCATOR,
        name="mimalloc",
        program=_MIMALLOC,
        evidence="MAP_NORESERVE (`nr`), accessible, with what touches it a multiple of 64 KiB.",
        contradiction="Another size, a reserve beside it, or the flag `ac`: others mapped it.",
        proofs=(
            Proof("mimalloc 2.0.9, 3 200 blocks of 64 KiB", "what it filled", 210034688, 209715200),
        ),
        find=_noreserve(64 << 10),
    ),
)
