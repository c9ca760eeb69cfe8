"""A first budget out of what was measured: which lines it has, and how much each allows. Pure."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

from ...units import KIB
from ..breakdown import OWN_LINES
from ..kinds import Kind
from .model import Limit, Line
from .pieces import Piece, covered

_Group = TypeVar("_Group", bound=Hashable)

#: What is smaller, or less than its share of all, is not worth a line of its own.
_LEAST = 64 * KIB
_SHARE_OF_KIND = 0.02
_SHARE_OF_NAME = 0.05
_MOST_NAMES = 5
#: A name that is nearly all of its kind says nothing that the kind's line does not.
_NEARLY_ALL = 0.9

#: Kinds whose PSS depends on what else runs, and whose RSS on what the page cache holds.
_OF_FILES = frozenset({Kind.LIBRARY, Kind.FILE, Kind.DELETED_FILE, Kind.SHARED_MEMORY})


class Seen(NamedTuple):
    """What the runs have of one line: bytes, bytes per hour, or a count.

    `alone` is the most it might have been if no other process had the same files mapped, and if
    what no layout shows was of this line.
    """

    lowest: int
    highest: int
    alone: int


class Source(NamedTuple):
    """What a budget is made from: so many recordings, of one process or several."""

    runs: int
    has_several_processes: bool
    is_growth: bool


class Room(NamedTuple):
    """How far apart two runs of the same may be: a share of the value, and bytes at least."""

    share: float
    least: int


#: By kind the same program repeats to a fraction of a per cent, but for what garbage collectors and
#: racing threads do, which one recording does not show.
_ROOM = Room(0.02, 64 * KIB)
_ROOM_OF_ONE_RUN = Room(0.05, 512 * KIB)
_ROOM_OF_FILES = Room(0.10, 256 * KIB)
#: Files of several processes: PSS alone may be added up, and nothing bounds it.
_ROOM_OF_SHARED_FILES = Room(0.25, 1024 * KIB)
_ROOM_OF_GROWTH = Room(0.10, 1024 * KIB)
_ROOM_OF_MAPPINGS = Room(0.05, 5)
_NO_ROOM = Room(0.0, 0)
#: Runs that will come lie further apart than the few that were made.
_SPREADS = 2


def lines_for(runs: Sequence[Sequence[Piece]], *, is_growth: bool = False) -> tuple[Line, ...]:
    """Choose what to limit: the big kinds and names, the rest, and the numbers; no limits yet."""
    total = Line("total", Limit())
    if is_growth:
        return (total,)
    pieces = [piece for run in runs for piece in run]
    all_of_it = max((_size(run) for run in runs), default=0)
    kinds = _highest(runs, lambda piece: piece.kind)
    big = [kind for kind, size in kinds if size >= max(_LEAST, _SHARE_OF_KIND * all_of_it)]
    names = [
        Line("name", Limit(), _pattern(name, pieces))
        for (kind, name), size in _highest(runs, lambda piece: (piece.kind, piece.name))
        if kind not in OWN_LINES
        and name != kind.value
        and size >= max(_LEAST, _SHARE_OF_NAME * all_of_it)
        and (kind not in big or size < _NEARLY_ALL * dict(kinds)[kind])
    ]
    return (
        total,
        *(Line("kind", Limit(), kind.value) for kind in big),
        *dict.fromkeys(names[:_MOST_NAMES]),
        Line("unlisted", Limit()),
        *(Line("mappings", Limit()), Line("threads", Limit()), Line("processes", Limit())),
    )


def _size(pieces: Sequence[Piece]) -> int:
    return sum(piece.size or 0 for piece in pieces)


def _highest(
    runs: Sequence[Sequence[Piece]], group_of: Callable[[Piece], _Group]
) -> list[tuple[_Group, int]]:
    """The most that any run has of each group, the biggest first."""
    most: dict[_Group, int] = {}
    for run in runs:
        sizes: defaultdict[_Group, int] = defaultdict(int)
        for piece in run:
            sizes[group_of(piece)] += piece.size or 0
        for group, size in sizes.items():
            most[group] = max(most.get(group, 0), size)
    return sorted(most.items(), key=lambda item: -item[1])


def _pattern(name: str, pieces: Sequence[Piece]) -> str:
    """Match a group: by the last part of its path, if no other group's has it."""
    short = glob_of(name.rpartition("/")[2] or name)
    found = covered(Line("name", Limit(), short), (), pieces)
    return short if {piece.name for piece in found} == {name} else glob_of(name)


def glob_of(name: str) -> str:
    """Write a name as a pattern of itself; what is no UTF-8 matches any byte."""
    return re.sub("[\ud800-\udfff]", "?", name.replace("[", "[[]"))


def limit_for(line: Line, seen: Seen, room: Room) -> Limit:
    """Allow what was seen, the room that noise takes, and what makes a round number."""
    spread = _SPREADS * (seen.highest - seen.lowest)
    allowed = seen.alone + max(spread, math.ceil(room.share * seen.alone), room.least)
    if line.what in ("threads", "processes"):
        return Limit(allowed)
    return Limit(rounded_up_count(allowed) if line.what == "mappings" else rounded_up(allowed))


def room_for(line: Line, pieces: Sequence[Piece], source: Source) -> Room:
    """How much two runs of the same may differ; `pieces` are what the line is about."""
    if line.what in ("threads", "processes"):
        return _NO_ROOM
    if line.what == "mappings":
        return _ROOM_OF_MAPPINGS
    if source.is_growth:
        return _ROOM_OF_GROWTH
    if line.what == "unlisted" or _is_of_files(pieces):
        return _ROOM_OF_SHARED_FILES if source.has_several_processes else _ROOM_OF_FILES
    return _ROOM_OF_ONE_RUN if source.runs == 1 else _ROOM


def _is_of_files(pieces: Sequence[Piece]) -> bool:
    """Whether mostly files: a total of these, too."""
    of_files = sum(piece.size or 0 for piece in pieces if piece.kind in _OF_FILES)
    return 2 * of_files > _size(pieces)


def rounded_up(size: int) -> int:
    """The next size that is round in its unit: 81.3 MiB -> 82 MiB, 4.01 MiB -> 4.1 MiB.

    It adds a tenth at most.
    """
    unit = KIB
    while size >= unit * KIB and unit < KIB**4:
        unit *= KIB
    steps = 10 if size < 10 * unit else 1 if size < 200 * unit else 0.2
    return round(math.ceil(size * steps / unit) / steps * unit)


def rounded_up_count(number: int) -> int:
    """The same of a number of things: 17 -> 17, 83 -> 85, 1234 -> 1300."""
    step = 1 if number < 20 else 5 if number < 200 else 10 ** (len(str(number)) - 2)
    return -(-number // step) * step
