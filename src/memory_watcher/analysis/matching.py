"""Which memory of one run is the same thing as which of another run. Pure.

Addresses, inodes, folders, versions and random names differ between two runs of a program. So what
stands for the same thing is found by the rules of `Match`, in their order: what one rule has paired
no later rule sees. Swapping the two runs gives the same pairs, swapped.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from .breakdown import OWN_LINES
from .identity import By
from .kinds import Kind


class Match(enum.Enum):
    """By which rule two were paired; the value is the word that outputs show."""

    MAPPING = "same mapping"
    PROCESS = "same process"
    BUILD = "same build"
    OTHER_BUILD = "other build"
    PATH = "same name"
    VERSION = "other version"
    FOLDER = "other folder"
    PATTERN = "similar name"
    KIND = "by kind"
    ROLE = "same role"
    BEFORE = "only before"
    AFTER = "only after"

    @property
    def meaning(self) -> str:
        """One sentence for documentation and help."""
        return _MEANINGS[self]


_MEANINGS = {
    Match.MAPPING: "The same mapping of the same process: its header says so.",
    Match.PROCESS: "The same process of the same recording.",
    Match.BUILD: "The same build of a file: the build ids are equal.",
    Match.OTHER_BUILD: "A file of the same name, but of another build: the build ids differ.",
    Match.PATH: "The same path or name; for each mapping, the same part of a file.",
    Match.VERSION: "Files whose names differ only in their version.",
    Match.FOLDER: "Files of one name in different folders.",
    Match.PATTERN: "Names that differ only in numbers, random endings, UUIDs or hashes.",
    Match.KIND: "Memory without a name: by its kind, and counted.",
    Match.ROLE: "Processes of the same name and role.",
    Match.BEFORE: "There is nothing like it after.",
    Match.AFTER: "There was nothing like it before.",
}


class Item(NamedTuple):
    """What is paired: memory of one name in one run.

    `part` tells a mapping's part of a file (diff.file_parts), empty where the whole name is one
    item. `build` is the file's build id in hexadecimal, None where it was not recorded. Of a
    process `name` is its label, `part` what all are called that do the same; there is no kind.
    `key` is what rules of one's own compare: a header's identity, a process's name or number.
    """

    kind: Kind | None
    name: str
    part: str = ""
    key: str = ""
    build: str | None = None


class Pair(NamedTuple):
    """Items that stand for the same thing, and by which rule; one of the two may be empty."""

    match: Match
    before: tuple[Item, ...]
    after: tuple[Item, ...]

    @property
    def kind(self) -> Kind | None:
        """That of all its items."""
        return (self.after or self.before)[0].kind


_Key = Callable[[Item], Hashable]


def pair_items(before: Iterable[Item], after: Iterable[Item]) -> list[Pair]:
    """Pair the items of two runs: each is in exactly one pair, in whatever order they come."""
    pairing = _Pairing(before, after)
    pairing.one_to_one(Match.KIND, lambda item: (item.kind, item.part) if nameless(item) else None)
    pairing.one_to_one(Match.PATH, lambda item: (item.kind, item.name, item.part))
    pairing.one_to_one(Match.BUILD, lambda item: item.build and (item.kind, item.build, item.part))
    shared = pairing.names_on_both_sides()
    for depth in _DEPTHS:
        pairing.one_to_one(Match.VERSION, _without_versions(depth, shared))
    for depth in _DEPTHS:
        pairing.one_to_one(Match.FOLDER, _end_of_path(depth))
    pairing.many_to_many(_pattern_of)
    pairing.many_to_many(lambda item: _pattern_of(item._replace(name=_last(item.name))))
    # Wheels put a hash into the names of libraries, beside their version.
    pairing.one_to_one(
        Match.VERSION,
        lambda item: _without_versions(1, ())(item._replace(name=pattern(item))),
    )
    return pairing.finished(_pattern_of)


def pair_by(
    rules: Sequence[tuple[Match, _Key]], before: Iterable[Item], after: Iterable[Item]
) -> list[Pair]:
    """Pair items by rules of one's own, each a key that is equal for what belongs together."""
    pairing = _Pairing(before, after)
    for match, key in rules:
        pairing.one_to_one(match, key)
    return pairing.finished(lambda item: item)


def pair_identical(by: By, before: Iterable[Item], after: Iterable[Item]) -> list[Pair]:
    """Pair the items of two moments of one recording, where keys tell what is identical.

    It is asked many times a second: no item is hashed.
    """
    old, new = _by_key(before), _by_key(after)
    pairs = []
    for key in dict.fromkeys((*old, *new)):
        for one, other in zip_longest(old.get(key, ()), new.get(key, ())):
            if one is None or other is None:
                match = Match.AFTER if one is None else Match.BEFORE
            else:
                match = _identical(by, other)
            pairs.append(
                Pair(match, () if one is None else (one,), () if other is None else (other,))
            )
    return pairs


def _by_key(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.key, []).append(item)
    for alike in found.values():
        if len(alike) > 1:  # of a torn layout
            alike.sort(key=_order)
    return found


def _identical(by: By, item: Item) -> Match:
    if by in ("mapping", "process"):
        return Match.MAPPING if by == "mapping" else Match.PROCESS
    return Match.KIND if by == "kind" or nameless(item) else Match.PATH


def nameless(item: Item) -> bool:
    """Whether its name is no more than the word of its kind."""
    kind = item.kind
    return kind is not None and item.name in (kind.value, OWN_LINES.get(kind))


class _Pairing:
    """What is paired already, and what is left of either side."""

    def __init__(self, before: Iterable[Item], after: Iterable[Item]) -> None:
        self._pairs: list[Pair] = []
        # Sorted, so that nothing depends on the order in which items come.
        self._before = dict.fromkeys(sorted(before, key=_order))
        self._after = dict.fromkeys(sorted(after, key=_order))

    def names_on_both_sides(self) -> frozenset[tuple[Kind | None, str, str]]:
        """Last parts of the names that are left on both sides."""
        sides = (
            {(item.kind, _last(item.name), item.part) for item in side}
            for side in (self._before, self._after)
        )
        return frozenset(set.intersection(*sides))

    def one_to_one(self, match: Match, key: _Key) -> None:
        """Pair items of equal keys, one with one; what has no key (None, empty) stays."""
        for some, others in self._alike(key):
            for one, other in zip(some, others, strict=False):
                self._add(_judged(match, one, other), (one,), (other,))

    def many_to_many(self, key: _Key) -> None:
        """Put all items of equal keys together, if there are some on both sides."""
        for some, others in self._alike(key):
            self._add(Match.PATTERN, tuple(some), tuple(others))

    def finished(self, alike: _Key) -> list[Pair]:
        """All pairs, with what is only on one side; what is `alike` there is one of them."""
        for items in _buckets(self._before, alike).values():
            self._pairs.append(Pair(Match.BEFORE, tuple(items), ()))
        for items in _buckets(self._after, alike).values():
            self._pairs.append(Pair(Match.AFTER, (), tuple(items)))
        return self._pairs

    def _alike(self, key: _Key) -> list[tuple[list[Item], list[Item]]]:
        if not self._before or not self._after:
            return []
        before, after = _buckets(self._before, key), _buckets(self._after, key)
        return [(items, after[each]) for each, items in before.items() if each in after]

    def _add(self, match: Match, before: tuple[Item, ...], after: tuple[Item, ...]) -> None:
        self._pairs.append(Pair(match, before, after))
        for item in before:
            del self._before[item]
        for item in after:
            del self._after[item]


def _order(item: Item) -> tuple[str, str, str, str, str]:
    kind = item.kind.value if item.kind else ""
    return item.name, item.part, kind, item.key, item.build or ""


def _buckets(items: Iterable[Item], key: _Key) -> dict[Hashable, list[Item]]:
    found: dict[Hashable, list[Item]] = {}
    for item in items:
        if each := key(item):
            found.setdefault(each, []).append(item)
    return found


def _judged(match: Match, one: Item, other: Item) -> Match:
    """What build ids make of a pair of files."""
    if match in (Match.MAPPING, Match.KIND) or one.build is None or other.build is None:
        return match
    if one.build == other.build:
        return Match.BUILD
    return Match.OTHER_BUILD if match is Match.PATH else match


# -- names ------------------------------------------------------------------------------------

#: How many parts of a path have to agree: first many, so that the nearest find each other.
_DEPTHS = (8, 4, 3, 2, 1)

#: `3.0.14`, `1.1.1w`, `-2`, `_12`, `-311`: a number with points, or one of its own.
_VERSION = re.compile(r"[-_.]?v?\d+(?:\.\d+)+[a-z]?(?![a-z])|[-_.]\d+(?![A-Za-z0-9_])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Hexadecimal digits of their own, six and more; a word such as `facade` has no digit in it.
_HASH = re.compile(r"(?<![A-Za-z0-9])(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}(?![A-Za-z0-9])")
#: What mkstemp, Python's tempfile and its multiprocessing put at the end of names.
_RANDOM = re.compile(
    r"(?<=[-_.])(?![a-z]{6}|[A-Z]{6})[A-Za-z0-9]{6}(?= \(deleted\)|\Z)"
    r"|(?<=/tmp)[a-z0-9_]{8}(?![A-Za-z0-9])"
)
_SYSV = re.compile(r"(?<=/SYSV)[0-9a-f]{8}")
#: Where numbers are those of processes, threads and inodes; elsewhere they tell names apart.
_OF_ONE_RUN = ("[", "/tmp/", "/var/tmp/", "/run/", "/dev/shm/", "/memfd:")  # noqa: S108 -- names
_NUMBER = re.compile(r"(?<![A-Za-z0-9])#?\d+(?![A-Za-z0-9])")


def without_version(name: str) -> str:
    """A name without the versions in it: `libssl.so.3.0.14` -> `libssl.so`."""
    return _VERSION.sub("", name)


def pattern(item: Item) -> str:
    """Its name with `*` for what is only of one run: UUIDs, hashes, random endings, numbers.

    `/tmp/#1234 (deleted)` -> `/tmp/* (deleted)`. Numbers of libraries are versions, wherever.
    """
    name = item.name
    for what in (_UUID, _SYSV, _HASH, _RANDOM):
        name = what.sub("*", name)
    return _NUMBER.sub("*", name) if _is_of_one_run(item) else name


def _is_of_one_run(item: Item) -> bool:
    return item.kind is not Kind.LIBRARY and item.name.startswith(_OF_ONE_RUN)


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _pattern_of(item: Item) -> Hashable:
    return item.kind, item.part, pattern(item)


def _without_versions(depth: int, shared: Collection[tuple[Kind | None, str, str]]) -> _Key:
    """Files by the end of their path without versions; those with a namesake are left alone."""

    def key(item: Item) -> Hashable:
        if _is_of_one_run(item) or (item.kind, _last(item.name), item.part) in shared:
            return None
        end = _end(without_version(item.name), depth)
        return (item.kind, item.part, end) if end is not None and end[-1] else None

    return key


def _end_of_path(depth: int) -> _Key:
    def key(item: Item) -> Hashable:
        end = _end(item.name, depth)
        return None if end is None else (item.kind, item.part, end)

    return key


def _end(path: str, depth: int) -> tuple[str, ...] | None:
    """The last parts of a path; None if it has not so many."""
    parts = path.rsplit("/", depth)
    return tuple(parts[1:]) if len(parts) > depth else None


def title(pair: Pair) -> str:
    """What people read for a pair: `libssl.so.3.0.11 → 3.0.14`, `x.so (/a/lib → /b/lib)`.

    The text is that of the names, and may hold anything: whoever shows it escapes it.
    """
    items = pair.after or pair.before
    one, other = (pair.before or items)[0], items[0]
    part = f" {other.part}" if other.part and pair.kind is not None else ""
    names = {item.name for item in (*pair.before, *pair.after)}
    if len(names) == 1 or pair.match not in _RENAMED:
        return (pattern(other) if len(items) > 1 else other.name) + part
    if pair.match is Match.PATTERN:
        return pattern(other) + part
    if pair.match is Match.VERSION:
        return _versions(_last(one.name), _last(other.name)) + part
    folders = [item.name.rpartition("/")[0] or "/" for item in (one, other)]
    if _last(one.name) == _last(other.name):
        return f"{_last(other.name)}{part} ({folders[0]} → {folders[1]})"
    return f"{one.name} → {other.name}{part}"


#: Rules that pair different names; all others show the name as it is after.
_RENAMED = frozenset((Match.VERSION, Match.FOLDER, Match.PATTERN, Match.BUILD))


_VERSION_AT_END = re.compile(r"(?<=[-_.])(?<!\d\.)\d[\d.]*[a-z]?\Z")


def _versions(before: str, after: str) -> str:
    """Two names that differ in their versions; of a version at the end only that is repeated."""
    one, other = (_VERSION_AT_END.search(name) for name in (before, after))
    if one and other and before[: one.start()] == after[: other.start()]:
        return f"{before} → {other[0]}"
    return f"{before} → {after}"
