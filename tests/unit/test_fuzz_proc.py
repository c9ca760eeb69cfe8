"""A part of `make fuzz-proc`: mutated proc files through the parsers, and through a recorder."""

from __future__ import annotations

import gc
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState, Machine
from memory_watcher.procfs.source import ProcSource
from memory_watcher.record.clock import Deadline
from memory_watcher.record.policy import Policy
from memory_watcher.record.recorder import Recorder
from memory_watcher.record.targets import WholeMachine
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.captures import PROC, WHOLE, capture
from tests.fakeproc import FakeProc, FakeProcess
from tests.fuzz.proc_files import CGROUP_STAT, mutate, run

SEED = 20
CASES, PARTS = 4000, 8
FILES = {
    "smaps": [capture(kernel) for kernel in WHOLE],
    **{
        name: [path.read_bytes() for path in sorted(PROC.glob(f"*/{name}"))]
        for name in ("statm", "status", "stat", "smaps_rollup", "oom_score", "cgroup", "cmdline")
    },
}
OF_MACHINE = {"meminfo": [capture("6.18-python", "meminfo")], "stat": [CGROUP_STAT]}


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_files(part: int) -> None:
    """No file of a case is read wrong, ends in another error than a refusal, or takes long."""
    ends = run(SEED, range(part, CASES, PARTS))
    assert sum(ends.values()) == CASES // PARTS
    assert ends["smaps: loaded, well-formed"] > 20


@pytest.mark.parametrize("number", range(12))
def test_recorder(number: int, tmp_path: Path) -> None:
    """A process whose files are mutated costs its own figures: the other's are complete.

    What was stored can be asked for, and no figure is below 0.
    """
    source = random.Random(f"{SEED}/{number}/recorder")
    proc = FakeProc(tmp_path / "proc")
    good, bad = FakeProcess(8), FakeProcess(7)
    proc.put(good)
    proc.put(bad)
    files = ProcSource(str(proc.root))
    writer = Writer(str(tmp_path / "a.db"))
    writer.start_run(Machine("boot", "host", "6.18", 4096), 10**8, ["memory-record"])
    said: list[str] = []
    policy = Policy(fast_period_ns=1, full_every_ns=1)
    recorder = Recorder(
        files, WholeMachine(files), writer, policy, lambda notice: said.append(str(notice))
    )
    for _ in range(15):
        for name, texts in FILES.items():
            if source.random() < 0.6:
                proc.write(f"7/{name}", mutate(source, source.choice(texts), texts))
        for name, texts in OF_MACHINE.items():
            proc.write(name, mutate(source, source.choice(texts), texts))
        good.faults = (good.faults[0] + 1, 5)
        proc.put(good)
        recorder.tick(Deadline(0, 0))
        recorder.fast_pass()
    recorder.close()
    writer.close("SIGINT")
    assert not [line for line in said if "unexpected" in line]
    with Recording(tmp_path / "a.db") as recording:
        assert recording.process(pid=8).id
        for process in recording.processes():
            layouts = 0
            for measurement in recording.measurements(process.id):
                if measurement.has_layout:
                    layouts += 1
                    recording.layout(measurement.id)
                    assert measurement.totals is not None
                    assert all(size is None or size >= 0 for size in measurement.totals)
            assert process.pid == 7 or layouts == 15
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        states = database.execute(
            "SELECT DISTINCT layout_state FROM readings AS r JOIN processes AS p"
            " ON p.id = r.process_id WHERE p.pid = 8"
        ).fetchall()
    assert states == [(LayoutState.EXACT,)]
