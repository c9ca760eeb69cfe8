"""Go's heap, where it has no name: before Go 1.25, and where the kernel keeps none."""

from __future__ import annotations

from collections.abc import Iterator

from ..arenas import is_go_heap_address
from ..attribution import Kind
from ..reservations import CHOSEN, Piece
from .base import Memory, Proof, Rule


def _heap(memory: Memory) -> Iterator[Piece]:
    """Arenas of 64 MiB where Go asks for them; what is not yet used is their reserve."""
    for run in memory.runs:
        if is_go_heap_address(run.start) and run.start % CHOSEN == run.end % CHOSEN == 0:
            yield from run.pieces


RULES = (
    Rule(
        key="go-heap",
        runtime="Go",
        kind=Kind.RUNTIME,
        name="Go heap",
        program=None,
        evidence="From 0xc000000000 on (arm64: 0x4000000000) whole arenas of 64 MiB, without a gap."
        " The executed file bears the note that Go's linker writes.",
        contradiction="Another address, or an end that is not a multiple of 64 MiB.",
        proofs=(
            Proof(
                "Go 1.19.8, 2 million objects",
                "HeapSys + StackSys - HeapReleased",
                190644224,
                191512576,
            ),
        ),
        find=_heap,
        mark="go",
    ),
)
