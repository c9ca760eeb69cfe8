"""Bytes of the machine's own files -> model. Pure: nothing here opens a file."""

from __future__ import annotations

import re

from ..model import SystemMemory

_LINE = re.compile(rb"^([^:\n]+):[ \t]*([0-9]+)( kB)?$", re.MULTILINE)


def parse_meminfo(content: bytes) -> SystemMemory:
    """Parse /proc/meminfo: every line, known or not."""
    return SystemMemory(
        {
            name.decode("ascii", "replace"): int(value) * (1024 if unit else 1)
            for name, value, unit in _LINE.findall(content)
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
