"""Captured proc files, and a parser of smaps that is nothing but the description of its format.

The parser here is the slow and simple one that the real one is compared with: one line at a time.
A figure that is none (negative, too large, without its unit) is a line that is kept as `other`.
"""

from __future__ import annotations

from pathlib import Path

from memory_watcher.capture.texts import read
from memory_watcher.metrics import USAGE
from memory_watcher.model import Mapping, MappingUsage, Usage
from memory_watcher.procfs.smaps import LayoutTracker
from memory_watcher.procfs.smaps_blocks import BlockParser

PROC = Path(__file__).parent / "data" / "proc"

#: All captures that hold a whole smaps text.
WHOLE = sorted(
    path.parent.name
    for path in PROC.glob("*/smaps")
    if path.parent.name not in ("kernel-thread", "zombie")
)

KI = 1024
_FIELDS = {metric.source: metric.name for metric in USAGE if metric.name != "other"}
_HEX = "0123456789abcdef"

Entry = tuple[Mapping, Usage]


def capture(kernel: str, name: str = "smaps") -> bytes:
    """The bytes of one captured file."""
    return (PROC / kernel / name).read_bytes()


def plain(entries: object) -> list[Entry]:
    """What entries say, without their identity."""
    return [(entry.mapping, entry.usage) for entry in entries]  # type: ignore[attr-defined]


def parse(text: bytes) -> list[MappingUsage]:
    """Parse one text as the recorder does."""
    return list(LayoutTracker(BlockParser()).diff(bytearray(text), len(text)).entries())


def load(data: bytes) -> list[MappingUsage]:
    """Read the only capture of a file, as memory-load-smaps does."""
    (capture,) = read(data).captures
    return list(capture.entries)


def parse_slowly(text: bytes) -> list[Entry]:
    """Parse a valid smaps text line by line, by what section 1 of the format's facts says."""
    found: list[Entry] = []
    values: dict[str, object] = {}
    header: Mapping | None = None
    for line in [*text.decode("utf-8", "surrogateescape").split("\n"), "0-0 "]:
        if line[:1] in _HEX and line[:1]:
            if header is not None:
                found.append((header, _usage(values)))
            values = {}
            header = _header(line)
        elif line:
            key, _, value = line.partition(":")
            words = value.split()
            if key == "VmFlags":
                values["vm_flags"] = value.strip()
            elif key == "Size":
                assert words[1:] == ["kB"]
                if header is not None and int(words[0]) * KI != header.end - header.start:
                    values["other"] = f"Size: {int(words[0])} kB"  # it comes before other lines
            elif key in _FIELDS and (figure := _figure(key, words)) is not None:
                values[_FIELDS[key]] = figure
            else:
                values["other"] = f"{values['other']}\n{line}" if "other" in values else line
    return found


def _figure(key: str, words: list[str]) -> int | None:
    """Bytes of `12 kB`, a count of `12` where there is no unit; None for what is neither."""
    counted = key in ("THPeligible", "ProtectionKey")
    if words[1:] != ([] if counted else ["kB"]) or not (words[0].isascii() and words[0].isdigit()):
        return None
    figure = int(words[0]) * (1 if counted else KI)
    return figure if figure < 2**63 else None


def _usage(values: dict[str, object]) -> Usage:
    return Usage(**values)  # type: ignore[arg-type]


def _header(line: str) -> Mapping | None:
    if line == "0-0 ":
        return None
    span, perms, offset, dev, inode, *name = line.split(" ", 5)
    start, end = span.split("-")
    major, minor = dev.split(":")
    return Mapping(
        *(int(start, 16), int(end, 16), perms, int(offset, 16)),
        *(int(major, 16) * 2**20 + int(minor, 16), int(inode)),
        name[0].lstrip(" ") if name else "",
    )
