"""Code that was made while the program runs, whoever made it."""

from __future__ import annotations

from collections.abc import Iterator

from ..attribution import Kind
from ..reservations import Piece
from .base import Memory, Rule


def _executable(memory: Memory) -> Iterator[Piece]:
    for run in memory.runs:
        for piece in run.pieces:
            if piece.perms[2] == "x" and "nh" not in piece.flags:
                yield piece


RULES = (
    Rule(
        key="jit",
        runtime="any program",
        kind=Kind.JIT_CODE,
        name="JIT code",
        program=None,
        evidence="Executable, and not marked as a thread's stack (`nh`).",
        contradiction="The stack is executable, too: then all memory of the process may be.",
        proofs=(),
        find=_executable,
    ),
)
