"""What each mapping of a process was for, over its whole life: one attribution for each.

A kind is told from a whole layout, for neighbours count. Layouts are looked at where all of one is
stored, at keyframes; what came and went between two of them is looked at when it first appeared.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from ..model import Mapping as Header
from ..model import MappingUsage, Usage
from .kinds import NO_FACTS, Attribution, Kind, KindFacts, attribute


class Lives(NamedTuple):
    """Usage intervals as parallel columns, in the order of `first_ticks`."""

    first_ticks: Sequence[int]
    last_ticks: Sequence[int]
    mapping_ids: Sequence[int]
    detail_ids: Sequence[int]


def attribute_lives(
    lives: Lives,
    keyframes: Sequence[int],
    headers: Mapping[int, Header],
    flags: Mapping[int, str | None],
    facts: Callable[[int], KindFacts] = lambda _: NO_FACTS,
) -> dict[int, Attribution]:
    """Tell for each mapping id what it is for.

    `headers` are by mapping id, `flags` (VmFlags) by detail id; `facts` tells for a tick what was
    recorded besides. What a later keyframe knows better counts for the whole life; that a mapping
    is anonymous is what is said when nothing better is known, and never replaces anything.
    """
    known: dict[int, Attribution] = {}
    before: KindFacts | None = None
    for keyframe in keyframes:
        rows = slice(
            bisect_left(lives.first_ticks, keyframe), bisect_right(lives.first_ticks, keyframe)
        )
        ids = lives.mapping_ids[rows]
        here = facts(keyframe)
        if here != before or not known.keys() >= set(ids):
            before = here
            _learn(
                known,
                ids,
                _entries(zip(ids, lives.detail_ids[rows], strict=True), headers, flags),
                here,
            )
    if not known.keys() >= set(lives.mapping_ids):
        _births(lives, headers, flags, facts, known)
    return known


def _learn(
    known: dict[int, Attribution],
    ids: Iterable[int],
    entries: Iterable[MappingUsage],
    facts: KindFacts,
) -> None:
    for number, (_, attribution) in zip(ids, attribute(entries, facts), strict=True):
        if number not in known or attribution.kind is not Kind.ANONYMOUS:
            known[number] = attribution


def _entries(
    mappings: Iterable[tuple[int, int]],
    headers: Mapping[int, Header],
    flags: Mapping[int, str | None],
) -> list[MappingUsage]:
    return [MappingUsage(headers[number], _usage(flags.get(detail))) for number, detail in mappings]


def _births(
    lives: Lives,
    headers: Mapping[int, Header],
    flags: Mapping[int, str | None],
    facts: Callable[[int], KindFacts],
    known: dict[int, Attribution],
) -> None:
    """Attribute those that no keyframe saw, each among its neighbours at its first tick."""
    living: dict[int, tuple[int, int]] = {}
    rows = zip(*lives, strict=True)
    for tick, group in groupby(rows, key=lambda row: row[0]):
        unseen = []
        for _, last, number, detail in group:
            living[number] = last, detail
            if number not in known:
                unseen.append(number)
        if unseen:
            living = {number: life for number, life in living.items() if life[0] >= tick}
            ids = _around(unseen, living, headers)
            pairs = [(number, living[number][1]) for number in ids]
            told = attribute(_entries(pairs, headers, flags), facts(tick))
            for number, (_, attribution) in zip(ids, told, strict=True):
                known.setdefault(number, attribution)


def _around(
    numbers: Iterable[int], living: Iterable[int], headers: Mapping[int, Header]
) -> list[int]:
    """Mappings that the attribution of `numbers` depends on, in the order of their addresses.

    Those that touch it without a gap (heaps of arenas, guards, .bss behind its file), and the
    executable ones of the same file. The rules look no further; a test compares.
    """
    order = sorted(living, key=lambda number: headers[number].start)
    files = {headers[number].pathname for number in numbers} - {""}
    wanted = {
        number
        for number in order
        if headers[number].pathname in files and headers[number].perms[2] == "x"
    }
    position = {number: index for index, number in enumerate(order)}
    for number in numbers:
        wanted.add(number)
        for step in (-1, 1):
            index = position[number]
            while 0 <= index + step < len(order):
                low, high = sorted((index, index + step))
                if headers[order[low]].end != headers[order[high]].start:
                    break
                index += step
                if order[index] in wanted and step == 1:
                    break
                wanted.add(order[index])
    return [number for number in order if number in wanted]


def _usage(flags: str | None) -> Usage:
    """Kinds are never told from figures: the flags are all they need."""
    usage = _usages.get(flags)
    if usage is None:
        usage = _usages[flags] = Usage(vm_flags=flags)
    return usage


_usages: dict[str | None, Usage] = {}
