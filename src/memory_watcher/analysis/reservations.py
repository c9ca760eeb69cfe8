"""Which mappings lie together because a program reserved their address space in one piece.

Runtimes and allocators reserve a large piece of address space, without access, and make parts of it
accessible as they need them. So one reservation shows as many mappings. That mappings touch proves
nothing, though: the kernel itself puts each new mapping right below the last. Hence two notions:

- a `Run` is what touches, of private memory without a name. It is one reservation or several
  mappings, and says only how far a reservation can reach at most;
- a `Reservation` is a part of a run that was reserved together: see `find_reservations`.

Pure and linear; told from headers and flags, never from figures.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..model import Mapping, MappingUsage
from .quickly import by_address, flags_of

#: No guard is as large; what is larger is kept for later.
LARGEST_GUARD = 1 << 20
#: The kernel puts large mappings at multiples of 2 MiB (since 6.7), others anywhere. What begins
#: and ends at multiples of this was put there by the program.
CHOSEN = 64 << 20

#: What never is part of a run: stacks that grow, shadow stacks, devices, pages of hugetlbfs.
_OTHERS = frozenset({"gd", "ss", "io", "pf", "ht"})


class Piece(NamedTuple):
    """One mapping of private memory without a name; `position` in the layout."""

    position: int
    start: int
    end: int
    perms: str
    flags: frozenset[str]

    @property
    def size(self) -> int:
        """Bytes of address space."""
        return self.end - self.start

    @property
    def is_reserve(self) -> bool:
        """Whether it is address space without access."""
        return self.perms == "---p"


# Not frozen: to make 61,000 runs, as V8's chunks are, would take three times as long.
@dataclass(slots=True)
class _Touching:
    """Pieces that touch, in the order of their addresses; there is at least one."""

    pieces: tuple[Piece, ...]

    @property
    def start(self) -> int:
        """Where the first begins."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Where the last ends."""
        return self.pieces[-1].end


@dataclass(slots=True)
class Run(_Touching):
    """All pieces that touch.

    `below` and `above` are what touches the first and the last: None where nothing does.
    """

    below: Mapping | None
    above: Mapping | None


@dataclass(slots=True)
class Reservation(_Touching):
    """Pieces of one run that were reserved together; see find_reservations."""


def find_runs(entries: Sequence[MappingUsage]) -> list[Run]:
    """All runs of a layout, in the order of their addresses."""
    runs: list[Run] = []
    pieces: list[Piece] = []
    below: Mapping | None = None  # what touches the first piece
    before: Mapping | None = None
    end = -1  # where it ends
    for index in by_address(entries):
        entry = entries[index]
        mapping = entry.mapping
        start = mapping.start
        touches = start == end
        # Of a layout of many mappings most are asked here: so no call of a function for each.
        flags = None
        if not mapping.pathname and not mapping.inode and mapping.perms[3] == "p":
            flags = _flags(entry.usage.vm_flags)
        if pieces and (flags is None or not touches):
            runs.append(Run(tuple(pieces), below, mapping if touches else None))
            pieces = []
        end = mapping.end
        if flags is not None:
            if not pieces:
                below = before if touches else None
            pieces.append(Piece(index, start, end, mapping.perms, flags))
        before = mapping
    if pieces:
        runs.append(Run(tuple(pieces), below, None))
    return runs


@lru_cache(maxsize=1024)
def _flags(text: str | None) -> frozenset[str] | None:
    """The flags of what may be a piece; None if it cannot be one."""
    flags = None if text is None else flags_of(text)
    return flags if flags is not None and flags.isdisjoint(_OTHERS) else None


def find_reservations(runs: Iterable[Run]) -> list[Reservation]:
    """The parts of runs that were reserved together.

    - It has a reserve: address space without access that is too large for a guard.
    - Its reserves agree in `nr` (MAP_NORESERVE), and so do its accessible pieces: mmap gives that
      flag, mprotect never takes it. The two may differ from each other, for some make memory
      accessible by a second mmap over the reserve.
    - Nothing of it is marked as threads' stacks are (`nh`).
    - It begins and ends at multiples of 64 MiB. Elsewhere its ends are not known: the kernel puts
      other mappings right beside, and merges them.

    Several that touch are taken for one: nothing tells where one ends.
    """
    found = []
    for run in runs:
        if run.end - run.start > LARGEST_GUARD:  # most are not, and need no look
            for part in _agreeing(run.pieces):
                if (kept := _chosen(part)) and any(_is_kept(piece) for piece in kept):
                    found.append(Reservation(kept))
    return found


def _agreeing(pieces: tuple[Piece, ...]) -> list[tuple[Piece, ...]]:
    parts = []
    first = 0
    has_nr: dict[bool, bool] = {}  # of reserves, of accessible pieces
    for at, piece in enumerate(pieces):
        if "nh" in piece.flags:
            parts.append(pieces[first:at])
            first, has_nr = at + 1, {}
        elif has_nr.setdefault(piece.is_reserve, "nr" in piece.flags) != ("nr" in piece.flags):
            parts.append(pieces[first:at])
            first, has_nr = at, {piece.is_reserve: "nr" in piece.flags}
    parts.append(pieces[first:])
    return parts


def _chosen(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """From the first that begins at such a multiple to the last that ends at one."""
    first = next((at for at, piece in enumerate(pieces) if piece.start % CHOSEN == 0), len(pieces))
    last = next((at for at in range(len(pieces), 0, -1) if pieces[at - 1].end % CHOSEN == 0), 0)
    return pieces[first:last]


def _is_kept(piece: Piece) -> bool:
    return piece.is_reserve and piece.size > LARGEST_GUARD


def held_together(
    runs: Sequence[Run], group_of: Callable[[Piece], Hashable | None]
) -> list[Reservation]:
    """What a rule names as one, as far as it touches, and what is left.

    `group_of` tells what holds a piece together with its neighbours; None: nothing does. It has a
    reserve, or is so large (64 MiB) that it had one. What is left are those of `find_reservations`
    of which no piece is held already.
    """
    found = []
    for run in runs:
        for group, pieces in itertools.groupby(run.pieces, group_of):
            held = tuple(pieces)
            size = held[-1].end - held[0].start
            if group is not None and (size >= CHOSEN or any(each.is_reserve for each in held)):
                found.append(Reservation(held))
    taken = {piece.position for each in found for piece in each.pieces}
    found += [
        each
        for each in find_reservations(runs)
        if taken.isdisjoint(piece.position for piece in each.pieces)
    ]
    return sorted(found, key=lambda each: each.start)
