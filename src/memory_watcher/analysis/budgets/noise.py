"""What an unchanged program's memory differs by from run to run, and budgets that allow for it.

Measured by `python -m benchmarks.budgets.noise`; docs/ci.md has the table. What was modified (heap,
stacks, data of libraries) repeats, whatever else the machine does. Clean pages of files do not:
their PSS rises and falls with every other process that maps them, but never above their RSS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...units import KIB
from ..kinds import Kind
from .baseline import Baseline, Entry, Key
from .model import At, Budget, BudgetFile, Figure, Limit, Line, What

#: What is modified, kind by kind: the share of the baseline and the least that are allowed above.
MODIFIED: dict[str, tuple[float, int]] = {
    Kind.HEAP.value: (0.005, 512 * KIB),
    Kind.ANONYMOUS.value: (0.005, 768 * KIB),
    Kind.RUNTIME.value: (0.005, 768 * KIB),
    Kind.ALLOCATOR.value: (0.005, 768 * KIB),
    Kind.JIT_CODE.value: (0.005, 768 * KIB),
    Kind.NAMED_ANONYMOUS.value: (0.005, 256 * KIB),
    # Which thread gets which arena is a matter of chance.
    Kind.ARENA.value: (0.05, 1536 * KIB),
    Kind.THREAD_STACK.value: (0.02, 64 * KIB),
    Kind.LIBRARY.value: (0.01, 128 * KIB),
}
_OTHER_MODIFIED = (0.01, 256 * KIB)
#: Of clean pages of files what fault-around and the page cache bring, above their RSS.
_OF_FILES = (0.05, 1024 * KIB)
FILE_KINDS = (Kind.LIBRARY.value, Kind.FILE.value, Kind.DELETED_FILE.value)
_COUNTS: dict[What, tuple[float, int]] = {
    "mappings": (0.02, 8),
    "threads": (0.0, 0),
    "processes": (0.0, 0),
}
#: So much wider than the runs of the baseline were apart.
_SPREADS = 2

#: What every baseline has: of all processes together, when they have most.
AT: At = "peak"
#: What is modified; kernels before 6.0 report no PSS of it: USS is the nearest, then PSS.
MODIFIED_FIGURES: tuple[Figure, ...] = ("pss_dirty", "uss", "pss")
FILE_FIGURE: Figure = "pss"
#: What bounds the PSS of files; of several processes their RSS, added up, does so still.
BOUND_FIGURE: Figure = "rss"


def default_budgets(baseline: Baseline) -> BudgetFile:
    """Budgets of all that a baseline has, with the tolerances of this module.

    A kind that it does not have is allowed the least of `unlisted`.
    """
    told = (figure for figure in MODIFIED_FIGURES if _key(figure, "total") in baseline.entries)
    figure = next(told, FILE_FIGURE)
    modified = Budget(None, AT, figure, tuple(_modified(baseline, figure)))
    files = Budget(None, AT, FILE_FIGURE, tuple(_of_files(baseline)))
    if figure == FILE_FIGURE:
        return BudgetFile(baseline.path, (replace(files, lines=modified.lines + files.lines),))
    return BudgetFile(baseline.path, (modified, files))


def _key(figure: Figure, kind: str) -> Key:
    return Key("", figure, AT, kind)


def _modified(baseline: Baseline, figure: Figure) -> Iterator[Line]:
    # PSS of files is judged by what bounds it.
    apart = FILE_KINDS if figure == FILE_FIGURE else ()
    families = {kind.family.value for kind in Kind}
    for kind in sorted(families.difference(apart)):
        if entry := baseline.entries.get(_key(figure, kind)):
            share, least = MODIFIED.get(kind, _OTHER_MODIFIED)
            yield Line("kind", _limit(share, least, entry), kind)
    yield Line("unlisted", Limit(None, *_OTHER_MODIFIED))
    for what, (share, least) in _COUNTS.items():
        if entry := baseline.entries.get(_key(figure, what)):
            yield Line(what, _limit(share, least, entry))


def _of_files(baseline: Baseline) -> Iterator[Line]:
    nothing = Entry(0, 0, 0)
    for kind in FILE_KINDS:
        bound = baseline.entries.get(_key(BOUND_FIGURE, kind), nothing).highest
        now = baseline.entries.get(_key(FILE_FIGURE, kind), nothing).value
        room = max(int(_OF_FILES[0] * bound), _OF_FILES[1])
        yield Line("kind", Limit(None, None, max(bound - now, 0) + room), kind)


def _limit(share: float, least: int, entry: Entry) -> Limit:
    return Limit(None, share, max(least, _SPREADS * (entry.highest - entry.lowest)))
