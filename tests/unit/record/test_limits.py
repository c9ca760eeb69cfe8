"""What one process may take of the recorder's memory and of the recording."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from memory_watcher.model import Mapping, MappingUsage, Usage
from memory_watcher.record.limits import (
    LARGE,
    MIB,
    MOST_HELD,
    MachineLimits,
    ProcessLimits,
    TooLarge,
)

from .faketime import SECOND, FakeTime


@pytest.fixture(name="time")
def fake_time() -> FakeTime:
    return FakeTime()


def entries(number: int, length: int, turn: int = 0) -> list[MappingUsage]:
    """So many mappings with paths so long, all new at each turn."""
    return [
        MappingUsage(
            Mapping(i << 12, (i + 1) << 12, "r--p", 0, 1, i, f"/{turn}/{i}/".ljust(length, "x")),
            Usage(rss=0),
        )
        for i in range(number)
    ]


def test_named_processes_have_no_limit_of_size() -> None:
    """They were asked for."""
    limits = ProcessLimits(MachineLimits())
    limits.took(100 * MIB, [], [])
    assert limits.text() is None


def test_a_giant_among_many(time: FakeTime) -> None:
    """Too large: told at once, and not read again for a minute."""
    limits = ProcessLimits(MachineLimits(8 * MIB), time)
    assert limits.text() == 8 * MIB
    assert "8 MiB" in str(limits.was_too_large(8 * MIB))
    time.now += 59 * SECOND
    with pytest.raises(TooLarge, match="-p"):
        limits.text()
    time.now += 2 * SECOND
    assert limits.text() == 8 * MIB


def test_what_large_layouts_hold_together() -> None:
    """No more than a sum; small ones are always read; what has ended holds nothing."""
    machine = MachineLimits(8 * MIB)
    processes = [ProcessLimits(machine) for _ in range(20)]
    for process in processes:
        allowed = process.text()
        assert allowed is not None
        if allowed >= 6 * MIB:
            process.took(6 * MIB, [], [])
    assert 12 * MIB <= machine.held <= MOST_HELD
    assert processes[-1].text() == MOST_HELD - machine.held
    processes[-1].took(LARGE // 2, [], [])
    held = machine.held
    processes[0].close()
    assert machine.held == held - 6 * MIB
    for process in processes:
        process.close()
    assert machine.held == 0


def test_a_layout_may_stay_as_large_as_it_is() -> None:
    """What it holds itself does not stand against it."""
    machine = MachineLimits(8 * MIB)
    limits = ProcessLimits(machine)
    for _ in range(5):
        assert limits.text() == 8 * MIB
        limits.took(7 * MIB, [], [])
    assert machine.held == 7 * MIB


def test_new_paths_each_time(time: FakeTime) -> None:
    """They are stored, and paid off before the next layout is read."""
    limits = ProcessLimits(MachineLimits(), time)
    before: list[MappingUsage] = []
    taken = 0
    for second in range(600):
        time.now += SECOND
        try:
            limits.text()
        except TooLarge:
            continue
        now = entries(100, 3900, second)
        limits.took(1000, now, before)
        before = now
        taken += 1
    assert taken >= 100  # 390 KB each, of 64 KiB a second
    assert taken * 390_000 < 2 * MIB + 600 * 64 * 1024


def test_ordinary_changes_cost_nothing(time: FakeTime) -> None:
    """Figures that change, or addresses, of paths that are known."""
    limits = ProcessLimits(MachineLimits(), time)
    same = entries(2000, 100)
    limits.took(1000, same, [])
    for _ in range(1000):
        limits.took(1000, same, same)
        assert limits.text() is None


def test_changes_of_the_name(time: FakeTime) -> None:
    """Many at once are told, then one a second."""
    limits = ProcessLimits(MachineLimits(), time)
    told = 0
    for _ in range(2000):
        time.now += SECOND // 200
        told += limits.may_change_image()
    assert 20 <= told <= 30


@pytest.mark.parametrize(("character", "size"), [("x", 1), ("é", 2), ("\udcff", 6)])
def test_paths_count_as_they_are_stored(character: str, size: int) -> None:
    """In bytes; those that are no UTF-8 with what is stored to show them."""
    for paths, is_too_much in ((1000 // size, False), (1100 // size + 1, True)):
        limits = ProcessLimits(MachineLimits())
        added = [
            MappingUsage(Mapping(0, 1, "r--p", 0, 1, 1, f"{i:04}{character * 1000}"), Usage())
            for i in range(paths)
        ]
        limits.took(1, added, [])
        with pytest.raises(TooLarge) if is_too_much else nullcontext():
            limits.text()
