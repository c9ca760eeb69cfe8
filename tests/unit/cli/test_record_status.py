"""The status line tells what the recording costs, and options for that take 0 in any form."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from memory_watcher.cli import policy_options, record_status
from memory_watcher.cli.record_status import StatusLine
from memory_watcher.errors import UsageError
from memory_watcher.record.progress import Progress
from tests.unit.record.faketime import SECOND, FakeTime


def test_share_of_cpu_is_of_the_recording() -> None:
    """CPU time and elapsed time count from the same instant: start-up is in neither."""
    fake = FakeTime()
    fake.cpu = 5 * SECOND
    shown: list[str] = []
    line = StatusLine(enabled=True, time=fake, show=shown.append)
    fake.now += SECOND
    fake.cpu += SECOND // 10
    line.show(Progress())
    assert "recorder 10.0 % CPU" in shown[0]


@pytest.mark.parametrize(
    ("waiting", "says"),
    [(0, None), (1, "first layouts: 25 of 26"), (14, "first layouts: 12 of 26")],
)
def test_who_waits(waiting: int, says: str | None) -> None:
    """While many come at once, it is told how many have a layout, of those that live."""
    fake = FakeTime()
    shown: list[str] = []
    line = StatusLine(enabled=True, time=fake, show=shown.append)
    fake.now += SECOND
    line.show(Progress(processes=30, living=26, newcomers=waiting))
    assert (says is None) == ("first layouts" not in shown[0])
    assert says is None or says in shown[0]


def test_what_was_left_out_is_told_apart(tmp_path: Path) -> None:
    """Layouts over the budget, and those that would have held a process up."""
    file = tmp_path / "a.db"
    file.touch()
    progress = Progress(ticks=9, not_taken=7, waiting=1, too_slow=4)
    told = record_status.closing_line(progress, SECOND, str(file), SECOND // 200)
    assert "skipped: 1 by rotation, 2 over budget, 4 over --max-stall" in told


def test_closing_line_counts_one_as_one(tmp_path: Path) -> None:
    """`1 tick, 1 layout`."""
    file = tmp_path / "a.db"
    file.touch()
    told = record_status.closing_line(
        Progress(ticks=1, layouts=1), SECOND, str(file), SECOND // 200
    )
    assert told.startswith("1 tick, 1 layout in 1.0 s; ")
    assert "; CPU 5 ms; " in told


@pytest.mark.parametrize("text", ["0", "0.0", "0.0ms", "00", ".0s", " 0 ms "])
def test_zero_in_any_form(text: str) -> None:
    """Whatever is zero turns fast readings off."""
    parser = argparse.ArgumentParser()
    policy_options.add_arguments(parser)
    args = parser.parse_args(["--fast-period", text])
    assert policy_options.policy_of(args, whole_machine=False).fast_period_ns is None


@pytest.mark.parametrize("text", ["", ".", "0x", "-0", "ms"])
def test_no_zero(text: str) -> None:
    """What is no number is refused."""
    parser = argparse.ArgumentParser()
    policy_options.add_arguments(parser)
    args = parser.parse_args([f"--fast-period={text}"])
    with pytest.raises(UsageError, match="--fast-period"):
        policy_options.policy_of(args, whole_machine=False)
