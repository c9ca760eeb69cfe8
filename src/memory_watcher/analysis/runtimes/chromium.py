"""Heaps of Chromium: of V8 in its pointer cage, of Blink, and of its malloc, PartitionAlloc."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..attribution import Kind
from ..reservations import Piece, Run
from .base import Memory, Proof, Rule

_CHROMIUM = re.compile(r"(chrome|chromium|headless_shell|msedge)( \(deleted\))?")

_GIB = 1 << 30
#: V8's sandbox reserves 1 TiB and guards around; its pointers reach 4 GiB, the cage, at its begin.
_SANDBOX = 1 << 40
_CAGE = 4 * _GIB
#: A pool of PartitionAlloc, and the cage of Blink's garbage collector (cppgc).
_POOL = 16 * _GIB
#: PartitionAlloc fills a pool in super pages of this size: a guard, what describes them (in old
#: versions), another guard; what is given out begins after 16 KiB.
_SUPER_PAGE = 2 << 20
_FIRST = (4 << 10, 16 << 10)
#: cppgc's cage begins with memory that is never used, and is used in pages of 128 KiB.
_NEVER_USED = 32 << 20
_PAGE = 128 << 10


def _v8(memory: Memory) -> Iterator[Piece]:
    for run in memory.runs:
        if _is_sandbox(run):
            base = run.pieces[0].end
            for piece in run.pieces:
                if base <= piece.start and piece.end <= base + _CAGE and _is_v8s(piece):
                    yield piece


def _is_sandbox(run: Run) -> bool:
    guard = run.pieces[0]
    return (
        run.end - run.start >= _SANDBOX
        and guard.is_reserve
        and guard.flags >= {"nr", "dd"}
        and guard.size >= _CAGE
        and guard.end % _CAGE == 0
    )


def _is_v8s(piece: Piece) -> bool:
    return "nr" in piece.flags and "ac" not in piece.flags and piece.perms[2] != "x"


def _blink(memory: Memory) -> Iterator[Piece]:
    for each in memory.reservations:
        first = each.pieces[0]
        if (
            each.end - each.start == _POOL
            and each.start % _POOL == 0
            and first.is_reserve
            and first.size == _NEVER_USED
            and all(piece.start % _PAGE == 0 for piece in each.pieces)
            and _is_counted(each.pieces)
        ):
            yield from each.pieces


def _partition_alloc(memory: Memory) -> Iterator[Piece]:
    for each in memory.reservations:
        used = next((piece for piece in each.pieces if not piece.is_reserve), None)
        if (
            used is not None
            and each.start % _POOL == each.end % _POOL == 0
            and used.start % _SUPER_PAGE in _FIRST
            and _is_counted(each.pieces)
        ):
            yield from each.pieces


def _is_counted(pieces: tuple[Piece, ...]) -> bool:
    """Whether all was made accessible out of a plain reserve."""
    return all("nr" not in piece.flags for piece in pieces)


_PAGE_OF_TEST = "Chromium 156, a page with 60 000 paragraphs and 1.5 million objects"

RULES = (
    Rule(
        key="chromium-v8",
        runtime="V8 in Chromium",
        kind=Kind.RUNTIME,
        name="V8 heap",
        program=_CHROMIUM,
        evidence="MAP_NORESERVE (`nr`), in the first 4 GiB of a reserve of more than 1 TiB that"
        " begins with a guard (`nr dd`).",
        contradiction="Another place in that reserve: buffers, memories of WebAssembly.",
        proofs=(Proof(_PAGE_OF_TEST, "memory-infra: v8/main/heap", 167239680, 168259584),),
        find=_v8,
        cage=True,
    ),
    Rule(
        key="chromium-blink",
        runtime="Blink (cppgc)",
        kind=Kind.RUNTIME,
        name="Blink heap",
        program=_CHROMIUM,
        evidence="A reserve of 16 GiB at a multiple of that, its first 32 MiB never used, the rest"
        " in pages of 128 KiB.",
        contradiction="MAP_NORESERVE, another size, other pages.",
        proofs=(Proof(_PAGE_OF_TEST, "memory-infra: blink_gc", 342478848, 343275936),),
        find=_blink,
        cage=True,
    ),
    Rule(
        key="chromium-malloc",
        runtime="PartitionAlloc",
        kind=Kind.ALLOCATOR,
        name="PartitionAlloc",
        program=_CHROMIUM,
        evidence="A reserve of whole 16 GiB at a multiple of that, used from 16 KiB on in the first"
        " of its 2 MiB.",
        contradiction="MAP_NORESERVE, or memory that begins elsewhere.",
        proofs=(Proof(_PAGE_OF_TEST, "memory-infra: malloc, committed", 25509888, 26312704),),
        find=_partition_alloc,
        cage=True,
    ),
)
