"""What a page and a mapping cost is measured on this process, or not at all."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory_watcher.procfs import walk_costs
from memory_watcher.procfs.walk_costs import WalkCosts, WalkMeter
from memory_watcher.units import SECOND

MIB = 1 << 20


def test_of_this_machine() -> None:
    """A page costs some ten nanoseconds at least, a mapping that is printed more than a page."""
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("a kernel before 4.14")
    # Of a process that is as small as a recorder: this one has run many tests.
    code = "from memory_watcher.procfs.walk_costs import *; print(*WalkMeter('/proc').costs(0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    page_ns, mapping_ns = map(float, done.stdout.split())
    assert 1 < page_ns < mapping_ns


def test_nothing_is_measured_where_it_is_another_machines(tmp_path: Path) -> None:
    """A copy of proc, or a mount of another PID namespace, is not about this process."""
    assert WalkMeter(str(tmp_path)).costs(0) is None
    (tmp_path / "self").symlink_to(str(os.getppid()))
    assert WalkMeter(str(tmp_path)).costs(0) is None


def rollup(kib: int, huge: int) -> bytes:
    """smaps_rollup of a process with so much resident, so much of it in huge pages."""
    return b"x [rollup]\nRss: %d kB\nAnonHugePages: %d kB\nFilePmdMapped: 0 kB\n" % (kib, huge)


class Machine:
    """Reading a file takes what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        (folder / "self").symlink_to(str(os.getpid()))
        self.meter = WalkMeter(str(folder))
        self.text = rollup(4 * 10_000, 0)
        self.rollups = [4_000_000, 900_000, 500_000, 600_000, 700_000]
        self.layouts = [2_000_000]
        self.reads = 0
        monkeypatch.setattr(walk_costs, "_read", self.read)
        monkeypatch.setattr(os, "sysconf", lambda name: 4096)

    def read(self, path: str) -> tuple[int, bytes]:
        self.reads += 1
        if path.endswith("smaps_rollup"):
            self.rollups.append(self.rollups.pop(0))
            return self.rollups[-1], self.text
        self.layouts.append(self.layouts.pop(0))
        return self.layouts[-1], b"header\nRss: 4 kB\n" * 150


@pytest.fixture(name="machine")
def start_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_the_least_counts(machine: Machine) -> None:
    """Whoever was interrupted took longer, which says nothing of the kernel."""
    assert machine.meter.costs(0) == WalkCosts(50, 10_000)


@pytest.mark.parametrize(("kib", "huge"), [(4 * 500, 0), (40_000, 39_000), (1 << 20, 0)])
def test_too_few_small_pages_tell_nothing(machine: Machine, kib: int, huge: int) -> None:
    """What is around them decides then; of very many it would take too long."""
    machine.text = rollup(kib, huge)
    assert machine.meter.costs(0) is None
    assert machine.reads == 1


def test_it_is_measured_again_when_that_is_worth_it(machine: Machine) -> None:
    """Once, unless asked for and long after; the least of all is kept."""
    first = machine.meter.costs(0)
    reads = machine.reads
    for now_ns, again in ((SECOND, True), (100 * SECOND, False)):
        assert machine.meter.costs(now_ns, again=again) == first
    assert machine.reads == reads
    machine.rollups = [400_000] * 5
    machine.layouts = [9_000_000]
    assert machine.meter.costs(200 * SECOND, again=True) == WalkCosts(40, 10_000)
    assert machine.reads == 2 * reads


def test_large_memory_of_this_process_is_not_walked_over() -> None:
    """A recorder within a large program measures nothing: that would take too long."""
    with mmap.mmap(-1, 160 * MIB) as memory:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(0, len(memory), mmap.PAGESIZE):
            memory[page] = 1
        assert WalkMeter("/proc").costs(0) is None
