"""Layouts that are marked exact are whole, whatever the target does while it is read."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from memory_watcher.model import Layout, LayoutState, is_gate
from memory_watcher.procfs.buffer import BorrowedText
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.recorded import Measurement

from ..programs import wait_until
from .targets import Target, Ticks, quiet_processes, recorded, smaps_of, statm_of

pytestmark = pytest.mark.live
log = logging.getLogger(__name__)

MOVER = Path(__file__).parents[2] / "benchmarks" / "mover_target.py"


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture(name="texts")
def watch_readings(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The text of every smaps that the recorder reads from now on, retries included."""
    texts: list[bytes] = []
    read = ProcessFiles.smaps

    def watched(files: ProcessFiles, limit: int | None = None) -> BorrowedText:
        text = read(files, limit)
        texts.append(bytes(text))
        return text

    monkeypatch.setattr(ProcessFiles, "smaps", watched)
    return texts


def rss_of(text: bytes) -> int:
    """The sum of all Rss lines, bytes."""
    lines = [line for line in text.split(b"\n") if line.startswith(b"Rss:")]
    return sum(int(line.split()[1]) for line in lines) * 1024


def totals(layout: Layout) -> tuple[int, int]:
    """RSS and size, added up here, bytes."""
    entries = list(layout)
    return (
        sum(entry.usage.rss or 0 for entry in entries),
        sum(entry.mapping.size for entry in entries if not is_gate(entry.mapping)),
    )


def overlaps(layout: Layout) -> bool:
    ends_and_starts = zip(list(layout), list(layout)[1:], strict=False)
    return any(below.mapping.end > above.mapping.start for below, above in ends_and_starts)


def statm_is_exact() -> bool:
    """Whether this kernel's statm tells RSS to the page, as since 6.16."""
    with Target() as target:
        target.touch(target.reserve(33), 33)
        return (
            sum(block.sizes["Rss"] for block in smaps_of(target.pid).values())
            == (statm_of(target.pid)[1])
        )


@pytest.fixture(scope="module", autouse=True)
def require_exact_statm() -> None:
    if not statm_is_exact():
        pytest.skip("this kernel's statm is approximate: there is nothing to compare with")


# A block of 16 MiB that moves while its process is read


@dataclass
class Mover:
    """A process that moves a block about all the time, and its totals, which stay the same."""

    pid: int
    truth: tuple[int, int]
    has_kept: bool = False  # known in the end: those were its totals all the time


@contextmanager
def mover() -> Iterator[Mover]:
    """Start one; in the end it has told whether its totals stayed the same."""
    with subprocess.Popen(
        [sys.executable, MOVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        rss, size = map(int, process.stdout.readline().split())
        target = Mover(process.pid, (rss, size))
        yield target
        process.stdin.close()
        target.has_kept = (rss, size) == tuple(map(int, process.stdout.readline().split()))


def wrong_texts(texts: list[bytes], truth: tuple[int, int]) -> int:
    """How many plain readings have a wrong total."""
    return sum(rss_of(text) != truth[0] for text in texts)


def recorded_while_it_moves(
    target: Mover, file: Path, texts: list[bytes]
) -> list[tuple[Measurement, Layout | None]]:
    """What is recorded of it until 20 plain readings were wrong, in 500 ticks or more.

    On a busy machine the target gets little CPU to move in: then more are needed.
    """
    with Ticks(file, [target.pid]) as recording:
        ticks = 0
        while ticks < 500 or (wrong_texts(texts, target.truth) <= 20 and ticks < 2000):
            for _ in range(100):
                recording.tick()
            ticks += 100
    return recorded(file, target.pid)


@pytest.mark.timeout(300)  # on a busy machine a target takes a minute
def test_a_block_that_moves(tmp_path: Path, texts: list[bytes]) -> None:
    """Of 500 layouts none that is marked exact has a wrong total or an overlap.

    Plain readings are often wrong; they are read again at once, and what is still torn says so.
    """
    for number in range(3):
        texts.clear()
        with mover() as target:
            found = recorded_while_it_moves(target, tmp_path / f"{number}.db", texts)
        if target.has_kept:
            break  # the interpreter may come to need another page: such a target proves nothing
    assert target.has_kept
    truth = target.truth
    assert len(found) >= 500
    states = [measurement.state for measurement, _ in found]
    wrong = wrong_texts(texts, truth)
    torn = states.count(LayoutState.TORN)
    log.info("%d readings, %d with a wrong RSS; %d layouts torn", len(texts), wrong, torn)
    assert set(states) <= {LayoutState.EXACT, LayoutState.TORN}
    assert wrong > 20, "the target does not move its block fast enough to prove anything"
    assert len(texts) > 500, "some are read again"
    for measurement, layout in found:
        assert layout is not None
        if measurement.state is LayoutState.EXACT:
            assert totals(layout) == truth
            assert measurement.totals
            assert (measurement.totals.rss, measurement.totals.size) == truth
            assert not overlaps(layout)
    assert states.count(LayoutState.EXACT) > torn


def test_quiet_processes(file: Path, texts: list[bytes]) -> None:
    """On 40 quiet processes no layout of any tick is torn, nor is one even read twice.

    The first layouts of so many may take several ticks; then each tick reads all of them.
    """
    with quiet_processes(40) as pids:
        with Ticks(file, pids) as recording:
            texts.clear()  # whether they may be read was tried before
            for _ in range(10):
                recording.tick()
        states = [[measurement.state for measurement, _ in recorded(file, pid)] for pid in pids]
    exact = sum(each.count(LayoutState.EXACT) for each in states)
    waiting = sum(each.count(LayoutState.NOT_TAKEN) for each in states)
    assert exact + waiting == 400, states
    assert all(each[-1] is LayoutState.EXACT for each in states), states
    assert len(texts) == exact


# The end, or execve, in the middle of a reading

MAPPINGS = 1000


def act_midway(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen when about a third of a smaps of MAPPINGS mappings is read, once."""
    read = os.readv
    count = 0

    def readv(descriptor: int, buffers: object) -> int:
        nonlocal count
        count += 1
        if count == MAPPINGS // 18:  # five or six blocks of text fit 4 KiB
            act()
        return read(descriptor, buffers)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "readv", readv)


def is_shortened(text: bytes) -> bool:
    """Whether a reading broke off: it lacks the stack, the last mapping of a program."""
    return bool(text) and b"[stack]" not in text


@pytest.fixture(name="target")
def start_large_target() -> Iterator[Target]:
    with Target() as target:
        target.ask("reserve_apart", MAPPINGS)
        yield target


def test_killed_midway(
    target: Target, file: Path, texts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process killed while it is read has no shortened layout: it has ended, and says so."""
    with Ticks(file, [target.pid]) as recording:
        recording.tick()

        def kill() -> None:
            os.kill(target.pid, signal.SIGKILL)
            target.wait_for_zombie()

        act_midway(monkeypatch, kill)
        recording.tick()
    assert any(map(is_shortened, texts)), "the reading broke off midway"
    (first, _), (last, layout) = recorded(file, target.pid)
    assert first.state is LayoutState.EXACT
    assert last.state is LayoutState.ZOMBIE
    assert layout is None
    assert last.totals is None


def test_killed_and_reaped_midway(
    target: Target, file: Path, texts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same if nothing of it is left at all."""
    with Ticks(file, [target.pid]) as recording:
        recording.tick()

        def kill() -> None:
            target.process.kill()
            target.process.wait()

        act_midway(monkeypatch, kill)
        recording.tick()
    (_, _), (last, layout) = recorded(file, target.pid)
    assert last.state is LayoutState.GONE
    assert (layout, last.totals) == (None, None)


def test_execve_midway(
    target: Target, file: Path, texts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first part of an image that execve replaced meanwhile is dropped: the new one is read."""
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        act_midway(monkeypatch, lambda: target.ask("execute", "second image"))
        recording.tick()
        recording.tick()
    assert any(map(is_shortened, texts)), "the reading broke off midway"
    layouts = [layout for _, layout in recorded(file, target.pid)]
    assert [layout and layout.state for layout in layouts] == [LayoutState.EXACT] * 3
    old, new, last = [len(layout) for layout in layouts if layout]
    assert old > 2 * MAPPINGS
    assert new == last < MAPPINGS
    truth = smaps_of(target.pid)
    assert layouts[1]
    assert {(entry.mapping.start, entry.mapping.end) for entry in layouts[1]} == truth.keys()


RESTARTING = """
import ctypes, mmap, os, sys
blocks = [mmap.mmap(-1, 4096, prot=mmap.PROT_READ | (i % 2) * mmap.PROT_WRITE,
                    flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for i in range(2000)]
print("ready", flush=True)
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", sys.argv[1], sys.argv[1]])
"""


def test_execve_in_a_loop(file: Path, texts: list[bytes]) -> None:
    """A process that does nothing but start anew has no shortened layout marked exact."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", RESTARTING, RESTARTING], stdout=subprocess.DEVNULL
    ) as process:
        with Ticks(file, [process.pid]) as recording:

            def broke_off_often() -> bool:
                recording.tick()
                return sum(map(is_shortened, texts)) >= 5

            wait_until(broke_off_often, "readings that execve breaks off")
        process.kill()
    exact = 0
    for measurement, layout in recorded(file, process.pid):
        if measurement.state is LayoutState.EXACT:
            assert layout is not None
            exact += 1
            names = [entry.mapping.pathname for entry in layout]
            # Until execve has laid out the new image there is its stack alone, without a name.
            assert "[stack]" in names or [name for name in names if name != "[vsyscall]"] == [""]
            assert totals(layout) == (measurement.reading.resident, measurement.reading.size)
    assert exact >= 5
