"""Folds a long list of processes: those that do the same are one row, "renderer ×5"."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .grouping import add_told
from .view import Row, Sizes

#: A list of more processes is folded until somebody unfolds it, as memory-peak's is.
LONG = 20

_PREFIX = "group "


def is_long(rows: Sequence[Row]) -> bool:
    """Whether folding helps: many rows, some that do the same, and sums to show for them."""
    groups = [row.group for row in rows if row.group]
    return len(rows) > LONG and len(set(groups)) < len(groups) and any(row.part for row in rows)


def fold(rows: Sequence[Row], unfolded: Collection[str]) -> list[Row]:
    """Let one row stand for all of a group; groups that are `unfolded` stay as they are."""
    members: dict[str, list[Row]] = {}
    for row in rows:
        members.setdefault(row.group or row.key, []).append(row)
    found: list[Row] = []
    for group, mine in members.items():
        if len(mine) > 1 and group not in unfolded:
            found.append(_together(group, mine))
        else:
            found += mine
    return found


def group_of(row: Row) -> str | None:
    """The group that a row stands for; None of a single process."""
    return row.group if row.key.startswith(_PREFIX) else None


def _together(group: str, rows: Sequence[Row]) -> Row:
    """What they have at the pass; address space and mappings are not of one moment."""
    labels = {row.label for row in rows}
    marked = any(row.before is not None for row in rows)
    biggest = max(rows, key=lambda row: (row.part.pss if row.part else None) or 0)
    return Row(
        key=f"{_PREFIX}{group}",
        name=f"{group} ×{len(rows)}",
        label=labels.pop() if len(labels) == 1 else "",
        colour=biggest.colour,
        sizes=sum_of([row.part for row in rows]),
        address_space=None,
        mappings=None,
        before=sum_of([row.part_before for row in rows]) if marked else None,
        lacking=any(row.part is None for row in rows),
        group=group,
    )


def sum_of(parts: Sequence[Sizes | None]) -> Sizes:
    """Add up what processes have at one pass; what is not of it adds nothing."""
    total = Sizes()
    for part in parts:
        if part is not None:
            total = Sizes._make(map(add_told, total, part))
    return total
