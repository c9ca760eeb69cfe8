"""The load beside which tests are run, and what is told of the runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.beside_load import failed_in, load, table
from tests.programs import wait_until


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_load_starts_processes_and_ends() -> None:
    """While it is there PIDs are used up; afterwards none of its process groups is left."""
    with load(1) as groups:
        first = last_pid()
        wait_until(lambda: last_pid() - first > 50, "processes that come and go")
        assert all(map(is_there, groups))
    wait_until(lambda: not any(map(is_there, groups)), "what was killed to be gone")


def last_pid() -> int:
    return int(Path("/proc/loadavg").read_text().split()[4])


def test_load_ends_with_who_started_it() -> None:
    """If that is killed, so that it cannot end the load, the load ends by itself."""
    script = (
        "import sys; from tests.beside_load import load\n"
        "with load(1) as groups: print(*groups, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout
        groups = list(map(int, starter.stdout.readline().split()))
        starter.send_signal(signal.SIGKILL)
    assert len(groups) == 2
    wait_until(lambda: not any(map(is_there, groups)), "the end of the load")


def test_failures() -> None:
    """Failed tests and errors are named once each; a run that broke off is a failure, too."""
    printed = "..F\nFAILED tests/a.py::test_b[1] - assert 0\nERROR tests/a.py::test_c\n1 failed"
    assert failed_in(1, printed) == ["tests/a.py::test_b[1]", "tests/a.py::test_c"]
    assert failed_in(0, "3 passed") == []
    assert failed_in(4, "") == ["(pytest ended with exit code 4)"]


def test_table() -> None:
    """The most frequent first."""
    assert table({"a": 1, "c": 2, "b": 2}, 3).split("\n") == [
        "failed in 2 of 3 runs: b",
        "failed in 2 of 3 runs: c",
        "failed in 1 of 3 runs: a",
    ]
    assert table({}, 10) == "All tests passed in 10 of 10 runs."
