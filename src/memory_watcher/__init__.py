"""Records and reads the memory layouts of Linux processes.

    import memory_watcher
    with memory_watcher.open("measurement.db") as recording:
        for process in recording.processes():
            peak = recording.peak(process.id)
            print(process.name, peak.totals.pss)

`open` returns a `store.recording.Recording`; its docstrings give shapes, units and errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    import os

    from .store.recording import Recording

__all__ = ["__version__", "open"]


def open(path: str | os.PathLike[str]) -> Recording:  # noqa: A001 - reads as memory_watcher.open(…)
    """Open a recording for reading; it is never created or changed.

    Raises RecordingNotFound, NotARecording or NewerRecording (all errors.StoreError).
    """
    from .store.recording import Recording

    return Recording(path)
