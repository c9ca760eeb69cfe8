"""The options of record that say what it may cost and what it must not miss."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.cli import policy_options
from memory_watcher.errors import UsageError
from memory_watcher.record.policy import FOR_MACHINE, FOR_NAMED, Policy

from ..fakeproc import FakeProc, FakeProcess
from ..programs import one, run

MS = 1_000_000


def parsed(*arguments: str, whole_machine: bool = False) -> Policy:
    parser = argparse.ArgumentParser()
    policy_options.add_arguments(parser)
    return policy_options.policy_of(parser.parse_args(arguments), whole_machine)


def test_every_option_is_tried() -> None:
    """One that is added, but changes nothing of the policy, is missed by no other test."""
    parser = argparse.ArgumentParser(add_help=False)
    policy_options.add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    assert {arguments[0] for arguments, _ in EACH} == options


def test_defaults() -> None:
    """Without any option: what is meant for named processes, or for the whole machine."""
    assert parsed() == FOR_NAMED
    assert parsed(whole_machine=True) == FOR_MACHINE


#: Options -> what they change, and nothing besides.
EACH: list[tuple[list[str], dict[str, object]]] = [
    (["--fast-period", "5ms"], {"fast_period_ns": 5 * MS}),
    (["--fast-period", "5"], {"fast_period_ns": 5 * MS}),
    (["--fast-period", "0"], {"fast_period_ns": None}),
    (["--fast-period", "0ms"], {"fast_period_ns": None}),
    (["--peak-step", "10"], {"peak_step": 0.10}),
    (["--peak-step", "0.5%"], {"peak_step": 0.005}),
    (["--max-cpu", "50"], {"max_cpu": 0.50}),
    (["--max-cpu", "2.5%"], {"max_cpu": 0.025}),
    (["--max-cpu", "200"], {"max_cpu": 2.0}),
    (["--max-cpu", "0"], {"max_cpu": None}),
    (["--max-stall", "15"], {"max_stall_ns": 15 * MS}),
    (["--max-stall", "1s"], {"max_stall_ns": 1000 * MS}),
    (["--max-stall", "0"], {"max_stall_ns": None}),
    (["--full-every", "3s"], {"full_every_ns": 3000 * MS}),
    (["--full-every", "0"], {"full_every_ns": 0}),
    (["--reset-peak"], {"reset_peak": True}),
]


@pytest.mark.parametrize(
    ("arguments", "changes"),
    EACH,
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("whole_machine", [False, True])
def test_each(arguments: list[str], changes: dict[str, object], whole_machine: bool) -> None:
    """Each option changes what it is about, and nothing else."""
    default = FOR_MACHINE if whole_machine else FOR_NAMED
    if whole_machine and "full_every_ns" in changes:
        changes = {**changes, "pass_every_ns": changes["full_every_ns"]}  # one pass a round
    expected = replace(default, **changes)  # type: ignore[arg-type]
    assert parsed(*arguments, whole_machine=whole_machine) == expected


BAD = [
    ("--fast-period", "-5ms"),
    ("--fast-period", "often"),
    ("--fast-period", "5 parsecs"),
    ("--peak-step", "-1"),
    ("--peak-step", "much"),
    ("--peak-step", "nan"),
    ("--max-cpu", "-10"),
    ("--max-cpu", "inf"),
    ("--max-cpu", "half"),
    ("--max-cpu", ""),
    ("--max-stall", "x"),
    ("--max-stall", "-3"),
    ("--full-every", "-1s"),
    ("--full-every", "never"),
]


@pytest.mark.parametrize(("option", "value"), BAD)
def test_bad_values(option: str, value: str) -> None:
    """Each is refused in words that name the option and the value."""
    with pytest.raises(UsageError, match=option) as caught:
        parsed(f"{option}={value}")
    assert repr(value) in str(caught.value)


def test_bad_value_of_the_command(tmp_path: Path) -> None:
    """One line, exit code 2, no file."""
    done = run("memory-record", "-p", "1", "--max-cpu", "much", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("memory-record: --max-cpu: 'much'")
    assert list(tmp_path.iterdir()) == []


def test_policy_is_in_the_recording(tmp_path: Path) -> None:
    """How a recording was made stands in it."""
    proc = FakeProc(tmp_path / "proc")
    proc.put(FakeProcess(7))
    file = tmp_path / "a.db"
    done = run(
        "memory-record",
        *("--proc", proc.root, "-p", "7", "--database-file", file, "--duration", "0.1"),
        *("--fast-period", "3ms", "--max-stall", "40ms", "--peak-step", "5"),
    )
    assert done.returncode == 0, done.stderr
    policy = json.loads(one(file, "SELECT policy FROM runs")[0])
    expected = replace(FOR_NAMED, fast_period_ns=3 * MS, max_stall_ns=40 * MS, peak_step=0.05)
    assert Policy(**policy) == expected


def test_help_tells_the_defaults() -> None:
    """What --help says is what the policies hold."""
    text = " ".join(run("memory-record", "--help").stdout.split())
    for option in ("--fast-period", "--peak-step", "--max-cpu", "--max-stall", "--full-every"):
        assert option in text
    assert FOR_NAMED.fast_period_ns == 20 * MS
    assert "default 20ms for named processes, off for the whole machine" in text
    assert (FOR_NAMED.peak_step, FOR_NAMED.peak_step_least) == (0.02, 1 << 20)
    assert "default 2, and at least 1 MiB" in text
    assert FOR_NAMED.max_cpu == FOR_MACHINE.max_cpu == 0.10
    assert "default 10" in text
    assert FOR_MACHINE.full_every_ns == 10_000 * MS
    assert "default 10s for the whole machine" in text
