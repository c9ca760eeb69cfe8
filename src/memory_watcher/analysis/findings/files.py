"""Memory that belongs to files: builds, deleted files, what libraries modify, mere cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..kinds import Kind
from .base import (
    MOST_EXAMPLES,
    SMALLEST,
    Attributed,
    Example,
    Finding,
    Member,
    Rank,
    Scene,
    biggest,
    by_name,
    total,
)

#: Shares of the whole that are worth a sentence.
_DIRTY = 0.1
_CLEAN = 0.1
_DELETED = " (deleted)"
#: What has no file on a disk, though the kernel calls it deleted.
_NEVER_NAMED = ("/memfd:", "/dev/zero", "/SYSV")
_OF_FILES = (Kind.LIBRARY, Kind.FILE, Kind.DELETED_FILE)


def library_builds(scene: Scene) -> Finding | None:
    """Libraries of which several builds are in use at once."""
    builds: dict[str, set[str]] = defaultdict(set)
    users: dict[str, set[str]] = defaultdict(set)
    size: dict[str, int] = defaultdict(int)
    for member, (entry, told), build in _with_builds(scene):
        name, ending, _ = told.name.rpartition("/")[2].partition(".so")
        if name.startswith("lib") and ending:
            builds[name].add(build)
            users[name].add(member.name)
            size[name] += entry.usage.pss or 0
    several = sorted(
        (name for name, found in builds.items() if len(found) > 1),
        key=lambda name: (-size[name], name),
    )
    if not several:
        return None
    figures = {
        "libraries": len(several),
        "builds": len(builds[several[0]]),
        "processes": len(users[several[0]]),
        "size": sum(size[name] for name in several),
    }
    examples = tuple(Example(name, size[name]) for name in several[:MOST_EXAMPLES])
    return Finding("library-builds", Rank.LOOK, figures["size"], figures, examples)


def same_build_apart(scene: Scene) -> Finding | None:
    """One build of a library in several files: its pages are in memory once for each of them."""
    sizes: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    names: dict[str, str] = {}
    for _, (entry, told), build in _with_builds(scene):
        file = entry.mapping.dev, entry.mapping.inode
        sizes[build][file] = sizes[build].get(file, 0) + (entry.usage.pss or 0)
        names.setdefault(build, told.name.rpartition("/")[2])
    again = {build: sum(each.values()) - max(each.values()) for build, each in sizes.items()}
    order = sorted((build for build in again if again[build]), key=lambda build: -again[build])
    more = sum(again.values())
    if more < SMALLEST:
        return None
    figures = {"libraries": len(order), "again": more, "files": len(sizes[order[0]])}
    examples = tuple(Example(names[build], again[build]) for build in order[:MOST_EXAMPLES])
    return Finding("same-build-apart", Rank.LOOK, more, figures, examples)


def _with_builds(scene: Scene) -> Iterator[tuple[Member, Attributed, str]]:
    for member in scene.members:
        for each in member.entries:
            mapping = each[0].mapping
            build = member.builds.get((mapping.dev, mapping.inode))
            if build is not None and mapping.inode:
                yield member, each, build


def deleted_files(scene: Scene) -> Finding | None:
    """Files that have no name any more, and stay on their disk, for they are mapped."""
    found = [
        each
        for each in scene.of(Kind.LIBRARY, Kind.DELETED_FILE)
        if each[0].mapping.pathname.endswith(_DELETED)
        and not each[0].mapping.pathname.startswith(_NEVER_NAMED)
    ]
    size = total(found, scene.figure)
    if size is None:
        return None
    libraries = {by_name(each) for each in found if each[1].kind.family is Kind.LIBRARY}
    if not libraries and size < SMALLEST:
        return None
    names = {by_name(each) for each in found}
    figures = {"files": len(names), "programs": len(libraries), "size": size}
    rank = Rank.LOOK if libraries else Rank.NOTE
    examples = biggest(found, scene.figure, by_name) or tuple(
        Example(name, 0) for name in sorted(names)[:MOST_EXAMPLES]
    )
    return Finding("deleted-files", rank, size, figures, examples)


def dirty_libraries(scene: Scene) -> Finding | None:
    """What libraries have of their own in each process: relocated and modified data, and .bss."""
    found = scene.of(Kind.LIBRARY)
    dirty = total(found, "private_dirty")
    if dirty is None or not scene.is_notable(dirty, _DIRTY):
        return None
    libraries = {by_name(each) for each in found if each[0].usage.private_dirty}
    figures = {"dirty": dirty, "libraries": len(libraries), "memory": scene.memory}
    return Finding(
        "dirty-libraries", Rank.LOOK, dirty, figures, biggest(found, "private_dirty", by_name)
    )


def clean_files(scene: Scene) -> Finding | None:
    """Pages of files that look like use of memory, and that the kernel can drop at any time."""
    found = [each for each in scene.of(*_OF_FILES) if not each[0].usage.locked]
    clean = _clean(found, scene.is_one)
    whole = scene.rss if scene.is_one else scene.memory
    if clean is None or not whole or clean < max(SMALLEST, round(_CLEAN * whole)):
        return None
    names = biggest(found, lambda each: _clean([each], scene.is_one), by_name)
    figures = {"clean": clean, "whole": whole}
    word = "rss" if scene.is_one else "pss"
    return Finding("clean-files", Rank.NOTE, clean, figures, names, word)


def _clean(entries: Iterable[Attributed], is_one: bool) -> int | None:
    """Of one process all clean pages; of several those that no other process maps, too."""
    entries = list(entries)
    private = total(entries, "private_clean")
    if not is_one or private is None:
        return private
    shared = total(entries, "shared_clean")
    return None if shared is None else private + shared


FINDERS = (library_builds, same_build_apart, deleted_files, dirty_libraries, clean_files)
