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

What goes wrong is an errors.MemoryWatcherError: UsageError names the argument and its choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    import os

    from .answers.assurance import assurance_of
    from .answers.compared import compare_histories
    from .answers.diff import At, diff
    from .answers.explain import explain
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
    "__version__",
    "assurance_of",
    "attributed",
    "compare_histories",
    "diff",
    "explain",
    "growth",
    "history",
    "list_processes",
    "open",
    "process_view",
    "system_view",
    "tree_view",
]

_ANSWERS = {
    "At": "diff",
    "assurance_of": "assurance",
    "attributed": "layouts",
    "compare_histories": "compared",
    "diff": "diff",
    "explain": "explain",
    "growth": "growth",
    "history": "history",
    "list_processes": "processes",
    "process_view": "process",
    "system_view": "machine",
    "tree_view": "group",
}


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

    return getattr(import_module(f".answers.{_ANSWERS[name]}", __name__), name)
