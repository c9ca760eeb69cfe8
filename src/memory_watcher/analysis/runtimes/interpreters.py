"""Heaps of interpreters, by elimination: nothing else in the process could have mapped them.

CPython and LuaJIT ask the kernel for their objects' memory with plain mmap calls, as malloc does
for large blocks. The kernel puts these side by side and merges them, so that no mapping shows which
call it came from: its shape proves nothing. What proves it is the list of all files that the
process executes, for nothing else maps memory in it. Each of the libraries named here was asked
whether it calls mmap, and those that do were asked for what: files, executable memory, memory that
is shared or that is given back at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..attribution import Kind
from ..reservations import LARGEST_GUARD, Piece
from .base import Alone, Memory, Proof, Rule

#: malloc maps no smaller block (M_MMAP_THRESHOLD), and interpreters ask for more. The loader does.
_LEAST = 128 << 10
#: What mmap gives without further wishes. Dirty pages are tracked on some kernels (`sd`).
_PLAIN = frozenset({"rd", "wr", "mr", "mw", "me", "ac"})
_TRACKED = _PLAIN | {"sd"}


def _plain(memory: Memory) -> Iterator[Piece]:
    """Plain memory, but what may be partly another's.

    A .bss merges with what lies behind it. Before Linux 6.7 stacks of threads bear no mark but the
    guard below them.
    """
    for run in memory.runs:
        is_free = not memory.may_begin_with_bss(run)
        for piece in run.pieces:
            if (
                is_free
                and piece.size >= _LEAST
                and piece.perms == "rw-p"
                and piece.flags in (_PLAIN, _TRACKED)
            ):
                yield piece
            is_free = not (piece.is_reserve and piece.size <= LARGEST_GUARD)


_DELETED = r"( \(deleted\))?"
#: The C library and what belongs to it, of glibc and of musl.
_LIBC = (
    r"ld-linux[-\w]*\.so\.\d|ld-2\.\d+\.so|ld-musl-\w+\.so\.1"
    r"|lib(c|m|dl|pthread|rt|util|resolv|nsl|anl|mvec|nss_\w+)(\.so\.\d+|-2\.\d+\.so)"
    r"|libgcc_s\.so\.1"
)
#: What the modules of Python's standard library need.
_OF_PYTHON = (
    r"lib(bz2|com_err|crypt|crypto|db-5|expat|ffi|gdbm|gdbm_compat|gssapi_krb5|k5crypto|keyutils|krb5"
    r"|krb5support|lzma|mpdec|ncurses|ncursesw|nsl|panel|panelw|readline|selinux|sqlite3|ssl|stdc\+\+"
    r"|tinfo|tinfow|tirpc|uuid|z|zstd)(\.so)?[-.\d]*(\.so)?[.\d]*"
)
#: Modules in machine code, of the standard library and others'.
_MODULES = r"[^/]+\.(cpython-3\d+[a-z]*(-[^/.]+)?|abi3)\.so"
_CPYTHON = r"python3(\.\d+)?[a-z]*|libpython3\.\d+[a-z]*\.so[.\d]*|libpython3\.so"
_LUAJIT = r"luajit(-[-.\w]*)?|libluajit-[-.\d]*\.so[.\d]*"


def _name(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"({'|'.join(patterns)}){_DELETED}")


RULES = (
    Rule(
        key="python",
        runtime="CPython",
        kind=Kind.RUNTIME,
        name="Python heap",
        program=_name(_CPYTHON),
        evidence="Plain memory of 128 KiB and more, without .bss of a file in it, not right above a"
        " guard. The process executes CPython, modules of Python, and libraries that map no such"
        " memory.",
        contradiction="Any other executed file, such as OpenBLAS or a program that embeds Python;"
        " code that was made while it runs; another flag.",
        proofs=(
            Proof(
                "Python 3.11.7, 1 million tuples and strings, 30 MiB of bytes, 20 threads",
                "arenas of pymalloc + hblkhd of malloc",
                202657792,
                206024704,
            ),
        ),
        find=_plain,
        alone=Alone(_name(_CPYTHON, _MODULES, _OF_PYTHON, _LIBC)),
    ),
    Rule(
        key="luajit",
        runtime="LuaJIT",
        kind=Kind.RUNTIME,
        name="LuaJIT heap",
        program=_name(_LUAJIT),
        evidence="Plain memory of 128 KiB and more, without .bss of a file in it, not right above a"
        " guard. The process executes LuaJIT and the C library alone.",
        contradiction="Any other executed file, such as a program that embeds it; another flag.",
        proofs=(
            Proof(
                "LuaJIT 2.1.0, 100 000 strings of 1 KB",
                'collectgarbage("count")',
                105959424,
                105090119,
            ),
        ),
        find=_plain,
        alone=Alone(_name(_LUAJIT, _LIBC), makes_code=True),
    ),
)
