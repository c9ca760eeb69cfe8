"""Sums up layouts by kind, name or mapping, again and again without doing work twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..analysis.identity import By, Identity, identify
from ..analysis.kinds import Attribution, Kind, attribute, facts_from
from ..model import KindEvidence, Mapping, MappingUsage, Usage, is_gate
from .view import Sizes


class GroupSum(NamedTuple):
    """One group of one layout or of several; see view.Row."""

    identity: Identity
    sizes: Sizes
    address_space: int
    mappings: int
    lacking: bool


class _Places(NamedTuple):
    """Into which group each mapping of a layout goes."""

    groups: list[Identity]
    of_entry: list[int]


class _Plan:
    """What the mappings of a layout are for; holds for all layouts with the same mappings."""

    def __init__(
        self,
        keys: list[tuple[Mapping, str | None]],
        evidence: KindEvidence,
        attributions: list[Attribution],
        process: tuple[int, str],
    ) -> None:
        self.keys = keys
        self.evidence = evidence
        self._attributions = attributions
        self._process = process
        self._places: dict[By, _Places] = {}

    def places(self, by: By) -> _Places:
        """Tell the group of each mapping."""
        if by not in self._places:
            numbers: dict[str, int] = {}
            groups: list[Identity] = []
            of_entry = []
            for (mapping, _), attribution in zip(self.keys, self._attributions, strict=True):
                identity = identify(mapping, attribution, by, self._process)
                number = numbers.setdefault(identity.key, len(groups))
                if number == len(groups):
                    groups.append(identity)
                of_entry.append(number)
            self._places[by] = _Places(groups, of_entry)
        return self._places[by]


class GroupedLayout:
    """A layout of one process that sums itself up when asked, once for each grouping."""

    __slots__ = ("_plan", "_sums", "entries")

    def __init__(self, entries: Sequence[MappingUsage], plan: _Plan) -> None:
        self.entries = entries
        self._plan = plan
        self._sums: dict[By, dict[str, GroupSum]] = {}

    def sums(self, by: By) -> dict[str, GroupSum]:
        """Give all groups by their keys."""
        found = self._sums.get(by)
        if found is None:
            found = self._sums[by] = _sum_up(self.entries, self._plan.places(by))
        return found

    def forget_mappings(self) -> None:
        """Drop the sums of single mappings: they are many, and quickly made again."""
        self._sums.pop("mapping", None)


class Grouper:
    """Groups the layouts of one process, one after the other.

    Kinds depend on the mappings and the evidence, not on the figures: they are told anew only when
    those differ from the layout before.
    """

    def __init__(self, process_id: int, name: str) -> None:
        self._process = process_id, name
        self._plan: _Plan | None = None

    def group(self, entries: Sequence[MappingUsage], evidence: KindEvidence) -> GroupedLayout:
        """Make a layout one that can be summed up."""
        keys = [(entry.mapping, entry.usage.vm_flags) for entry in entries]
        plan = self._plan
        if plan is None or plan.evidence is not evidence or plan.keys != keys:
            told = attribute(entries, facts_from(entries, evidence))
            attributions = [attribution for _, attribution in told]
            plan = self._plan = _Plan(keys, evidence, attributions, self._process)
        return GroupedLayout(entries, plan)


def _sum_up(entries: Sequence[MappingUsage], places: _Places) -> dict[str, GroupSum]:
    count = len(places.groups)
    sums = [[0] * count for _ in Sizes._fields]
    missing = [[0] * count for _ in Sizes._fields]
    mappings = [0] * count
    sizes = [0] * count
    add_pss, add_rss, add_uss, add_swap, add_swap_pss = sums
    for place, entry in zip(places.of_entry, entries, strict=True):
        usage = entry.usage
        mappings[place] += 1
        if not is_gate(entry.mapping):
            sizes[place] += entry.mapping[1] - entry.mapping[0]
        try:
            clean, dirty = usage.private_clean, usage.private_dirty
            uss = clean + dirty + (usage.private_hugetlb or 0)  # type: ignore[operator]
            figures = usage.pss + 0, usage.rss + 0, usage.swap + 0, usage.swap_pss + 0  # type: ignore[operator]
        except TypeError:
            _add_what_is_told(usage, place, sums, missing)
            continue
        add_pss[place] += figures[0]
        add_rss[place] += figures[1]
        add_uss[place] += uss
        add_swap[place] += figures[2]
        add_swap_pss[place] += figures[3]
    found = {}
    for place, identity in enumerate(places.groups):
        lacks = [each[place] for each in missing]
        told = Sizes._make(
            None if lack == mappings[place] else each[place]
            for each, lack in zip(sums, lacks, strict=True)
        )
        found[identity.key] = GroupSum(identity, told, sizes[place], mappings[place], any(lacks))
    return found


def _add_what_is_told(
    usage: Usage, place: int, sums: list[list[int]], missing: list[list[int]]
) -> None:
    for number, figure in enumerate(Sizes._fields):
        value = getattr(usage, figure)
        if value is None:
            missing[number][place] += 1
        else:
            sums[number][place] += value


def merge(layouts: Iterable[dict[str, GroupSum]]) -> dict[str, GroupSum]:
    """Add up the groups of several processes. RSS and swap are not added up over processes."""
    merged: dict[str, GroupSum] = {}
    for groups in layouts:
        for key, group in groups.items():
            before = merged.get(key)
            merged[key] = group if before is None else _both(before, group)
    return merged


def _both(one: GroupSum, other: GroupSum) -> GroupSum:
    sizes = Sizes(
        *(add_told(getattr(one.sizes, name), getattr(other.sizes, name)) for name in Sizes._fields)
    )
    lacking = one.lacking or other.lacking
    for name in Sizes._fields:
        lacking |= (getattr(one.sizes, name) is None) != (getattr(other.sizes, name) is None)
    return GroupSum(
        one.identity if one.identity.kind == other.identity.kind else _mixed(one.identity),
        sizes._replace(rss=None, swap=None),
        one.address_space + other.address_space,
        one.mappings + other.mappings,
        lacking,
    )


def _mixed(identity: Identity) -> Identity:
    kind: Kind | None = None
    return identity._replace(kind=kind)


def add_told(one: int | None, other: int | None) -> int | None:
    """Add what is told; None if nothing is."""
    if one is None or other is None:
        return other if one is None else one
    return one + other
