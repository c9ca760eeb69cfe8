"""What the fixture `memory_recording` gives: the memory of the test that runs, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..procfs import own
from ..unfaked import utc_ns
from . import WATCHER
from .hooks import MEASURED

if TYPE_CHECKING:
    from ..recorder_process.link import Link
    from ..store.recording import Recording
    from .hooks import Watcher
    from .measured import Measured


class MemoryRecording:
    """The recording of this test so far; sizes are bytes, times UTC nanoseconds.

    What asks the recorder raises NoAnswer if it is gone.
    """

    def __init__(self, link: Link, measured: Measured) -> None:
        self._link, self._measured = link, measured

    @property
    def path(self) -> str:
        """The file that is recorded into."""
        return self._link.file

    @property
    def began_ns(self) -> int:
        """When this test began, before its fixtures were set up."""
        return self._measured.began_ns

    def resident(self) -> int | None:
        """RSS of this process now."""
        return own.resident()

    def peak(self) -> int | None:
        """The highest RSS since the test began, by the kernel's mark.

        None if it is not reported, or could not be reset when the test began.
        """
        return own.high_water_mark() if self._measured.is_exact else None

    def rise(self) -> int | None:
        """How far that is above RSS when the test began."""
        peak, begin = self.peak(), self._measured.begin
        return None if peak is None or begin is None else peak - begin

    def by_kind(self) -> dict[str, int]:
        """RSS of each kind of memory (heap, library code…), of a layout that is read now.

        Every byte is in one of them.
        """
        self._link.ask("layout")
        found = self._link.ask("judge", since=self.began_ns, until=utc_ns())
        return {
            kind: last
            for kind, (_, _, last) in found["kinds"].items()
            if kind not in found["families"]
        }

    def open(self) -> Recording:
        """All that was recorded up to now, to be closed by whom asked: see memory_watcher.open."""
        from ..store.recording import Recording  # noqa: PLC0415 - takes memory of this process

        self._link.ask("commit")
        return Recording(self.path)


def recording_of(request: pytest.FixtureRequest) -> MemoryRecording:
    """The recording of the test that asks; skips it where nothing is recorded."""
    watcher: Watcher | None = request.config.pluginmanager.get_plugin(WATCHER)
    measured = request.node.stash.get(MEASURED, None)
    if watcher is None or watcher.link is None or measured is None:
        why = watcher.problem if watcher is not None else "no recorder runs"
        pytest.fail(f"memory_recording: nothing is recorded: {why}", pytrace=False)
    return MemoryRecording(watcher.link, measured)
