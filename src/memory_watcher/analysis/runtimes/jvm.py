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
#: Class space has 3 GiB at most, code 2 GiB. What collectors keep of a heap can be larger, but has
#: a 64th of it, twice side by side (marks of live objects).
_LARGEST_OTHER = 4 << 30
_PART_OF_OTHERS = 16
#: ZGC's heap. Beside it ZGC has no other, but keeps as large a reserve for its stacks of marks.
_ZGC = re.compile(r"/memfd:java_heap(\.\w+)?( \(deleted\))?")
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


def is_zgc_heap(mapping: Mapping) -> bool:
    """Whether a mapping is ZGC's heap, which its file's name tells."""
    return mapping.perms[3] == "s" and bool(_ZGC.fullmatch(mapping.pathname))


def is_large_reserve(mapping: Mapping) -> bool:
    """Whether it may be a heap's reserve that is told by its size from others of the process."""
    return mapping.perms == "---p" and not mapping.pathname and mapping.size >= _LARGEST_OTHER


def _large_heap(memory: Memory) -> Iterator[Piece]:
    """The beginning of a reserve, made accessible by a second mmap, which takes `nr` from it."""
    if any(map(_ZGC.fullmatch, memory.shared)):
        return
    found = list(_with_large_reserves(memory))
    largest = max((above.end - piece.start for piece, above in found), default=0)
    for piece, above in found:
        if above.end - piece.start >= largest // _PART_OF_OTHERS:
            yield piece
            yield above


def _with_large_reserves(memory: Memory) -> Iterator[tuple[Piece, Piece]]:
    """What may be the heap, or a part of it, each with its reserve."""
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
                yield piece, above


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
        contradiction="A smaller reserve, or one 16 times larger elsewhere: class space, code and"
        " collectors have such. ZGC's heap beside it. No reserve: a heap that is full cannot be"
        " known.",
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
