"""Starts processes that do as they are told, and tells what /proc says without the package.

`Target` is a process that runs program.py; `smaps_of` and `statm_of` are a second, simple reading
of /proc to compare with; `Ticks` records in this very process, one tick when asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import memory_watcher
from memory_watcher.model import Layout, MappingUsage, Usage
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.clock import Deadline
from memory_watcher.record.discovery import DiscoveredTargets
from memory_watcher.record.family import Family
from memory_watcher.record.policy import Policy
from memory_watcher.record.recorder import Recorder
from memory_watcher.record.targets import NamedTargets, Targets, WholeMachine
from memory_watcher.recorded import Measurement
from memory_watcher.store.writer import Writer
from memory_watcher.units import SECOND

from ..programs import PATIENCE

PAGE = os.sysconf("SC_PAGE_SIZE")
PROGRAM = Path(__file__).with_name("program.py")


class Target:
    """A process that runs program.py; `with` ends it, and its children, by PID.

    `before` is put in front of its command line.
    """

    def __init__(self, before: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-I", "-S", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid = self.process.pid
        assert self._answer() == self.pid

    def __enter__(self) -> Target:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.let_end()
            self.process.wait(timeout=PATIENCE / 6)
        except subprocess.TimeoutExpired:
            self.process.kill()
        finally:
            self.process.__exit__(kind, error, traceback)

    def ask(self, name: str, *arguments: object) -> Any:
        """Do one command of program.py and return its answer; OSError if it failed there."""
        self.send(name, *arguments)
        return self._answer()

    def send(self, name: str, *arguments: object) -> None:
        """Give a command that goes on until the next one."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
        self.process.stdin.flush()

    def reserve(self, pages: int) -> int:
        """Map private anonymous pages, and return the address: a mapping of its own."""
        start: int = self.ask("reserve", pages)
        return start

    def touch(self, start: int, count: int, first: int = 0) -> None:
        """Write to pages of a mapping."""
        self.ask("touch", start, first, count)

    def map_file(self, path: bytes, pages: int, *, shared: bool) -> int:
        """Map a file, and return the address."""
        start: int = self.ask("map_file", path.hex(), pages, shared)
        return start

    def let_end(self) -> None:
        """Let it end by itself; it is a zombie until `reap`."""
        assert self.process.stdin
        self.process.stdin.close()

    def reap(self) -> None:
        """Let it end, and wait until it has gone altogether."""
        self.let_end()
        self.process.wait(timeout=PATIENCE / 6)

    def wait_for_zombie(self) -> None:
        """Wait until it has ended, without reaping it."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def _answer(self) -> Any:
        assert self.process.stdout
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["result"]


@contextmanager
def quiet_processes(count: int) -> Iterator[list[int]]:
    """Processes that have started and wait for input; tells their PIDs."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            processes.append(
                subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
        for process in processes:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"started\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"started\n"
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.__exit__(None, None, None)


# The truth, read in the simplest way


class Block(NamedTuple):
    """One mapping as smaps shows it: the header's words, the figures in bytes."""

    header: list[bytes]
    sizes: dict[str, int]


def smaps_of(pid: int) -> dict[tuple[int, int], Block]:
    """Read smaps line by line: (start, end) -> mapping."""
    blocks: dict[tuple[int, int], Block] = {}
    for line in Path(f"/proc/{pid}/smaps").read_bytes().split(b"\n"):
        words = line.split(None, 5)
        if words and not words[0].endswith(b":"):
            start, end = (int(word, 16) for word in words[0].split(b"-"))
            sizes: dict[str, int] = {}
            blocks[start, end] = Block(words, sizes)
        elif words and words[-1] == b"kB":
            sizes[words[0].decode().rstrip(":")] = int(words[1]) * 1024
    return blocks


def statm_of(pid: int) -> list[int]:
    """Size and resident of statm, bytes."""
    return [int(word) * PAGE for word in Path(f"/proc/{pid}/statm").read_text().split()[:2]]


# Recording in this process


class Ticks:
    """Records processes (all of the machine, if none is named) when told to; `with` closes.

    With `children` those that they start, too.
    """

    def __init__(
        self,
        file: Path,
        pids: Sequence[int] = (),
        root: str = "/proc",
        policy: Policy = Policy(),  # noqa: B008 - it is frozen
        *,
        children: bool = False,
    ) -> None:
        source = ProcSource(root)
        named = NamedTargets(source, list(pids)) if pids else None
        targets: Targets = named or WholeMachine(source)
        if children:
            targets = DiscoveredTargets(source, named=named, family=Family())
        self._writer = Writer(str(file))
        self._recorder = Recorder(source, targets, self._writer, policy)
        self._writer.start_run(source.machine(), SECOND, ["live test"])

    def __enter__(self) -> Ticks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._recorder.close()
        self._writer.close("done")

    def tick(self) -> None:
        """Read all targets once."""
        self._recorder.tick(Deadline(0, 0))
        self._recorder.commit()

    def fast_pass(self) -> None:
        """Read the cheap figures of all targets once, as between two ticks."""
        self._recorder.fast_pass()
        self._recorder.commit()


def recorded(file: Path, pid: int) -> list[tuple[Measurement, Layout | None]]:
    """All measurements of the process with that PID, each with its layout."""
    with memory_watcher.open(file) as recording:
        return [
            (found, recording.layout(found.id) if found.has_layout else None)
            for found in recording.measurements(recording.process(pid=pid).id)
        ]


def layouts(file: Path, pid: int) -> list[Layout]:
    """The layouts of the process with that PID; each of its measurements must have one."""
    found = [layout for _, layout in recorded(file, pid) if layout is not None]
    assert len(found) == len(recorded(file, pid))
    return found


def entry_at(layout: Layout, start: int) -> MappingUsage:
    """The mapping that begins at that address."""
    (entry,) = [entry for entry in layout if entry.mapping.start == start]
    return entry


def usage_at(layout: Layout, start: int) -> Usage:
    """The usage of the mapping that begins at that address."""
    return entry_at(layout, start).usage
