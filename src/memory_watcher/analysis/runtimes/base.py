"""What a rule is: whose memory, by which evidence, proven where, and what would contradict it.

A rule speaks only of a process that executes a file of its runtime, and of mappings that have the
shape which that runtime alone gives them. Each shape was compared with the runtime's own figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..attribution import Attribution, Kind
from ..bss import BssFound
from ..reservations import Piece, Reservation, Run, find_reservations

#: No headers are known: anything that touches a file may have .bss in it.
NO_BSS = BssFound((), frozenset())


class Memory(NamedTuple):
    """Private memory without a name of one layout, as rules look at it.

    `shared` are the names of what is mapped shared.
    """

    runs: Sequence[Run]
    reservations: Sequence[Reservation]
    by_flags: Mapping[frozenset[str], Sequence[Piece]]
    bss: BssFound = NO_BSS
    shared: Collection[str] = frozenset()

    @classmethod
    def of(
        cls, runs: Sequence[Run], bss: BssFound = NO_BSS, shared: Collection[str] = frozenset()
    ) -> Memory:
        """With the reservations among these runs, and all pieces by their flags."""
        by_flags: dict[frozenset[str], list[Piece]] = {}
        for run in runs:
            for piece in run.pieces:
                if (some := by_flags.get(piece.flags)) is None:
                    some = by_flags[piece.flags] = []
                some.append(piece)
        return cls(runs, find_reservations(runs), by_flags, bss, shared)

    def may_begin_with_bss(self, run: Run) -> bool:
        """Whether .bss of the file that touches it from below may be in its first piece."""
        below, first = run.below, run.pieces[0]
        return below is not None and (
            (below.dev, below.inode) not in self.bss.files
            or any(each.start < first.end and first.start < each.end for each in self.bss.bounds)
        )


class Proof(NamedTuple):
    """Where a rule was compared: by which program, and with which figure of the runtime's own.

    `named` is what the rule named, `own` what the runtime said, both in bytes of the same capture.
    """

    program: str
    figure: str
    named: int
    own: int


class Alone(NamedTuple):
    """What else a process may execute for a rule that names by elimination.

    `files` matches names (without folder) of files that map no such memory by themselves. Code that
    the program made itself may do anything, so there must be none, unless the runtime `makes_code`.
    """

    files: re.Pattern[str]
    makes_code: bool = False


class Rule(NamedTuple):
    """Which memory is of a runtime or an allocator.

    The process executes a file whose name (without folder) `program` matches, or one that bears
    `mark` (see ElfFile). With neither the rule is for any process.
    `evidence` says what a mapping must show besides, `contradiction` what refutes it. With `alone`
    the process executes nothing else that could have mapped it. A `cage` is a reserve of the
    runtime's own: nobody else maps anything inside, whatever its shape.
    """

    key: str
    runtime: str
    kind: Kind
    name: str
    program: re.Pattern[str] | None
    evidence: str
    contradiction: str
    proofs: tuple[Proof, ...]
    find: Callable[[Memory], Iterable[Piece]]
    mark: str | None = None
    alone: Alone | None = None
    cage: bool = False

    @property
    def attribution(self) -> Attribution:
        """What it says of a mapping."""
        return Attribution(self.kind, self.name)


class Found(NamedTuple):
    """A mapping that a rule names, and the file by which the runtime is known.

    `against` is a file that is executed beside and so refutes a rule that names by elimination;
    empty if that is code which the program made.
    """

    rule: Rule
    witness: str
    against: str | None = None


#: For each rule that may speak, by its key, a file of its runtime that the process executes.
Witnesses = dict[str, str]
