"""Stillness: when a pass over a machine may be left out."""

from __future__ import annotations

import pytest

from memory_watcher.model import FastReading
from memory_watcher.record.policy import FOR_MACHINE, FOR_NAMED
from memory_watcher.record.pulses import Pulse
from memory_watcher.record.stillness import Stillness

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture
def still() -> Stillness:
    """A machine of two processes and 100 MiB right after a pass: 2 MiB are little."""
    stillness = Stillness(FOR_MACHINE)
    stillness.available(GIB)
    pass_of_now(stillness)
    return stillness


def pass_of_now(stillness: Stillness) -> None:
    pulse = Pulse(60 * MIB, 10 * MIB, 0, False)
    stillness.passed({1: pulse, 2: pulse}, 100 * MIB)


def test_fourth_pass_is_taken_whatever_stands(still: Stillness) -> None:
    """Three are spared, then there is one again; and so on."""
    assert [still.spares() for _ in range(4)] == [True, True, True, False]
    pass_of_now(still)
    assert [still.spares() for _ in range(4)] == [True, True, True, False]


def test_no_pass_is_spared_before_there_was_one() -> None:
    """The first pass of a recording is taken."""
    stillness = Stillness(FOR_MACHINE)
    stillness.available(GIB)
    assert not stillness.spares()


def test_who_comes_or_goes_calls_for_a_pass(still: Stillness) -> None:
    """Then all that share pages with it have other shares."""
    still.came_or_went()
    assert not still.spares()
    pass_of_now(still)
    assert still.spares()


@pytest.mark.parametrize(
    ("reading", "is_still"),
    [
        (FastReading(61 * MIB, 70 * MIB, 10 * MIB), True),
        (FastReading(63 * MIB, 70 * MIB, 10 * MIB), False),
        (FastReading(57 * MIB, 70 * MIB, 10 * MIB), False),
        (FastReading(60 * MIB, 70 * MIB, 12 * MIB), False),  # private became shared
    ],
)
def test_what_a_process_takes_or_frees(
    still: Stillness, reading: FastReading, is_still: bool
) -> None:
    """More than a peak step of the sum, private and shared, is no standstill."""
    still.read(1, reading)
    assert still.spares() is is_still


def test_small_changes_of_many_add_up_but_not_those_of_one(still: Stillness) -> None:
    """One that takes and frees again is where it was; two that take 1.5 MiB have 3 MiB."""
    for size in (61, 60, 61):
        still.read(1, FastReading(size * MIB, 70 * MIB, 10 * MIB))
    assert still.spares()
    still.read(2, FastReading(61 * MIB + MIB // 2, 70 * MIB, 10 * MIB))
    assert not still.spares()


def test_newcomer_without_a_pulse_moves_nothing_by_itself(still: Stillness) -> None:
    """That it came was told: its sizes are compared from the next pass on."""
    still.read(3, FastReading(500 * MIB, 500 * MIB, 0))
    assert still.spares()


def test_memory_that_only_the_machine_shows(still: Stillness) -> None:
    """A fork's pages that become two show in no statm: MemAvailable falls."""
    still.available(GIB - 3 * MIB)
    assert still.spares(), "that much goes up and down all the time"
    still.available(GIB + 100 * MIB)
    assert still.spares()
    still.available(GIB - 5 * MIB)
    assert not still.spares()


def test_passes_of_every_tick_are_all_taken() -> None:
    """Only of a whole machine, whose passes are seldom anyway, some are spared."""
    stillness = Stillness(FOR_NAMED)
    stillness.available(GIB)
    pass_of_now(stillness)
    assert not stillness.spares()


def test_without_memavailable_every_pass_is_taken() -> None:
    """Before Linux 3.14, and where a mount hides meminfo: nothing would show copied pages."""
    stillness = Stillness(FOR_MACHINE)
    pass_of_now(stillness)
    assert not stillness.spares()
