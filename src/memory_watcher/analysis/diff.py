"""What differs between two layouts, by group or by mapping, the biggest difference first."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import MappingUsage
from .identity import By, Identity, identify
from .kinds import Kind
from .peak import Attributed, Sum, add_up


@dataclass(frozen=True, slots=True)
class Side:
    """A group in one of the two layouts: how many mappings, and their sum."""

    mappings: int
    sum: Sum


@dataclass(frozen=True, slots=True)
class Difference:
    """One group in two layouts; in one of them it may have no mappings at all."""

    key: str
    kind: Kind | None
    name: str
    before: Side
    after: Side

    @property
    def change(self) -> int | None:
        """Bytes after less bytes before; None if one of them was not reported."""
        if self.before.sum.size is None or self.after.sum.size is None:
            return None
        return self.after.sum.size - self.before.sum.size


def difference(
    before: Attributed, after: Attributed, figure: str = "pss", by: By = "name"
) -> list[Difference]:
    """Compare two layouts of one process group by group; those without a difference are left out.

    Mappings are matched by their header (see identity), not by their number in a recording, so
    layouts of two recordings can be compared. A mapping that grew is the same mapping. What was not
    told comes last.
    """
    sides = (_groups(before, by), _groups(after, by))
    found = []
    for key in {**sides[0], **sides[1]}:
        members = [side.get(key) for side in sides]
        # The name as it is now: a mapping that grew has another end.
        identity = next(member[0] for member in reversed(members) if member is not None)
        found.append(
            Difference(
                *identity,
                *(_side(member[1] if member is not None else [], figure) for member in members),
            )
        )
    different = [each for each in found if each.change != 0]
    different.sort(
        key=lambda each: (each.change is None, -abs(each.change or 0), each.name, each.key)
    )
    return different


def _groups(layout: Attributed, by: By) -> dict[str, tuple[Identity, list[MappingUsage]]]:
    groups: dict[str, tuple[Identity, list[MappingUsage]]] = {}
    for entry, attribution in layout:
        identity = identify(entry.mapping, attribution, by)
        groups.setdefault(identity.key, (identity, []))[1].append(entry)
    return groups


def _side(entries: list[MappingUsage], figure: str) -> Side:
    return Side(len(entries), add_up([getattr(entry.usage, figure) for entry in entries]))
