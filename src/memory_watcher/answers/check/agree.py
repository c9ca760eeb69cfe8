"""A baseline of recordings: what they have now, to be agreed to and compared with later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..._version import __version__
from ...analysis.breakdown import OWN_LINES
from ...analysis.budgets import noise
from ...analysis.budgets.baseline import Baseline, Entry, Key, facts_that_differ
from ...analysis.budgets.model import Budget, BudgetFile, Limit, Line
from ...analysis.budgets.pieces import pieces_of
from ...analysis.diff import middle
from ...errors import SelectionError, UsageError
from ...model import MappingUsage
from ...store.recording import Recording
from ...units import KIB
from ..same_program import of_recording, of_text, one_text, refuse_other_runs, refuse_others
from .measure import Measured, Run

#: Names of less are not written down: a person reads the file.
_LEAST_NAMED = 64 * KIB
#: Libraries whose name begins so are allocators, or bring one.
_ALLOCATORS = ("libc.so", "libc-", "ld-musl", "libjemalloc", "libtcmalloc", "libmimalloc")

_Found = dict[Key, int]


def baseline_of(
    recordings: Sequence[Recording], path: str, budget: BudgetFile | None = None
) -> Baseline:
    """What runs of the same program have: the median of each value, its lowest and its highest.

    Of all processes at the peak, and of whatever `budget` has limits above a baseline. `path` is
    what messages call it. Raises UsageError without a recording, SelectionError if one cannot tell,
    OtherPrograms (which is one) if they are of several programs.
    """
    if not recordings:
        raise UsageError("name at least one recording")
    refuse_other_runs(recordings)
    opened = [Run(each) for each in recordings]
    asked = _asked(opened, budget)
    runs = [_run(each, asked) for each in opened]
    values: dict[Key, list[int]] = defaultdict(list)
    for key in {key for run in runs for key in run}:
        values[key] = [run.get(key, 0) for run in runs]
    return Baseline(
        path,
        one_text(process for each in recordings for process in each.processes()),
        len(recordings),
        machine_facts(recordings[0]),
        {key: Entry(middle(of), min(of), max(of)) for key, of in sorted(values.items())},
    )


def machine_facts(recording: Recording) -> dict[str, str]:
    """What about the machine may change how much memory the same program takes."""
    processes = recording.processes()
    facts = {"memory-watcher": __version__}
    if not processes:
        return facts
    machine = recording.machine(processes[0].id)
    told = (
        ("kernel", machine.kernel),
        ("page size", machine.page_size),
        ("CPUs", machine.cpus),
    )
    facts |= {name: str(value) for name, value in told if value is not None}
    return facts | dict(_allocators(recording))


def _allocators(recording: Recording) -> Iterator[tuple[str, str]]:
    """The libraries that bring malloc, with their build IDs."""
    for process in recording.processes():
        build_ids = recording.build_ids(process.id)
        for header in recording.headers([process.id]).values():
            name = header.pathname.rpartition("/")[2]
            if name.startswith(_ALLOCATORS) and header.offset == 0:
                yield name, build_ids.get((header.dev, header.inode), "no build ID")


def notes(baseline: Baseline, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """What may explain a difference from a baseline: another kernel, another allocator.

    Raises OtherPrograms if the baseline is of another program.
    """
    refuse_others(
        [
            of_text(f"the baseline {baseline.path}", baseline.programs),
            *map(of_recording, recordings),
        ],
        "name the baseline of this program, or write one",
    )
    return tuple(facts_that_differ(baseline.machine, machine_facts(recordings[0])))


def _asked(runs: Sequence[Run], file: BudgetFile | None) -> list[Budget]:
    """Budgets without lines: the processes, figures and moments that a baseline tells of."""
    asked = [_of_modified(runs), Budget(None, noise.AT, noise.FILE_FIGURE, ())]
    for each in file.budgets if file else ():
        if any(line.limit.is_over_baseline for line in each.lines):
            asked.append(Budget(each.process, each.at, each.figure, ()))
    return asked


def _of_modified(runs: Sequence[Run]) -> Budget:
    """Of what is modified by the first figure that all runs have."""
    budgets = [Budget(None, noise.AT, figure, ()) for figure in noise.MODIFIED_FIGURES]
    told = (each for each in budgets if not any(run.measured(each).why for run in runs))
    return next(told, budgets[-1])


def _run(run: Run, asked: Sequence[Budget]) -> _Found:
    found: _Found = {}
    for budget in asked:
        measured = run.measured(budget)
        if measured.why:
            raise SelectionError(f"{measured.path}: no baseline: {measured.why}")
        grows = measured.value(Line("total", Limit()))
        if measured.rates is not None and grows.size != grows.at_most:
            raise SelectionError(f"{measured.path}: no baseline: {grows.why}")
        found |= _sizes(measured)
        found |= _counts(measured)
    return found | _bound(run)


def _key(budget: Budget, kind: str, name: str = "", process: str = "") -> Key:
    return Key(process or budget.process or "", budget.figure, budget.at, kind, name)


def _sizes(measured: Measured) -> _Found:
    """By kind, and by name what is big."""
    found: _Found = defaultdict(int)
    budget = measured.budget
    named: _Found = defaultdict(int)
    for piece in measured.pieces:
        size = piece.size or 0
        found[_key(budget, "total")] += size
        for kind in (piece.kind, piece.part):
            if kind is not None:
                found[_key(budget, kind.value)] += size
        if piece.kind not in OWN_LINES:
            named[_key(budget, piece.kind.value, piece.name)] += size
        if budget.process is None and piece.process:
            found[_key(budget, "total", process=piece.process)] += size
    # As it will be judged: with the kernel's mark, and what the layouts lack.
    whole = measured.value(Line("total", Limit())).size
    if whole is not None:
        found[_key(budget, "total")] = whole
    big = {key: size for key, size in named.items() if size >= _LEAST_NAMED}
    return {key: size for key, size in found.items() if size or key.kind == "total"} | big


def _counts(measured: Measured) -> _Found:
    budget = measured.budget
    if measured.rates is not None:
        return {}
    found = {_key(budget, "mappings"): 0}
    for piece in measured.pieces:
        for name in ("", piece.kind.value):
            key = _key(budget, "mappings", name)
            found[key] = found.get(key, 0) + piece.mappings
    for what, count in (("threads", measured.threads), ("processes", measured.processes)):
        if count.value.size is None or count.value.at_most is None:
            continue
        found[_key(budget, what)] = count.value.size
        if budget.process is None:
            found |= {_key(budget, what, process=group): of for group, of in count.of.items()}
    return found


def _bound(run: Run) -> _Found:
    """The RSS of each kind of mappings of files: their PSS is never above it."""
    budget = Budget(None, noise.AT, noise.FILE_FIGURE, ())
    taken = run.taken(budget, noise.FILE_FIGURE)
    found: _Found = defaultdict(int)
    for piece in pieces_of(taken.parts, _rss):
        if piece.kind.value in noise.FILE_KINDS:
            found[Key("", noise.BOUND_FIGURE, noise.AT, piece.kind.value)] += piece.size or 0
    return found


def _rss(entry: MappingUsage) -> int | None:
    return entry.usage.rss
