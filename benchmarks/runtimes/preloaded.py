"""A C program that fills blocks of malloc, with an allocator in the place of the C library's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .base import PATIENCE, SOURCES, Claim, Missing, Program, Running, tool
from .scripted import Answer, answering

_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def _library(name: str, package: str) -> Path:
    """The newest of the allocator's libraries. Raises Missing."""
    found = [path for folder in _FOLDERS for path in sorted(Path(folder).glob(f"{name}.so.*"))]
    if not found:
        raise Missing(f"{name}.so is not installed (Debian: {package})")
    return found[-1].resolve()


def _with(name: str, package: str, group: str) -> Callable[[Path], AbstractContextManager[Running]]:
    """How to start it with this allocator, whose memory is summed up under `group`."""

    @contextmanager
    def start(folder: Path) -> Iterator[Running]:
        library = _library(name, package)
        program = folder / "blocks"
        options = ["-O1", "-fno-builtin", "-pthread"]
        subprocess.run(
            [tool("gcc", "gcc"), *options, "-o", program, SOURCES / "blocks.c"],
            timeout=PATIENCE,
            check=True,
        )
        version = f"({library.name})"

        def claims(answer: Answer) -> list[Claim]:
            return [Claim((group,), "what it filled", answer["filled"])]

        with answering([str(program)], version, claims, LD_PRELOAD=str(library)) as running:
            yield running

    return start


_DOES = "3 200 blocks of 64 KiB"
MIMALLOC = Program(
    "mimalloc", "mimalloc", _DOES, _with("libmimalloc", "libmimalloc2.0", "mimalloc")
)
#: It takes memory by brk, and so it is `heap`.
TCMALLOC = Program(
    "tcmalloc", "tcmalloc", _DOES, _with("libtcmalloc_minimal", "libtcmalloc-minimal4", "heap")
)
