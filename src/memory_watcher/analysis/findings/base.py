"""What a finding is, and what findings are made of. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from ...model import MappingUsage, add_up
from ..assurance import Gap
from ..kinds import Attribution, Kind
from ..verdicts import Verdict

KIB = 1024
MIB = 1024 * KIB

#: What is smaller is not worth a sentence, bytes.
SMALLEST = MIB
#: How many examples a finding has at most.
MOST_EXAMPLES = 3
#: One that has less than this part of the biggest is not named.
_WORTH_NAMING = 20

Attributed = tuple[MappingUsage, Attribution]


class Rank(enum.IntEnum):
    """How urgent a finding is: they are told in this order."""

    ACT = 0
    MAIN = 1
    LOOK = 2
    NOTE = 3

    @property
    def label(self) -> str:
        """The word that outputs show."""
        return self.name.lower()


class Example(NamedTuple):
    """A part of what was found: its name, which may hold anything, and how much of it there is."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person may want to know or change.

    `id` is its anchor in docs/explain.md. `stake` is how many bytes it is about: of one rank the
    biggest comes first. `figures` are bytes, counts, and nanoseconds where a name ends in `_ns`.
    `word` is one of a few that tell which case it is.
    """

    id: str
    rank: Rank
    stake: int
    figures: Mapping[str, int]
    examples: tuple[Example, ...] = ()
    word: str = ""


class Member(NamedTuple):
    """One process at the moment: `name` tells it from others, `entries` are its mappings.

    `builds` are build IDs by (dev, inode). `threads` is None if it was not reported, `size` what it
    has of the whole.
    """

    name: str
    entries: tuple[Attributed, ...]
    size: int | None = None
    threads: int | None = None
    builds: Mapping[tuple[int, int], str] = MappingProxyType({})


class Grown(NamedTuple):
    """How a group, or all together, went over the recording; `since_ns` is UTC nanoseconds."""

    name: str
    verdict: Verdict
    since_ns: int | None = None


class Scene(NamedTuple):
    """What all findings look at: the processes at one moment, and what was recorded around them.

    `figure` is pss, or what stands for it; `memory` its sum. `rss` is the sum of RSS, for several
    processes only to be compared. `gaps` tell of each process whether a higher RSS was missed, and
    its highest; `grown` how groups went, the first being all together. `pool` is what huge pages
    are reserved and free, bytes. None, or empty: not recorded.
    """

    members: tuple[Member, ...]
    figure: str
    memory: int
    rss: int | None = None
    max_map_count: int | None = None
    highest_swap: int | None = None
    cgroups: tuple[tuple[str, Mapping[str, int]], ...] = ()
    gaps: tuple[tuple[str, int | None, Gap], ...] = ()
    grown: tuple[Grown, ...] = ()
    pool: int | None = None

    @property
    def is_one(self) -> bool:
        """Whether it is one process: figures that may not be added up over several are told."""
        return len(self.members) == 1

    @property
    def entries(self) -> Iterator[Attributed]:
        """The mappings of all processes."""
        for member in self.members:
            yield from member.entries

    def of(self, *kinds: Kind) -> list[Attributed]:
        """The mappings of some kinds, or families of them."""
        return [
            each for each in self.entries if each[1].kind in kinds or each[1].kind.family in kinds
        ]

    def is_notable(self, size: int | None, share: float) -> bool:
        """Whether so much is worth a sentence: of the whole at least a share."""
        return size is not None and size >= max(SMALLEST, round(share * self.memory))


Finder = Callable[[Scene], Finding | None]


def total(entries: Iterable[Attributed], figure: str) -> int | None:
    """Add up a figure of mappings; None if any lacks it, or there is none."""
    sizes = [getattr(entry.usage, figure) for entry, _ in entries]
    return add_up(sizes) if sizes else None


def biggest(
    entries: Iterable[Attributed],
    figure: str | Callable[[Attributed], int | None],
    key: Callable[[Attributed], str],
) -> tuple[Example, ...]:
    """The groups with the most of a figure, and how much; what has next to nothing is left out."""
    sums: dict[str, int] = {}
    for each in entries:
        size = getattr(each[0].usage, figure) if isinstance(figure, str) else figure(each)
        if size:
            name = key(each)
            sums[name] = sums.get(name, 0) + size
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:MOST_EXAMPLES]
    return tuple(Example(*item) for item in order if item[1] * _WORTH_NAMING >= order[0][1])


def by_name(each: Attributed) -> str:
    """The name under which a mapping is summed up."""
    return each[1].name


def by_kind(each: Attributed) -> str:
    """The word of its kind."""
    return each[1].kind.value
