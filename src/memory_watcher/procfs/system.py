"""Bytes of the machine's own files -> model. Pure: nothing here opens a file."""

from __future__ import annotations

import re

from ..model import SystemMemory
from .figures import figure

_LINE = re.compile(rb"^([^:\n]+):[ \t]*([^\n]*?)( kB)?$", re.MULTILINE)
#: A kernel prints some 60 lines, and no name this long.
_MOST_LINES, _LONGEST_NAME = 512, 64


def parse_meminfo(content: bytes) -> SystemMemory:
    """Parse /proc/meminfo: every line, known or not; None for what is no figure."""
    lines = _LINE.findall(content)[:_MOST_LINES]
    return SystemMemory(
        {
            name.decode("ascii", "replace"): figure(value, 1024 if unit else 1)
            for name, value, unit in lines
            if len(name) <= _LONGEST_NAME
        }
    )


def count_cpus(content: bytes) -> int:
    """How many CPUs are online, from /proc/stat."""
    return len(re.findall(rb"^cpu[0-9]+ ", content, re.MULTILINE))


class MeminfoTracker:
    """Turns one /proc/meminfo after the other into what changed: 3 of 54 lines at 100 ms."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def changes(self, content: bytes) -> SystemMemory:
        """The fields that differ from the content before; all of them at first."""
        lines = content.split(b"\n")
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            return parse_meminfo(content)
        changed = [line for line, old in zip(lines, before, strict=True) if line != old]
        return parse_meminfo(b"\n".join(changed))
