"""How many threads and processes there were: the most at once, or at one tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ...analysis.budgets.decide import Value
from ...analysis.roles import roles_at
from ...model import LayoutState
from ...recorded import RecordedProcess
from ...store.recording import Recording
from ...units import plural

#: From a tick on a process counts as so many; None: not reported.
_Step = tuple[int, "int | None"]
_FOREVER = 2**62
#: What a process is when a reading comes too late.
HAD_EXITED = (LayoutState.GONE, LayoutState.ZOMBIE)


class Count(NamedTuple):
    """So many at once; `of` says how many of them belong to processes that do the same."""

    value: Value
    of: Mapping[str, int]


class Counts:
    """The processes of one recording that are counted."""

    def __init__(self, recording: Recording, members: Sequence[RecordedProcess]) -> None:
        self._recording = recording
        self._members = members

    def processes(self, tick: int | None = None) -> Count:
        """How many there were at a tick; None: the most at once."""
        lives = [[(at, 0 if size == 0 else 1) for at, size in each] for each in self._threads]
        return self._count(lives, tick)

    def threads(self, tick: int | None = None) -> Count:
        """How many threads they had at a tick; None: the most at once."""
        return self._count(self._threads, tick)

    @cached_property
    def _threads(self) -> list[list[_Step]]:
        """Of each process how many threads it has from which tick on."""
        return [list(self._steps(process)) for process in self._members]

    def _steps(self, process: RecordedProcess) -> Iterator[_Step]:
        end = _FOREVER if process.end_tick is None else process.end_tick
        rows = [row for row in self._recording.thread_rows(process.id) if row.tick < end]
        first = process.first_tick
        last = rows[-1].tick if rows else first
        if first is not None and not (rows and rows[0].tick <= first):
            yield first, rows[0].threads if rows else None
        elif rows and LayoutState(rows[0].state) in HAD_EXITED:
            # It did live: how many threads it had then nobody saw.
            yield rows[0].tick, None
            rows[0] = rows[0]._replace(tick=rows[0].tick + 1)
        for row in rows:
            yield row.tick, row.threads if LayoutState(row.state).has_memory else 0
        if last is not None:
            yield max(min(end, self._end_of_run(last)), last + 1), 0

    def _end_of_run(self, tick: int) -> int:
        """The first tick of the run after the one that a tick is of."""
        later = (run.first_tick for run in self._recording.runs() if run.first_tick > tick)
        return min(later, default=_FOREVER)

    def _count(self, steps: Sequence[Sequence[_Step]], tick: int | None) -> Count:
        if not steps:
            return Count(Value(0, 0, matched=False), {})
        numbers = _at(steps, _busiest(steps) if tick is None else tick)
        told = [number for number in numbers if number is not None]
        lacking = len(numbers) - len(told)
        why = f"the threads of {plural(lacking, 'process', 'processes')} are not known"
        size = sum(told) if told else None
        value = Value(size, None if lacking else size, why if lacking else "")
        role_of = roles_at(self._recording.processes())
        of: Counter[str] = Counter()
        for process, number in zip(self._members, numbers, strict=True):
            of[role_of[process.id].group] += number or 0
        return Count(value, +of)


def _busiest(steps: Sequence[Sequence[_Step]]) -> int:
    """The tick at which they come to most, the first of equals."""
    changes = [(at, member, number) for member, each in enumerate(steps) for at, number in each]
    changes.sort(key=itemgetter(0))
    now: list[int] = [0] * len(steps)
    total, best = 0, (-1, 0)
    for at, group in groupby(changes, key=itemgetter(0)):
        for _, member, number in group:
            total += (number or 0) - now[member]
            now[member] = number or 0
        if total > best[0]:
            best = total, at
    return best[1]


def _at(steps: Sequence[Sequence[_Step]], tick: int) -> list[int | None]:
    """What each comes to at a tick; 0 before its first step."""
    numbers: list[int | None] = []
    for each in steps:
        number: int | None = 0
        for at, size in each:
            if at > tick:
                break
            number = size
        numbers.append(number)
    return numbers
