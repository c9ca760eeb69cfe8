"""Real programs of language runtimes and allocators, with what these say of their own memory."""

from __future__ import annotations

from . import chromium, jvm, preloaded, redis, scripted
from .base import Claim, Missing, Program, Running

__all__ = ["PROGRAMS", "Claim", "Missing", "Program", "Running"]

#: In the order of docs/kinds.md.
PROGRAMS: tuple[Program, ...] = (
    jvm.PROGRAM,
    scripted.NODE,
    chromium.PROGRAM,
    scripted.GO,
    redis.PROGRAM,
    preloaded.MIMALLOC,
    preloaded.TCMALLOC,
    scripted.NUMPY,
    scripted.PYTHON,
    scripted.LUAJIT,
)
