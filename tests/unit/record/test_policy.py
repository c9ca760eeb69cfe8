"""Policy: the defaults, and how a recording tells them."""

from __future__ import annotations

import dataclasses
import json

import pytest

from memory_watcher.record.policy import FOR_MACHINE, FOR_NAMED, MIB, Policy
from tests.unit.record.faketime import MS, SECOND


def test_defaults_for_named() -> None:
    """Fast readings every 20 ms, peaks from 2 % and 1 MiB, 10 % CPU, each tick in full.

    No process is held up for longer than 250 ms.
    """
    assert (
        Policy(
            fast_period_ns=20 * MS,
            peak_step=0.02,
            peak_step_least=MIB,
            max_cpu=0.10,
            max_stall_ns=250 * MS,
            full_every_ns=None,
            reset_peak=False,
            free_firsts=False,
        )
        == FOR_NAMED
    )


def test_many_named_processes() -> None:
    """Named ones are read in full at each tick, but not when there are very many of them."""
    assert [FOR_NAMED.full_every(count) for count in (1, 64, 65)] == [0, 0, 10 * SECOND]
    assert Policy(full_every_ns=0).full_every(1000) == 0
    assert Policy(full_every_ns=SECOND).full_every(1) == SECOND


def test_defaults_for_the_machine() -> None:
    """No fast readings; what is still is looked at every 10 s; changes take turns; no giants."""
    expected = Policy(max_cpu=0.10, full_every_ns=10 * SECOND, pass_every_ns=10 * SECOND)
    expected = dataclasses.replace(expected, in_turns=True, layout_text=8 << 20, free_firsts=False)
    expected = dataclasses.replace(expected, max_stall_ns=250 * MS)
    assert expected == FOR_MACHINE
    assert FOR_MACHINE.fast_period_ns is None


def test_turns() -> None:
    """Of many processes of the machine, those that change take turns, unless all are asked for."""
    assert [FOR_MACHINE.round_every(count) for count in (1, 64, 65)] == [0, 0, 10 * SECOND]
    assert dataclasses.replace(FOR_MACHINE, full_every_ns=0).round_every(1000) == 0
    assert FOR_NAMED.round_every(1000) == 0


@pytest.mark.parametrize("policy", [Policy(), FOR_NAMED, FOR_MACHINE])
def test_json(policy: Policy) -> None:
    """What is stored names every choice; the policy can be made of it again."""
    told = json.loads(policy.as_json())
    assert told.keys() == {field.name for field in dataclasses.fields(Policy)}
    assert Policy(**told) == policy


def test_nothing_asked_for_has_no_side_effects() -> None:
    """Without being asked, the recorder never resets others' high-water marks."""
    assert not any(policy.reset_peak for policy in (Policy(), FOR_NAMED, FOR_MACHINE))
