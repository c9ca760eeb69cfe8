"""What was measured of one test, and whether it is within its limits. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..units import format_size
from .limits import Limits


@dataclass(slots=True)
class Measured:
    """The memory of the tests' process during one test, bytes; times are UTC nanoseconds.

    `begin` is RSS when it began, `peak` the highest since then by the kernel's mark, `end` RSS
    when its body had ended. Not `is_exact`: the mark could not be reset, and the peak may have been
    higher, up to `most` (None: not known). `set_up` is the highest while its fixtures were set up
    (None: not looked at), `modules` how many modules were imported during the test, `threads` the
    names of the other threads.
    """

    began_ns: int
    begin: int | None
    limits: Limits | None = None
    is_exact: bool = True
    mark_before: int | None = None  # where it is not exact: the mark of what was before
    set_up: int | None = None
    modules: int = 0
    threads: tuple[str, ...] = ()
    ended_ns: int = 0
    peak: int | None = None
    most: int | None = None
    end: int | None = None
    growth: Growth | None = None
    facts: dict[str, Any] | None = None
    over: list[Over] = field(default_factory=list)
    undecided: str = ""

    def finish(self, mark: int | None, end: int | None, now_ns: int) -> None:
        """Take what was read at its end."""
        self.ended_ns, self.end, self.most = now_ns, end, mark
        if self.is_exact or (mark is not None and mark > (self.mark_before or 0)):
            self.is_exact, self.peak = mark is not None, mark
        known = [each for each in (self.peak, self.begin, end) if each is not None]
        self.peak = max(known, default=None)

    @property
    def rise(self) -> int | None:
        """How far the peak is above what there was when the test began."""
        if self.peak is None or self.begin is None:
            return None
        return self.peak - self.begin

    @property
    def was_set_up(self) -> bool:
        """Whether the peak was reached while fixtures were set up, and not exceeded by the body."""
        return bool(self.rise) and self.set_up is not None and self.set_up >= (self.peak or 0)


@dataclass(frozen=True, slots=True)
class Growth:
    """What repeated runs of a body grew by, bytes a run: of each round of `runs` runs."""

    rounds: tuple[int, ...]
    runs: int

    @property
    def weakest(self) -> int:
        """The least growth of a round: what only happens now and then is no growth of each run."""
        return min(self.rounds)


@dataclass(frozen=True, slots=True)
class Over:
    """One limit that was exceeded: what it is of, bytes measured and allowed."""

    what: str
    measured: int
    limit: int
    unit: str = ""


def exceeded(measured: Measured) -> Iterator[Over | str]:
    """The limits that were exceeded; text says why one could not be judged."""
    limits = measured.limits
    if limits is None:
        return
    if limits.resident is not None:
        yield from _judge(*_resident(measured, limits), limits.resident)
    for kind, limit in limits.kinds.items():
        size = _kind(measured, kind)
        what = f"{kind} ({_AT[limits.at]})"
        yield from _judge(what, size, "no layout was read", limit)
        if size is not None and size <= limit < size + _unseen(measured):
            unseen = _BETWEEN.format(format_size(_unseen(measured)))
            yield f"{what}: {format_size(size)} in all layouts, but {unseen}"
    growth = measured.growth
    if limits.growth is not None and growth is not None and growth.weakest > limits.growth:
        rounds = f"the least of {len(growth.rounds)} rounds of {growth.runs} runs"
        yield Over(f"growth ({rounds})", growth.weakest, limits.growth, "/run")


_AT = {"peak": "peak", "end": "at the end", "rise": "rise since the test began"}


def _judge(what: str, size: int | None, lacks: str, limit: int) -> Iterator[Over | str]:
    """`lacks` says why there is no size."""
    if size is None:
        yield f"{what}: {lacks}"
    elif size > limit:
        yield Over(what, size, limit)


def _resident(measured: Measured, limits: Limits) -> tuple[str, int | None, str]:
    if limits.children:
        tree = measured.facts.get("tree") if measured.facts else None
        passes = measured.facts.get("passes") if measured.facts else 0
        what = f"memory with children (PSS, the highest of {passes} readings)"
        return what, tree, "the sum of all processes was not read"
    what = f"resident memory ({_AT[limits.at]})"
    if limits.at == "end":
        return what, measured.end, _UNREAD
    size, begin = (measured.peak, 0) if limits.at == "peak" else (measured.rise, measured.begin)
    if size is None:
        return what, None, _UNREAD
    most = None if measured.most is None or begin is None else measured.most - begin
    limit = limits.resident or 0
    if not measured.is_exact and size <= limit and (most is None or most > limit):
        return what, None, f"{format_size(size)} or more: {_NOT_RESET}"
    return what, size, ""


_UNREAD = "this process could not read its own figures in /proc"
_NOT_RESET = 'the kernel did not reset its mark of the highest (use at="end", which needs none)'


_BETWEEN = "between two of them memory was {} higher, and nothing tells of which kind"
#: The kernel counts RSS and its mark in batches.
_BATCHES = 1 << 20


def _unseen(measured: Measured) -> int:
    """How far the kernel's mark is above the highest layout: no layout tells what that was."""
    limits, facts = measured.limits, measured.facts
    if limits is None or limits.at == "end" or not facts or measured.peak is None:
        return 0
    missed = measured.peak - int(facts["highest"] or 0)
    return missed if missed > _BATCHES else 0


def _kind(measured: Measured, kind: str) -> int | None:
    limits, facts = measured.limits, measured.facts
    assert limits is not None
    if not facts or facts.get("highest") is None:
        return None
    known = 0 if facts["before"] is not None else None
    before, highest, last = facts["kinds"].get(kind, (known, 0, 0))
    if limits.at == "rise":
        return None if before is None else int(highest - before)
    return int(highest if limits.at == "peak" else last)
