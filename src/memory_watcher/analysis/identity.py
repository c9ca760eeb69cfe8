"""Under which group a mapping is summed up, so that timelines and differences name groups alike."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..model import Mapping
from .attribution import name_of_one
from .breakdown import OWN_LINES
from .kinds import Attribution, Kind

By = Literal["kind", "name", "mapping", "process"]

#: What stands for all groups that have no place of their own.
OTHER = "other"


class Identity(NamedTuple):
    """A group: `key` tells it apart, `name` is read by people; `kind` None for several kinds."""

    key: str
    kind: Kind | None
    name: str


def identify(
    mapping: Mapping, attribution: Attribution, by: By, process: tuple[int, str] = (0, "")
) -> Identity:
    """Tell the group of a mapping; `process` is the id and the name of the one it belongs to.

    By name, the kinds of breakdown.OWN_LINES are groups of their own.
    """
    kind = attribution.kind
    if by == "process":
        return Identity(f"process {process[0]}", None, process[1])
    if by == "kind":
        return Identity(kind.value, kind, kind.value)
    if by == "name":
        name = OWN_LINES.get(kind, attribution.name)
        return Identity(f"{kind.family.value}: {name}", kind.family, name)
    header = f"{mapping.start:08x}-{mapping.end:08x} {mapping.perms}"
    return Identity(
        f"{process[0]} {_anchor(mapping)}",
        kind,
        f"{header} {name_of_one(mapping, attribution)}".rstrip(),
    )


def rest_of(kind: Kind | None, by: By) -> Identity:
    """Tell the group of those of a kind that have no place of their own.

    By mapping there may be hundreds, so each kind has such a group; otherwise one stands for all.
    """
    if by != "mapping" or kind is None:
        return Identity(OTHER, None, OTHER)
    name = f"{OTHER} {kind.value}"
    return Identity(name, kind, name)


def is_rest(key: str) -> bool:
    """Whether a group stands for those that have no place of their own."""
    return key == OTHER or key.startswith(f"{OTHER} ")


def _anchor(mapping: Mapping) -> str:
    """What stays of a header while its mapping grows: the end of the stack, else the start.

    The heap and the arenas grow at their end; by the whole header each size would be another one.
    """
    downwards = mapping.pathname == "[stack]"
    edge = f"-{mapping.end:x}" if downwards else f"{mapping.start:x}-"
    file = f"{mapping.offset:x} {mapping.dev:x} {mapping.inode}"
    return f"{edge} {mapping.perms} {file} {mapping.pathname}"
