"""Records a program as a user does, and asks it at the same time what its runtime says."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.programs import recorder

import memory_watcher
from memory_watcher.analysis.basis import Basis
from memory_watcher.analysis.kinds import Kind, Reason
from memory_watcher.answers.kinds import kinds_view

from .base import Claim, Owned, Program, Running

#: How often it is recorded until its own figures stand still, and how far they may move then.
_TRIES, _STEADY = 5, 0.02
#: Of nameless memory: what a rule named, and what none did.
_NAMELESS = (Basis.RUNTIME, Basis.NOTHING)


@dataclass(frozen=True)
class Measured:
    """One layout of a program, and what its runtime said before and after it was read."""

    version: str
    reasons: Sequence[Reason]
    before: Sequence[Claim]
    after: Sequence[Claim]
    owned: Owned

    @property
    def is_steady(self) -> bool:
        """Whether the runtime said the same before and after, less a little."""
        pairs = zip(self.before, self.after, strict=True)
        return all(abs(a.own - b.own) <= _STEADY * max(a.own, b.own) for a, b in pairs)

    @property
    def pss(self) -> int:
        """Of all mappings, bytes."""
        return _pss(self.reasons)

    @property
    def anonymous(self) -> float:
        """The share of PSS that no rule names."""
        left = [each for each in self.reasons if each.attribution.kind is Kind.ANONYMOUS]
        return _pss(left) / self.pss

    @property
    def without_rules(self) -> float:
        """The share of PSS that would be left without the rules of runtimes and allocators."""
        left = [
            each
            for each in self.reasons
            if each.basis in _NAMELESS and not each.entry.mapping.pathname
        ]
        return _pss(left) / self.pss

    def named(self, names: Sequence[str]) -> int:
        """RSS of what is summed up under these names, bytes."""
        return sum(
            each.entry.usage.rss or 0 for each in self.reasons if each.attribution.name in names
        )

    def strangers(self) -> list[Reason]:
        """What bears a name of which the program knows all places, and lies in none of them."""
        return [
            each
            for each in self.reasons
            if each.basis is Basis.RUNTIME
            and each.attribution.name in self.owned
            and not any(
                start <= each.entry.mapping.start and each.entry.mapping.end <= end
                for start, end in self.owned[each.attribution.name]
            )
        ]


def _pss(reasons: Sequence[Reason]) -> int:
    return sum(each.entry.usage.pss or 0 for each in reasons)


def measure(program: Program) -> Measured:
    """Start it, record it until all is known that tells kinds, and end it. Raises Missing.

    A collector may still give memory back, on a busy machine for long: then it is recorded again.
    """
    with tempfile.TemporaryDirectory() as name, program.start(Path(name)) as running:
        for number in range(_TRIES):
            measured = _recorded(running, Path(name) / f"{number}.db")
            if measured.is_steady:
                break
        return measured


def _recorded(running: Running, file: Path) -> Measured:
    before = running.claims()
    with recorder(file, "-p", running.pid, "--period", "200ms", "--quiet") as recording:
        recording.wait_for_headers()
        code, said = recording.stop()
    if code:
        raise RuntimeError(said)
    owned = running.owned()
    after = running.claims()
    with memory_watcher.open(file) as reader:
        view = kinds_view(reader, reader.process(), "end")
    return Measured(running.version, view.reasons, before, after, owned)
