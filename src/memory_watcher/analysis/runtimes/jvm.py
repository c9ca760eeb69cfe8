"""Java's heap and its compiled code, in HotSpot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...model import Mapping
from ..attribution import Kind
from ..reservations import Piece, Run
from .base import Memory, Proof, Rule

_JVM = re.compile(r"libjvm\.so( \(deleted\))?")

#: How far object pointers of 32 bits reach, without and with a shift: HotSpot puts a heap that it
#: can so address right below. The kernel puts nothing there by itself.
_TOPS = (4 << 30, 32 << 30)
#: Nothing else that HotSpot reserves is as large: class space has 3 GiB at most, code 2 GiB.
_LARGEST_OTHER = 4 << 30
#: Heaps begin at a multiple of their regions, which have this size or more.
_REGION = 1 << 20
#: What of classes is mapped into the heap (class data sharing).
_ARCHIVE = re.compile(r"/[^/]*\.jsa( \(deleted\))?$")
#: The code cache grows by so much.
_GRANULE = 64 << 10


def is_jvm(mapping: Mapping) -> bool:
    """Whether a mapping proves that HotSpot is executed: what all rules here go by."""
    name = mapping.pathname.rpartition("/")[2]
    is_executed = mapping.perms[2:] == "xp" and mapping.inode
    return bool(is_executed and _JVM.fullmatch(name))


def _heap(memory: Memory) -> Iterator[Piece]:
    """All that lies without a gap below one of the tops; archives of classes stay files."""
    by_end = {piece.end: (run, at) for run in memory.runs for at, piece in enumerate(run.pieces)}
    for top in _TOPS:
        found = by_end.get(top)
        while found is not None:
            run, last = found
            yield from run.pieces[_first_of_heap(run, top) : last + 1]
            below = run.below
            is_archive = below is not None and _ARCHIVE.search(below.pathname)
            found = by_end.get(below.start) if below is not None and is_archive else None


def _first_of_heap(run: Run, top: int) -> int:
    """Where in a run the heap begins that ends at `top`: a heap never reaches over a lower top."""
    lower = max((each for each in _TOPS if each < top), default=0)
    return next(at for at, piece in enumerate(run.pieces) if piece.start >= lower)


def _large_heap(memory: Memory) -> Iterator[Piece]:
    """The beginning of a reserve, made accessible by a second mmap, which takes `nr` from it."""
    for run in memory.runs:
        for piece, above in zip(run.pieces, run.pieces[1:], strict=False):
            if (
                above.is_reserve
                and above.size >= _LARGEST_OTHER
                and "nr" in above.flags
                and piece.perms == "rw-p"
                and "ac" in piece.flags
                and "nr" not in piece.flags
                and piece.start % _REGION == 0
            ):
                yield piece
                yield above


def _code(memory: Memory) -> Iterator[Piece]:
    """Segments of the code cache: the beginning of a reserve, made accessible."""
    for run in memory.runs:
        for piece, above in zip(run.pieces, run.pieces[1:], strict=False):
            is_code = piece.perms[2] == "x" and piece.size % _GRANULE == 0
            if is_code and above.is_reserve and "nr" in above.flags and "nr" not in piece.flags:
                yield piece


RULES = (
    Rule(
        key="java-heap",
        runtime="Java (HotSpot)",
        kind=Kind.RUNTIME,
        name="Java heap",
        program=_JVM,
        evidence="It ends exactly at 4 GiB or at 32 GiB, where compressed object pointers end.",
        contradiction="Another end: larger heaps, ZGC, -XX:-UseCompressedOops.",
        proofs=(
            Proof(
                "OpenJDK 17.0.15, -Xmx512m -XX:+AlwaysPreTouch",
                "NMT: Java Heap",
                535900160,
                536870912,
            ),
        ),
        find=_heap,
        cage=True,
    ),
    Rule(
        key="java-large-heap",
        runtime="Java (HotSpot)",
        kind=Kind.RUNTIME,
        name="Java heap",
        program=_JVM,
        evidence="It begins at a multiple of 1 MiB, is counted (`ac`), and is directly followed by"
        " a reserve (`nr`) of 4 GiB and more.",
        contradiction="A smaller reserve: class space and code have such. No reserve: a heap that"
        " is full cannot be known.",
        proofs=(),
        find=_large_heap,
    ),
    Rule(
        key="java-code",
        runtime="Java (HotSpot)",
        kind=Kind.JIT_CODE,
        name="JVM code cache",
        program=_JVM,
        evidence="Executable, a multiple of 64 KiB, directly followed by a reserve (`nr`).",
        contradiction="No reserve after it: then it is JIT code, but whose is not proven.",
        proofs=(Proof("OpenJDK 17.0.15, -XX:+AlwaysPreTouch", "NMT: Code", 7667712, 7729152),),
        find=_code,
    ),
)
