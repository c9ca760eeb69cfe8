"""Sums up layouts by kind, name or mapping, again and again without doing work twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..analysis.identity import By, Identity, identify
from ..analysis.kinds import Attribution, Kind, attributed_entries
from ..metrics import adds_up
from ..model import KindEvidence, Mapping, MappingUsage, Usage, is_gate
from .view import RARE, Sizes


class GroupSum(NamedTuple):
    """One group of one layout or of several; see view.Row."""

    identity: Identity
    sizes: Sizes
    address_space: int
    mappings: int
    lacking: bool


class _Places(NamedTuple):
    """Into which group each mapping of a layout goes, and what groups are made of."""

    groups: list[Identity]
    of_entry: list[int]
    mappings: list[int]
    address_space: list[int]


class _Totals:
    """Sums by group for each of the Sizes: what was told, and how many mappings did not tell."""

    __slots__ = ("missing", "told")

    def __init__(self, told: list[list[int]], missing: list[list[int]]) -> None:
        self.told = told
        self.missing = missing

    def copy(self) -> _Totals:
        return _Totals([each.copy() for each in self.told], [each.copy() for each in self.missing])

    def add(self, usage: Usage, place: int, sign: int = 1) -> None:
        """Add a mapping's figures to a group, or take them away."""
        for number, figure in enumerate(Sizes._fields):
            value = getattr(usage, figure)
            if value is None:
                self.missing[number][place] += sign
            else:
                self.told[number][place] += sign * value

    def groups(self, places: _Places) -> dict[str, GroupSum]:
        """Give them by their keys."""
        found = {}
        for place, identity in enumerate(places.groups):
            mappings = places.mappings[place]
            lacks = [each[place] for each in self.missing]
            lacking = any(lacks[: -len(RARE)])
            sizes = Sizes._make(
                None if lack == mappings else each[place]
                for each, lack in zip(self.told, lacks, strict=True)
            )
            found[identity.key] = GroupSum(
                identity, sizes, places.address_space[place], mappings, lacking
            )
        return found


class _Plan:
    """What the mappings of a layout are for; holds for all layouts with the same mappings."""

    def __init__(
        self,
        keys: list[tuple[Mapping, str | None, int | None]],
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
            places = _Places([], [], [], [])
            for (mapping, *_), attribution in zip(self.keys, self._attributions, strict=True):
                identity = identify(mapping, attribution, by, self._process)
                number = numbers.setdefault(identity.key, len(places.groups))
                if number == len(places.groups):
                    places.groups.append(identity)
                    places.mappings.append(0)
                    places.address_space.append(0)
                places.of_entry.append(number)
                places.mappings[number] += 1
                places.address_space[number] += 0 if is_gate(mapping) else mapping.size
            self._places[by] = places
        return self._places[by]


class GroupedLayout:
    """A layout of one process that sums itself up when asked, once for each grouping."""

    __slots__ = ("_groups", "_totals", "entries", "plan")

    def __init__(self, entries: Sequence[MappingUsage], plan: _Plan) -> None:
        self.entries = entries
        self.plan = plan
        self._totals: dict[By, _Totals] = {}
        self._groups: dict[By, dict[str, GroupSum]] = {}

    def sums(self, by: By) -> dict[str, GroupSum]:
        """Give all groups by their keys."""
        found = self._groups.get(by)
        if found is None:
            places = self.plan.places(by)
            totals = self._totals.get(by)  # another thread may clear them any time
            if totals is None:
                totals = self._totals[by] = _sum_up(self.entries, places)
            found = self._groups[by] = totals.groups(places)
        return found

    def follow(self, before: GroupedLayout) -> None:
        """Take over the sums of a layout of the same plan, as far as little has changed."""
        changed = [
            (place, old.usage, new.usage)
            for place, (old, new) in enumerate(zip(before.entries, self.entries, strict=True))
            if old is not new
        ]
        if len(changed) > len(self.entries) // 8:
            return
        for by, totals in list(before._totals.items()):
            if by == "mapping":
                continue  # nearly all of them, but each is quickly made
            totals = self._totals[by] = totals.copy()  # noqa: PLW2901 - the other's stay
            of_entry = self.plan.places(by).of_entry
            for place, old_usage, new_usage in changed:
                totals.add(old_usage, of_entry[place], -1)
                totals.add(new_usage, of_entry[place])

    def forget_totals(self) -> None:
        """Keep only the groups: the totals are for the next layout, and that has them now."""
        self._totals.clear()


class Grouper:
    """Groups the layouts of one process, one after the other.

    Kinds depend on the mappings and the evidence, not on the figures: they are told anew only when
    those differ from the layout before. Of sums only what changed is added up anew.
    """

    def __init__(self, process_id: int, name: str) -> None:
        self._process = process_id, name
        self._last: GroupedLayout | None = None

    def group(self, entries: Sequence[MappingUsage], evidence: KindEvidence) -> GroupedLayout:
        """Make a layout one that can be summed up."""
        keys = [
            (entry.mapping, entry.usage.vm_flags, entry.usage.kernel_page_size) for entry in entries
        ]
        before = self._last
        if before is None or before.plan.evidence is not evidence or before.plan.keys != keys:
            told = attributed_entries(entries, evidence)
            attributions = [attribution for _, attribution in told]
            layout = GroupedLayout(entries, _Plan(keys, evidence, attributions, self._process))
        else:
            layout = GroupedLayout(entries, before.plan)
            layout.follow(before)
            before.forget_totals()
        self._last = layout
        return layout


def _sum_up(entries: Sequence[MappingUsage], places: _Places) -> _Totals:
    count = len(places.groups)
    totals = _Totals([[0] * count for _ in Sizes._fields], [[0] * count for _ in Sizes._fields])
    add_pss, add_rss, add_uss, add_swap, add_swap_pss, add_hugetlb, add_lazy = totals.told
    for place, entry in zip(places.of_entry, entries, strict=True):
        usage = entry.usage
        pss, rss, swap, swap_pss = usage.pss, usage.rss, usage.swap, usage.swap_pss
        uss, hugetlb, lazy = usage.uss, usage.hugetlb, usage.lazy_free
        if pss is None or rss is None or uss is None or swap is None or swap_pss is None:
            totals.add(usage, place)
            continue
        if hugetlb is None or lazy is None:
            totals.add(usage, place)
            continue
        add_pss[place] += pss
        add_rss[place] += rss
        add_uss[place] += uss
        add_swap[place] += swap
        add_swap_pss[place] += swap_pss
        add_hugetlb[place] += hugetlb
        add_lazy[place] += lazy
    return totals


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
    for name in filter(adds_up, Sizes._fields):
        lacking |= (getattr(one.sizes, name) is None) != (getattr(other.sizes, name) is None)
    return GroupSum(
        one.identity if one.identity.kind == other.identity.kind else _mixed(one.identity),
        Sizes._make(
            size if adds_up(name) else None for name, size in zip(Sizes._fields, sizes, strict=True)
        ),
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
