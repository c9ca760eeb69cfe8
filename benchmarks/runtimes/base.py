"""What is measured: a program that fills its memory, and what its runtime says of that."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

SOURCES = Path(__file__).with_name("sources")
#: Seconds that a program, and each answer, may take; building Go's takes longest.
PATIENCE = 90.0


class Missing(Exception):
    """A program is not installed; the text says which."""


class Claim(NamedTuple):
    """What a runtime says of its memory: `own` bytes, which are summed up under these names.

    `most` is what it may have in memory at the very most, where it says that too.
    """

    names: tuple[str, ...]
    figure: str
    own: int
    most: int | None = None


#: For some names the parts of the address space, from and to, of which alone they may be told.
Owned = Mapping[str, Sequence[tuple[int, int]]]


class Running(Protocol):
    """A program that has filled its memory, and waits."""

    @property
    def pid(self) -> int:
        """The process that is looked at."""

    @property
    def version(self) -> str:
        """Of the runtime, as it says."""

    def claims(self) -> list[Claim]:
        """What the runtime says now."""

    def owned(self) -> Owned:
        """What it knows of addresses now; {} where it tells none."""


class Program(NamedTuple):
    """One that can be started; `does` says what fills its memory, for people."""

    key: str
    title: str
    does: str
    start: Callable[[Path], AbstractContextManager[Running]]


def tool(name: str, package: str) -> str:
    """The path of a command. Raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed (Debian: {package})")
    return found


def said_by(command: Sequence[str], pattern: str = r"\d+(\.\d+)+") -> str:
    """What stands in a command's output, as a version does; empty if nothing fits."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=True, errors="replace"
    )
    match = re.search(pattern, done.stdout + done.stderr)
    return match[0] if match else ""
