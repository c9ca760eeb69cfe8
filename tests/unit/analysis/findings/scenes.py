"""Made-up processes for findings: a mapping with its figures in one line."""

from __future__ import annotations

from itertools import count
from typing import Any

from memory_watcher.analysis.findings.base import Attributed, Member, Scene
from memory_watcher.analysis.kinds import Attribution, Kind
from memory_watcher.model import Mapping, MappingUsage, Usage

KIB = 1024
MIB = 1024 * KIB

_places = count(0x7F00_0000_0000, 1 << 30)


def piece(
    kind: Kind,
    rss: int,
    name: str = "",
    *,
    size: int | None = None,
    perms: str = "rw-p",
    inode: int = 0,
    **figures: Any,
) -> Attributed:
    """A mapping of so many bytes, all private unless it is said; `name` is its group and path."""
    start = next(_places)
    mapping = Mapping(start, start + (rss if size is None else size), perms, 0, 0, inode, name)
    usage = Usage(rss=rss, pss=figures.pop("pss", rss))._replace(**figures)
    return MappingUsage(mapping, usage), Attribution(kind, name or kind.value)


def member(*entries: Attributed, name: str = "a (1)", **facts: Any) -> Member:
    size = sum(entry.usage.pss or 0 for entry, _ in entries)
    return Member(name, entries, size)._replace(**facts)


def scene(*members: Member, **facts: Any) -> Scene:
    entries = [entry for each in members for entry, _ in each.entries]
    memory = sum(entry.usage.pss or 0 for entry in entries)
    rss = sum(entry.usage.rss or 0 for entry in entries)
    return Scene(members, "pss", memory, rss)._replace(**facts)


def of_one(*entries: Attributed, **facts: Any) -> Scene:
    """One process."""
    return scene(member(*entries), **facts)
