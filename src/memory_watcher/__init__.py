"""Records and reads the memory layouts of Linux processes.

    import memory_watcher
    with memory_watcher.open("measurement.db") as recording:
        for process in recording.processes():
            view = memory_watcher.process_view(recording, process, "peak", by="kind")
            print(process.name, view.measurement.totals.pss, view.breakdown.top[0].name)

`open` returns a `store.recording.Recording`: what was recorded. What the commands answer
is answered by the same functions: sizes are bytes, times UTC nanoseconds, None is not reported.

    process_view    memory-peak of one process: answers.process
    tree_view       memory-peak of a command, a selection or children: answers.group
    system_view     memory-peak of a whole machine: answers.machine
    list_processes  memory-watcher ls: answers.processes
    history         memory-chart: answers.history
    diff, At        memory-watcher diff, and one side of it: answers.diff
    compare_histories  memory-chart --compare: answers.compared
    growth          memory-watcher growth: answers.growth
    attributed      the mappings of a measurement with their kinds and names: answers.layouts
    explain         memory-watcher explain: answers.explain
    assurance_of    whether a higher RSS was missed: answers.assurance
    check           memory-watcher check of recordings: answers.check
    first_budget    memory-watcher budget init: answers.first_budget
    read_budgets    a budget file; BudgetFile, Budget, Line, Limit are what it says

What goes wrong is an errors.MemoryWatcherError: UsageError names the argument and its choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    import os

    from .answers.assurance import assurance_of
    from .answers.budget_file import read as read_budgets
    from .answers.check import Budget, BudgetFile, Checked, Limit, Line, check
    from .answers.compared import compare_histories
    from .answers.diff import At, diff
    from .answers.explain import explain
    from .answers.first_budget import first_budget
    from .answers.group import tree_view
    from .answers.growth import growth
    from .answers.history import history
    from .answers.layouts import attributed
    from .answers.machine import system_view
    from .answers.process import process_view
    from .answers.processes import list_processes
    from .store.recording import Recording

__all__ = [
    "At",
    "Budget",
    "BudgetFile",
    "Checked",
    "Limit",
    "Line",
    "__version__",
    "assurance_of",
    "attributed",
    "check",
    "compare_histories",
    "diff",
    "explain",
    "first_budget",
    "growth",
    "history",
    "list_processes",
    "open",
    "process_view",
    "read_budgets",
    "system_view",
    "tree_view",
]

_ANSWERS = {
    "At": "diff",
    "Budget": "check",
    "BudgetFile": "check",
    "Checked": "check",
    "Limit": "check",
    "Line": "check",
    "assurance_of": "assurance",
    "attributed": "layouts",
    "check": "check",
    "compare_histories": "compared",
    "diff": "diff",
    "explain": "explain",
    "first_budget": "first_budget",
    "growth": "growth",
    "history": "history",
    "list_processes": "processes",
    "process_view": "process",
    "read_budgets": "budget_file",
    "system_view": "machine",
    "tree_view": "group",
}
#: Those that are called otherwise there.
_NAMES_THERE = {"read_budgets": "read"}


def open(path: str | os.PathLike[str]) -> Recording:  # noqa: A001 - reads as memory_watcher.open(…)
    """Open a recording for reading; it is never created or changed.

    Raises RecordingNotFound, NotARecording or NewerRecording (all errors.StoreError).
    """
    from .store.recording import Recording

    return Recording(path)


def __getattr__(name: str) -> Any:
    """Load an answer when it is asked for."""
    if name not in _ANSWERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".answers.{_ANSWERS[name]}", __name__)
    return getattr(module, _NAMES_THERE.get(name, name))
