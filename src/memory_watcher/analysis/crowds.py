"""Files of which a program maps very many of one sort: they are one group, `/srv/db/*.sst`.

A database of 300 tables is 300 lines otherwise, none of which says anything. Which files are such a
crowd is told from all names of a recording, not from one layout: so they are it at every moment,
and in every view.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

#: So many files of one folder, or of one tree, and of one ending are a crowd.
MANY = 64

DELETED = " (deleted)"
#: `.sst`, `.db`, `.jar`; a number is none.
_ENDING = re.compile(r"\.[A-Za-z][\w+-]{0,11}\Z")
#: Libraries are few and each by itself; what is no file in a folder has rules of its own.
_LIBRARY = re.compile(r"\.so(?:\.|\Z)")
_NO_FILES = ("/dev/", "/memfd:", "/SYSV", "/proc/", "/anon_hugepage")


class Crowd(NamedTuple):
    """Files of one ending (it may be empty) in a folder, or in all of the folders under it."""

    folder: str
    ending: str
    is_deep: bool = False

    @property
    def name(self) -> str:
        """What they are called together, as a shell would write it."""
        return f"{self.folder}/{'**/' if self.is_deep else ''}*{self.ending}"


Crowds = frozenset[Crowd]
NO_CROWDS: Crowds = frozenset()


@lru_cache(maxsize=8)
def crowds_of(names: frozenset[str]) -> Crowds:
    """The crowds among the names of mappings."""
    if len(names) < MANY:
        return frozenset()
    by_folder: dict[Crowd, set[str]] = defaultdict(set)
    for name in names:
        if name[:1] == "/" and not name.startswith(_NO_FILES):
            path = name.removesuffix(DELETED)
            folder, last = os.path.split(path)
            if folder != "/" and not _LIBRARY.search(last):
                by_folder[Crowd(folder, _ending(last))].add(path)
    found = {crowd for crowd, paths in by_folder.items() if len(paths) >= MANY}
    trees: dict[str, list[Crowd]] = defaultdict(list)
    for crowd in by_folder.keys() - found:
        if crowd.ending:
            trees[crowd.ending].append(crowd)
    for ending, parts in trees.items():
        if sum(len(by_folder[part]) for part in parts) >= MANY:
            folder = os.path.commonpath([part.folder for part in parts])
            if folder != "/":
                found.add(Crowd(folder, ending, is_deep=True))
    return frozenset(found)


def _ending(last: str) -> str:
    match = _ENDING.search(last)
    return match[0] if match and match.start() else ""


def crowd_name(name: str, crowds: Crowds) -> str:
    """What a file is summed up under: the name of its crowd, or its own."""
    return _crowd_name(name, crowds) if crowds else name


@lru_cache(maxsize=4096)
def _crowd_name(name: str, crowds: Crowds) -> str:
    folder, last = os.path.split(name.removesuffix(DELETED))
    ending = _ending(last)
    is_deleted = DELETED if name.endswith(DELETED) else ""
    if (near := Crowd(folder, ending)) in crowds:
        return near.name + is_deleted
    while folder not in ("/", ""):
        if (wide := Crowd(folder, ending, is_deep=True)) in crowds:
            return wide.name + is_deleted
        folder = os.path.dirname(folder)
    return name
