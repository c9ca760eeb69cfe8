"""Layouts written by hand, one line a mapping, as smaps prints headers."""

from __future__ import annotations

from memory_watcher.model import Mapping, MappingUsage, Usage

#: The flags of a plain private writable mapping.
PLAIN = "rd wr mr mw me ac"


def entry(line: str) -> MappingUsage:
    """`START-END PERMS OFFSET DEV INODE [NAME] [| VmFlags]`: PLAIN flags, `| -` for none told."""
    header, bar, flags = line.partition(" | ")
    addresses, perms, offset, dev, inode, *name = header.split(" ", 5)
    start, end = (int(address, 16) for address in addresses.split("-"))
    major, minor = (int(number, 16) for number in dev.split(":"))
    mapping = Mapping(
        start,
        end,
        perms,
        int(offset, 16),
        major << 20 | minor,
        int(inode),
        name[0].strip() if name else "",
    )
    told = PLAIN if not bar else None if flags == "-" else flags
    return MappingUsage(mapping, Usage(rss=4096, pss=4096, vm_flags=told))


def layout(text: str) -> list[MappingUsage]:
    """A layout: one entry per line that is not empty."""
    return [entry(line.strip()) for line in text.splitlines() if line.strip()]


def anonymous(start: int, size: int, perms: str = "rw-p", flags: str = PLAIN) -> MappingUsage:
    """A nameless mapping; sizes in bytes."""
    return entry(f"{start:x}-{start + size:x} {perms} 0 00:00 0 | {flags}")
