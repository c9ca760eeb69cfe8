"""V8's heap and code, in Node.js and what is built on it (without a pointer cage)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..attribution import Kind
from ..reservations import Piece
from .base import Memory, Proof, Rule

#: V8 takes its heap in chunks at multiples of this, each at a random address below 2^46 (on arm64
#: below 2^38); the kernel puts nothing there by itself.
_CHUNK = 256 << 10
_RANDOM = range(1 << 30, 1 << 46)
#: Each chunk is reserved (MAP_NORESERVE), and kept from children (MADV_DONTFORK).
_FLAGS = {"nr", "dc"}

_NODE = re.compile(r"(node(js)?|libnode\.so[.\d]*)( \(deleted\))?")


def _is_v8s(flags: frozenset[str]) -> bool:
    return flags >= _FLAGS and "ac" not in flags


def _heap(memory: Memory) -> Iterator[Piece]:
    """Chunks: each by itself, and all of it accessible, or all of it kept for later.

    Buffers that can grow and memories of WebAssembly bear the same flags. They lie where the kernel
    puts them, begin anywhere, and keep a reserve behind.
    """
    of_v8 = {flags for flags in memory.by_flags if _is_v8s(flags)}
    for run in memory.runs if of_v8 else ():
        if len(run.pieces) == 1 and run.below is run.above is None:
            (piece,) = run.pieces
            if (
                piece.flags in of_v8
                and piece.start % _CHUNK == 0
                and piece.start in _RANDOM
                and piece.perms[2] != "x"
            ):
                yield piece


def _others(memory: Memory) -> Iterator[Piece]:
    for flags, pieces in memory.by_flags.items():
        if _is_v8s(flags):
            yield from (piece for piece in pieces if piece.perms[2] != "x")


def _code(memory: Memory) -> Iterator[Piece]:
    for flags, pieces in memory.by_flags.items():
        if _is_v8s(flags):
            yield from (piece for piece in pieces if piece.perms[2] == "x")


_BUFFERS = "Node.js 20.20.2, a WebAssembly memory of 50 MiB, buffers that can grow of 8 and 64 MB"

RULES = (
    Rule(
        key="node-code",
        runtime="V8 in Node.js",
        kind=Kind.JIT_CODE,
        name="V8 code",
        program=_NODE,
        evidence="MAP_NORESERVE and MADV_DONTFORK (`nr dc`), executable.",
        contradiction="Memory of a file, as the built-in functions are.",
        proofs=(),
        find=_code,
        mark="v8",
    ),
    Rule(
        key="node-heap",
        runtime="V8 in Node.js",
        kind=Kind.RUNTIME,
        name="V8 heap",
        program=_NODE,
        evidence="MAP_NORESERVE and MADV_DONTFORK (`nr dc`), alone at a multiple of 256 KiB,"
        " below 2^46.",
        contradiction="Something touches it, it has a reserve, or the kernel chose its address.",
        proofs=(Proof("Node.js 20.20.2, 2 million objects", "heapTotal", 359358464, 353382400),),
        find=_heap,
        mark="v8",
    ),
    Rule(
        key="node-other",
        runtime="V8 in Node.js",
        kind=Kind.RUNTIME,
        name="V8 other",
        program=_NODE,
        evidence="The same flags, elsewhere: memories of WebAssembly, buffers that can grow.",
        contradiction="It lacks one of the flags, or is counted (`ac`).",
        proofs=(Proof(_BUFFERS, "what it filled", 134103040, 134091264),),
        find=_others,
        mark="v8",
    ),
)
