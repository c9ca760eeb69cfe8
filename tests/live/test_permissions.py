"""Processes whose memory the kernel does not show to the recorder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState

from ..programs import recorder, rows, run, wait_until
from ..rights import NOBODY
from .targets import Target, recorded

pytestmark = pytest.mark.live

#: Root loses the rights that let it see every process's memory (CAP_SYS_ADMIN stands for
#: CAP_PERFMON); others never had them. A target that may be seen must have lost them as well.
WITHOUT_RIGHTS = (
    ["setpriv", "--bounding-set", "-sys_ptrace,-perfmon,-sys_admin"] if os.geteuid() == 0 else []
)


@pytest.fixture(name="hidden", params=["not dumpable", "another user's"])
def start_hidden_target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with Target() as target:
        if request.param == "not dumpable":
            target.ask("hide")
        elif os.geteuid() == 0:
            target.ask("become", NOBODY)
        else:
            pytest.skip("only root can start another user's process")
        yield target


def test_alone(hidden: Target, tmp_path: Path) -> None:
    """What everybody may see is recorded; one line names the remedy, and the exit code is 1."""
    file = tmp_path / "cheap.db"
    done = run(
        "memory-record",
        *("-p", str(hidden.pid), "--period", "100ms", "--duration", "1", "--quiet"),
        *("--database-file", file),
        before=WITHOUT_RIGHTS,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"memory-record: process {hidden.pid}: no permission")
    assert done.stderr.count("\n") == 1
    for part in ("root", "CAP_SYS_PTRACE", "CAP_PERFMON", "no layouts"):
        assert part in done.stderr
    found = recorded(file, hidden.pid)
    assert len(found) >= 3
    for measurement, layout in found:
        assert measurement.state is LayoutState.NO_PERMISSION
        assert layout is None
        assert measurement.reading.resident
        assert measurement.reading.high_water_mark


def test_among_others(hidden: Target, tmp_path: Path) -> None:
    """It is recorded with its reason and the figures that all may see; the other one is whole."""
    file = tmp_path / "some.db"
    with (
        Target(WITHOUT_RIGHTS) as other,
        recorder(
            file,
            *("-p", hidden.pid, "-p", other.pid, "--period", "20"),
            before=WITHOUT_RIGHTS,
        ) as recording,
    ):
        recording.wait_for_ticks(3)
        code, said = recording.stop()
        assert code == 0, said
        assert said.count("no permission") == 1
        assert f"process {hidden.pid}: no permission" in said
        found = recorded(file, hidden.pid)
        assert found[-1][0].state is LayoutState.NO_PERMISSION
        for measurement, layout in found:
            # A busy machine may not come to it at the first tick.
            assert measurement.state in (LayoutState.NO_PERMISSION, LayoutState.NOT_TAKEN)
            assert layout is None
            assert measurement.totals is None
            assert measurement.reading.resident
            assert measurement.reading.high_water_mark
        assert recorded(file, other.pid)[-1][1]
        ticks = [
            [measurement.tick for measurement, _ in recorded(file, pid)]
            for pid in (hidden.pid, other.pid)
        ]
        # Who is told to stop reads no further member: the last tick may lack the second.
        assert ticks[1] in (ticks[0], ticks[0][:-1])
        assert len(ticks[1]) >= 3


def test_nobody_named_it(hidden: Target, tmp_path: Path) -> None:
    """Of the whole machine one line says, once, that some show no layouts, and what to do."""
    file = tmp_path / "all.db"
    denied = (
        "SELECT 1 FROM readings JOIN processes AS p ON p.id = process_id"
        f" WHERE layout_state = {int(LayoutState.NO_PERMISSION)} AND pid = {hidden.pid}"
    )
    with recorder(file, "--period", "100ms", before=WITHOUT_RIGHTS) as recording:
        recording.wait_for_ticks(3)
        wait_until(lambda: rows(file, denied), "the process that shows nothing")
        code, said = recording.stop()
    assert code == 0, said
    lines = [line for line in said.splitlines() if "do not show their memory" in line]
    assert len(lines) == 1, said
    assert "CAP_SYS_PTRACE" in lines[0]
