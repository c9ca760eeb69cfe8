"""What each mapping of a process was for, over its whole life: one attribution for each.

A kind is told from a whole layout, for neighbours count. Layouts are looked at where all of one is
stored, at keyframes; what came and went between two of them is looked at when it first appeared.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from ..model import KindEvidence, MappingUsage, Usage
from ..model import Mapping as Header
from .arenas import may_begin_heap, tells_malloc
from .kinds import Attribution, Kind, attributed_entries
from .runtimes import is_compared, tells_runtime

NO_EVIDENCE = KindEvidence({}, {}, 4096)


class KindsOverTime(NamedTuple):
    """Usage intervals as parallel columns, in the order of `first_ticks`."""

    first_ticks: Sequence[int]
    last_ticks: Sequence[int]
    mapping_ids: Sequence[int]
    detail_ids: Sequence[int]


def attribute_lives(
    lives: KindsOverTime,
    keyframes: Sequence[int],
    headers: Mapping[int, Header],
    flags: Mapping[int, str | None],
    evidence: Callable[[int], KindEvidence] = lambda _: NO_EVIDENCE,
    page_sizes: Mapping[int, int | None] = MappingProxyType({}),
) -> dict[int, Attribution]:
    """Tell for each mapping id what it is for.

    `headers` are by mapping id, `flags` (VmFlags) and `page_sizes` (the kernel's) by detail id;
    `evidence` tells for a tick what
    was recorded besides, and the same object for as long as that is the same. What a later keyframe
    knows better counts for the whole life; that a mapping is anonymous is what is said when nothing
    better is known, and never replaces anything.
    """
    first_ticks = lives.first_ticks

    def at(keyframe: int) -> list[tuple[int, int]]:
        rows = slice(bisect_left(first_ticks, keyframe), bisect_right(first_ticks, keyframe))
        return list(zip(lives.mapping_ids[rows], lives.detail_ids[rows], strict=True))

    return attribute_rows(
        ((keyframe, at(keyframe)) for keyframe in keyframes),
        lambda: zip(*lives, strict=True),
        headers,
        flags,
        evidence,
        page_sizes,
        set(lives.mapping_ids),
    )


def attribute_rows(
    keyframes: Iterable[tuple[int, list[tuple[int, int]]]],
    rows: Callable[[], Iterable[tuple[int, int, int, int]]],
    headers: Mapping[int, Header],
    flags: Mapping[int, str | None],
    evidence: Callable[[int], KindEvidence] = lambda _: NO_EVIDENCE,
    page_sizes: Mapping[int, int | None] = MappingProxyType({}),
    wanted: Set[int] | None = None,
) -> dict[int, Attribution]:
    """The same of rows that are read as they are needed, and never held together.

    `keyframes` are ticks with the mapping and detail ids that stand there; `rows` gives all
    intervals as those of KindsOverTime, in order. `wanted` are the mapping ids in them, by default
    all that have a header.
    """
    told = {number: _usage(each, page_sizes.get(number)) for number, each in flags.items()}
    known: dict[int, Attribution] = {}
    same: dict[Attribution, Attribution] = {}  # equal ones are one object: there are many
    before: KindEvidence | None = None
    for keyframe, mappings in keyframes:
        here = evidence(keyframe)
        if here is before and known.keys() >= {number for number, _ in mappings}:
            continue
        before = here
        for number, attribution in _attribute(mappings, headers, told, here):
            if number not in known or attribution.kind is not Kind.ANONYMOUS:
                known[number] = same.setdefault(attribution, attribution)
    if not known.keys() >= (headers.keys() if wanted is None else wanted):
        born = _births(rows(), headers, told, evidence, known.keys())
        known.update((number, same.setdefault(each, each)) for number, each in born.items())
    return known


def _attribute(
    mappings: Iterable[tuple[int, int]],
    headers: Mapping[int, Header],
    told: Mapping[int, Usage],
    evidence: KindEvidence,
) -> list[tuple[int, Attribution]]:
    """Attribute a layout, given as mapping and detail ids, whole or what matters of it."""
    mappings = list(mappings)
    entries = [
        MappingUsage(headers[number], told.get(detail) or _usage(None, None))
        for number, detail in mappings
    ]
    found = attributed_entries(entries, evidence)
    return [
        (number, attribution) for (number, _), (_, attribution) in zip(mappings, found, strict=True)
    ]


@cache
def _usage(flags: str | None, page_size: int | None) -> Usage:
    """Kinds are never told from figures: flags are all they need, or without them the page size."""
    return Usage(vm_flags=flags, kernel_page_size=page_size)


def _births(
    rows: Iterable[tuple[int, int, int, int]],
    headers: Mapping[int, Header],
    told: Mapping[int, Usage],
    evidence: Callable[[int], KindEvidence],
    known: Set[int],
) -> dict[int, Attribution]:
    """Attribute those that no keyframe saw, each among its neighbours at its first tick."""
    living: dict[int, tuple[int, int]] = {}
    found: dict[int, Attribution] = {}
    for tick, begun in groupby(rows, key=itemgetter(0)):
        born = set()
        for _, last, number, detail in begun:
            living[number] = last, detail
            if number not in known and number not in found:
                born.add(number)
        if born:
            living = {number: life for number, life in living.items() if life[0] >= tick}
            here = evidence(tick)
            near = _around(born, living, headers, here.marks)
            around = [(number, living[number][1]) for number in near]
            for number, attribution in _attribute(around, headers, told, here):
                if number in born:
                    found[number] = attribution
    return found


def _around(
    numbers: Set[int],
    living: Iterable[int],
    headers: Mapping[int, Header],
    marks: Mapping[tuple[int, int], Collection[str]],
) -> list[int]:
    """Mappings that the attribution of `numbers` depends on, in the order of their addresses.

    Those that touch them, and each other, without a gap (heaps of arenas, guards, .bss behind its
    file), and all of the same files. For what may be a heap of malloc's also what may be another
    one, and whose malloc it is. For nameless memory also whose runtime the process has, and for
    large reserves all others. The rules look no further; a test compares.
    """
    order = sorted(living, key=lambda number: headers[number].start)
    chains = list(_chains(order, headers))
    wanted = {number for chain in chains if not numbers.isdisjoint(chain) for number in chain}
    for reaches in (may_begin_heap, is_compared):
        if any(reaches(headers[number]) for number in wanted):
            for chain in chains:
                if any(reaches(headers[number]) for number in chain):
                    wanted.update(chain)
    if any(may_begin_heap(headers[number]) for number in wanted):
        wanted.update(number for number in order if tells_malloc(headers[number]))
    if any(not headers[number].pathname for number in wanted):
        wanted.update(number for number in order if tells_runtime(headers[number], marks))
    files = {headers[number].inode for number in wanted} - {0}
    return [number for number in order if number in wanted or headers[number].inode in files]


def _chains(order: Iterable[int], headers: Mapping[int, Header]) -> Iterator[list[int]]:
    """Mappings, in the order of their addresses, that touch each other without a gap."""
    chain: list[int] = []
    end = -1
    for number in order:
        header = headers[number]
        if header.start != end and chain:
            yield chain
            chain = []
        chain.append(number)
        end = header.end
    if chain:
        yield chain
