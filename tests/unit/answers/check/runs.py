"""Recordings with known layouts, to be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from memory_watcher.analysis.budgets.model import (
    At,
    Budget,
    BudgetFile,
    Checked,
    Figure,
    Judged,
    Limit,
    Line,
    What,
)
from memory_watcher.answers.check import check
from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.store.recording import Recording

from ....recordings import KI, Entry, RecordingBuilder, mapping

HEAP = "[heap]"
#: Of its pages nothing is private.
SHARED = "/dev/shm/shared"


def used(size: int) -> Usage:
    """All figures of `size` private dirty bytes."""
    return Usage(
        rss=size, pss=size, private_clean=0, private_dirty=size, swap=0, swap_pss=0, lazy_free=0
    )


def entry(pathname: str, size: int, start: int, perms: str = "rw-p") -> Entry:
    """A mapping of `size` bytes, all of them used; a file if its name begins with a slash."""
    inode = 7 if pathname.startswith("/") else 0
    usage = used(size)
    if pathname == SHARED:
        usage = usage._replace(private_dirty=0)
    return mapping(start, max(size, 4 * KI), perms, pathname, inode), usage


class Runs:
    """Makes recordings in a folder and opens them."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._folder = folder
        self._opened = opened
        self._count = 0

    def make(
        self,
        *ticks: dict[str, int],
        name: str = "app",
        state: LayoutState = LayoutState.EXACT,
        threads: int | None = 1,
        mark: int | None = None,
    ) -> Recording:
        """One process: at each tick the bytes by path (empty: anonymous)."""
        return self.of({name: ticks}, state=state, threads=threads, mark=mark)

    def of(
        self,
        processes: dict[str, Sequence[dict[str, int]]],
        *,
        state: LayoutState = LayoutState.EXACT,
        threads: int | None = 1,
        mark: int | None = None,
    ) -> Recording:
        """Several processes by name, each with its ticks; an empty dict: it is not there then."""
        self._count += 1
        builder = RecordingBuilder(self._folder / f"{self._count}.db")
        numbers = {
            name: builder.process(pid, name.partition("#")[0])
            for pid, name in enumerate(processes, 1)
        }
        for tick in range(len(next(iter(processes.values())))):
            builder.tick()
            for name, number in numbers.items():
                sizes = processes[name][tick]
                if sizes:
                    entries = [
                        entry(path, size, 0x1000 + at * 0x1000_0000)
                        for at, (path, size) in enumerate(sizes.items())
                    ]
                    resident = sum(sizes.values())
                    reading = Reading(
                        resident=resident, threads=threads, high_water_mark=mark or resident
                    )
                    builder.layout(number, entries, reading, state=state)
                elif tick:
                    builder.end(number, builder.last_tick)
        builder.end_run()
        return self._opened.enter_context(Recording(builder.close()))


@contextmanager
def runs_in(folder: Path) -> Iterator[Runs]:
    """Recordings that are closed at the end."""
    with ExitStack() as opened:
        yield Runs(folder, opened)


def budget(
    *lines: Line, process: str | None = None, at: At = "peak", figure: Figure = "pss"
) -> BudgetFile:
    """A file of one budget."""
    return BudgetFile("memory-budget.toml", (Budget(process, at, figure, lines),))


def line(what: What, most: int, pattern: str = "") -> Line:
    """An absolute limit."""
    return Line(what, Limit(most), pattern)


def judged(recordings: Recording | Sequence[Recording], file: BudgetFile) -> list[Judged]:
    """Each line of a file, judged."""
    found: Checked = check(recordings, file)
    return list(found.budgets)
