"""A first budget for what was recorded: limits with the room that noise takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..analysis.budgets.draft import Seen, Source, limit_for, lines_for, room_for
from ..analysis.budgets.model import At, Budget, Figure, Line
from ..analysis.budgets.pieces import covered
from ..errors import SelectionError, UsageError
from ..store.recording import Recording
from .check import Measured, Run
from .same_program import refuse_other_runs

#: Figures that are less where other processes have the same files mapped; RSS is not.
_SHARED: tuple[Figure, ...] = ("pss", "uss")


@dataclass(frozen=True, slots=True)
class FirstBudget:
    """A budget, and what was seen of each of its lines; `recordings` are the paths, in order.

    `processes` is how many processes the recordings have of it, the most of any. `cpus` are how
    many CPUs their machines have, each number once, where that is known.
    """

    budget: Budget
    seen: dict[Line, Seen]
    recordings: tuple[str, ...]
    processes: int
    cpus: tuple[int, ...] = ()

    @property
    def has_threads(self) -> bool:
        """Whether some process has more threads than the one that it begins with."""
        highest = {line.what: seen.highest for line, seen in self.seen.items()}
        return highest.get("threads", 0) > highest.get("processes", 0)


def first_budget(
    recordings: Sequence[Recording],
    process: str | None = None,
    at: At = "peak",
    figure: Figure = "pss",
) -> FirstBudget:
    """Draft a budget that recordings of the same thing are within.

    `process` is a pattern of names or roles, None for all processes together. The big kinds and
    names get lines of their own, the rest is `unlisted`. Sizes are bytes, at `growth` per hour.

    Raises SelectionError for a recording in which that cannot be measured, OtherPrograms (which is
    one) if they are of several programs and no process is named, UsageError without a recording.
    """
    if not recordings:
        raise UsageError("name at least one recording")
    if process is None:
        refuse_other_runs(recordings)
    runs = [Run(each) for each in recordings]
    asked = Budget(process, at, figure, ())
    measured = [_told(run, asked) for run in runs]
    source = Source(len(runs), max(len(each.members) for each in measured) > 1, at == "growth")
    unshared = _alone(runs, asked, source)
    pieces_of_runs = [each.pieces for each in (*measured, *unshared)]
    lines = lines_for(pieces_of_runs, is_growth=source.is_growth)
    asked = replace(asked, lines=lines)
    whole, alone = ([replace(each, budget=asked) for each in some] for some in (measured, unshared))
    seen: dict[Line, Seen] = {}
    for line in lines:
        if line.what == "threads" and not _is_told(line, whole):
            continue  # a text of smaps, for one, does not say how many there were
        of_line = _seen(line, whole, alone)
        pieces = [piece for run in (*whole, *alone) for piece in covered(line, lines, run.pieces)]
        room = room_for(line, pieces, source)
        seen[line._replace(limit=limit_for(line, of_line, room))] = of_line
    return FirstBudget(
        replace(asked, lines=tuple(seen)),
        seen,
        tuple(each.path for each in recordings),
        max(len(each.members) for each in measured),
        tuple(sorted({cpus for each in measured for cpus in _cpus(each)})),
    )


def _cpus(run: Measured) -> Iterator[int]:
    """How many CPUs the machines of its processes have."""
    for member in run.members:
        if (cpus := run.recording.machine(member.id).cpus) is not None:
            yield cpus


def _told(run: Run, budget: Budget) -> Measured:
    """What a run has. Raises SelectionError if that is not told."""
    measured = run.measured(budget)
    path = run.recording.path
    if not measured.members:
        why = f"no process is called {budget.process!r}; there is: {run.names or 'none'}"
        raise SelectionError(f"{path}: {why}")
    if measured.why:
        raise SelectionError(f"{path}: {measured.why.removeprefix(f'{path}: ')}")
    return measured


def _is_told(line: Line, runs: Sequence[Measured]) -> bool:
    return all(run.value(line).at_most is not None for run in runs)


def _alone(runs: Sequence[Run], budget: Budget, source: Source) -> list[Measured]:
    """The same by a figure that other processes do not change; nothing where there is none."""
    if source.has_several_processes or source.is_growth or budget.figure not in _SHARED:
        return []
    return [_told(run, replace(budget, figure="rss")) for run in runs]


def _seen(line: Line, runs: Sequence[Measured], alone: Sequence[Measured]) -> Seen:
    """The values of one line. Raises SelectionError if one is not told."""
    sizes, most = [], []
    for run in (*runs, *alone):
        value = run.value(line)
        is_bound = run.rates is not None and value.size != value.at_most
        if value.size is None or value.at_most is None or is_bound:
            raise SelectionError(f"{run.path}: {value.why}")
        sizes.append(value.size)
        most.append(value.at_most)
    of_runs = sizes[: len(runs)]
    return Seen(min(of_runs), max(of_runs), max(most))
