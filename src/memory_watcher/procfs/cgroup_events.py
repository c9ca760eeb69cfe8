"""What memory.events said last, of a cgroup that is removed as soon as its processes have ended.

systemd and others remove it within milliseconds: nobody who asks now and then sees why they ended.
The kernel tells who waits for a change of the file (cgroups since version 2), so a thread waits.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading

_SIZE = 4096


class LastEvents:
    """Waits for changes of a file of events, and keeps what it said."""

    def __init__(self, path: str) -> None:
        """`path` is that of memory.events; where there is none, nothing is kept."""
        self._path = path
        self._said = b""
        self._thread: threading.Thread | None = None
        self._told_to_end = -1

    def begin(self) -> None:
        """Wait from now on, unless that is going on."""
        if self._thread is not None:
            return
        with contextlib.suppress(OSError):
            file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            ending, self._told_to_end = os.pipe2(os.O_CLOEXEC)
            self._thread = threading.Thread(target=self._wait, args=(file, ending), daemon=True)
            self._thread.start()

    @property
    def has_heard(self) -> bool:
        """Whether the file has changed since then."""
        return bool(self._said)

    def end(self) -> bytes:
        """Wait no longer; returns what the file said when it last changed, empty if it did not."""
        if self._thread is not None:
            os.close(self._told_to_end)
            self._thread.join()
            self._thread = None
        said, self._said = self._said, b""
        return said

    def _wait(self, file: int, ending: int) -> None:
        changes = select.poll()
        changes.register(file, select.POLLPRI)
        changes.register(ending, select.POLLIN)
        try:
            os.pread(file, _SIZE, 0)  # a change is one since it was read
            while ending not in dict(changes.poll()):
                self._said = os.pread(file, _SIZE, 0)
        except OSError:
            return  # ENODEV: the cgroup was removed
        finally:
            os.close(file)
            os.close(ending)
