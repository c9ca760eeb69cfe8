"""Which groups changed most from one side to the other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..kinds import Kind
from ..matching import Item, pair_items, title

#: So many culprits are named at most.
MOST = 3
#: One that changed by less than this part of the first is none.
_SHARE = 0.1

Sizes = Mapping[tuple[Kind, str], int]


class Change(NamedTuple):
    """A group before and after, bytes or a number of mappings; `name` is its own after, if it has.

    `title` is what people read: of a library of another version both.
    """

    kind: Kind
    name: str
    title: str
    before: int
    after: int

    @property
    def change(self) -> int:
        """After less before."""
        return self.after - self.before


def changes(before: Sizes, after: Sizes) -> list[Change]:
    """All groups of both sides, what grew most first; the rules of matching tell what is alike."""
    sides = [[Item(kind, name) for kind, name in side] for side in (before, after)]
    found = []
    for pair in pair_items(*sides):
        kind = pair.kind
        if kind is None:
            continue
        sums = [
            sum(side[kind, item.name] for item in items)
            for side, items in ((before, pair.before), (after, pair.after))
        ]
        name = (pair.after or pair.before)[0].name
        found.append(Change(kind, name, title(pair), *sums))
    found.sort(key=lambda each: (-each.change, each.title))
    return found


def most_to_blame(grew: Sequence[Change]) -> list[Change]:
    """Of what grew, the biggest first, those that made most of it."""
    if not grew or grew[0].change <= 0:
        return []
    return [each for each in grew[:MOST] if each.change >= _SHARE * grew[0].change]
