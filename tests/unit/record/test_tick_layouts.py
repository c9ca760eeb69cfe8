"""TickLayouts: at a tick those layouts are read that may have changed and can be afforded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from memory_watcher.model import LayoutState
from memory_watcher.record.notices import Failed, LayoutsApart, Notice, Rotation, Task, TooSlow
from memory_watcher.record.policy import Policy
from memory_watcher.record.target import Target
from memory_watcher.record.together import Together
from tests.fakeproc import SMALL, FakeProcess

from .faketime import MS, SECOND
from .parts import Parts

ROUND_NS = 10 * SECOND
GATED = Policy(full_every_ns=ROUND_NS)


def tick(parts: Parts, after_ns: int = 100 * MS) -> list[tuple[int, LayoutState]]:
    """A tick of processes that are each read for itself; what was sampled at it."""
    parts.time.now += after_ns
    parts.reader.begin_tick(late_ns=0)
    now_ns = parts.run.update_budget()
    parts.layouts.read_each(parts.layouts.awake(now_ns), now_ns)
    parts.layouts.store_unchanged()
    return parts.told.states()


def grow(parts: Parts, process: FakeProcess, resident: int) -> None:
    """Let the heap of a process have so many KiB in RAM."""
    areas = (SMALL[0], SMALL[1]._replace(size=90_000, rss=resident))
    parts.proc.put(replace(process, areas=areas))


def test_without_a_gate_all_are_read_at_each_tick(parts: Parts) -> None:
    """Although nothing has changed."""
    parts.targets(FakeProcess(7), FakeProcess(8))
    assert tick(parts) == tick(parts) == [(7, LayoutState.EXACT), (8, LayoutState.EXACT)]
    assert parts.told.left_unread == 0


def test_what_has_not_changed_is_counted_not_read(make_parts: Callable[..., Parts]) -> None:
    """Whether it is known to rest, or was asked: at each tick, and in all."""
    parts = make_parts(GATED)
    still, busy = FakeProcess(7), FakeProcess(8)
    parts.targets(still, busy)
    for number in range(1, 4):
        grow(parts, busy, 100 * number)
        assert tick(parts) == [(8, LayoutState.EXACT)]
        assert parts.told.left_unread == parts.run.progress.unchanged == number


def test_if_it_cannot_be_told_who_rests_all_are_asked(make_parts: Callable[..., Parts]) -> None:
    """A fault costs time and nothing else; it is said once."""
    parts = make_parts(GATED)
    process = FakeProcess(7)
    parts.targets(process)

    class Broken:
        def awake(self, pids: list[int], now_ns: int) -> list[int]:
            raise ValueError("no table")

        def put(self, *_: object) -> None:
            """Nobody rests."""

        drop = put

    parts.source.resting = Broken()  # type: ignore[assignment]
    assert tick(parts) == tick(parts) == []
    grow(parts, process, 100)
    assert tick(parts) == [(7, LayoutState.EXACT)]
    (notice,) = parts.said
    assert isinstance(notice, Failed)
    assert notice.task is Task.AWAKE


def test_who_waits_for_a_first_layout_is_not_looked_at(parts: Parts) -> None:
    """That is read by those who take newcomers in."""
    parts.targets(FakeProcess(7))
    parts.comes(FakeProcess(8))
    parts.newcomers.admit()
    assert tick(parts) == [(7, LayoutState.EXACT)]


def test_the_longest_unread_come_first(parts: Parts) -> None:
    """So that all have their turn when not all can be read."""
    targets = parts.targets(FakeProcess(7), FakeProcess(8), FakeProcess(9))
    for target, last in zip(targets, (30, 10, 20), strict=True):
        target.schedule.last_full_ns = last
    assert [pid for pid, _ in tick(parts)] == [8, 9, 7]


def test_what_is_too_slow_shows_its_summary_figures(make_parts: Callable[..., Parts]) -> None:
    """And is said once, with how long it takes."""
    parts = make_parts(Policy(max_stall_ns=20 * MS))
    (target,) = parts.targets(FakeProcess(7))
    target.schedule.stall_ns = 30 * MS
    assert tick(parts) == tick(parts) == [(7, LayoutState.NOT_TAKEN)]
    assert parts.said == [TooSlow(7, 30 * MS, 20 * MS)]
    assert parts.told.held_up == parts.run.progress.too_slow == 2


class Affording:
    """Stands in the place of sums over processes: whether all layouts can be afforded."""

    def __init__(self) -> None:
        self.is_affordable = True
        self.group = SimpleNamespace(layouts_apart_ns=None)

    def affords(self, targets: list[Target]) -> bool:
        return self.is_affordable


def test_layouts_of_a_tree_are_read_of_all_or_of_none(make_parts: Callable[..., Parts]) -> None:
    """Of none too while one waits for its first; that they come less often is said with how many.

    When they can be read again, it is forgotten.
    """
    parts = make_parts(Policy(max_cpu=0.10))
    targets = parts.targets(FakeProcess(7), FakeProcess(8))
    all_of_them = Affording()
    together = cast(Together, all_of_them)

    def read() -> set[LayoutState]:
        parts.reader.begin_tick(late_ns=0)
        parts.layouts.read_all(together, targets)
        return {state for _, state in parts.told.states()}

    assert read() == {LayoutState.EXACT}
    all_of_them.is_affordable = False
    assert read() == {LayoutState.NOT_TAKEN}
    all_of_them.is_affordable = True
    parts.comes(FakeProcess(10))
    parts.newcomers.admit()
    assert read() == {LayoutState.NOT_TAKEN}
    parts.newcomers.read()
    assert read() == {LayoutState.EXACT}
    for target in list(parts.run.roster.by_pid.values())[2:]:
        parts.run.roster.remove(target)
        parts.run.let_go(target.sampler)
    all_of_them.is_affordable = False
    all_of_them.group.layouts_apart_ns = 3 * SECOND
    assert read() == {LayoutState.NOT_TAKEN}
    assert parts.said == [LayoutsApart(2, 3 * SECOND, 0.10)]


def many(parts: Parts) -> tuple[list[FakeProcess], list[Target]]:
    """More processes than are read in full each time; reading all of them once takes a second."""
    processes = [FakeProcess(100 + number) for number in range(70)]
    targets = parts.targets(*processes)
    for target in targets:
        target.bare_ns = SECOND // len(targets)
        parts.rounds.learn(target.process_id, target.bare_ns)
    return processes, targets


def used_up(parts: Parts) -> None:
    """Let a round have no more to spend."""
    parts.rounds.pass_time(parts.time.now, ROUND_NS)
    parts.rounds.spend(100 * SECOND)


def said_of(parts: Parts, kind: type[Notice]) -> list[Notice]:
    return [notice for notice in parts.said if isinstance(notice, kind)]


def test_changed_processes_take_turns(make_parts: Callable[..., Parts]) -> None:
    """Of many: when a round is used up the others wait for the next one, and that is said once."""
    parts = make_parts(replace(GATED, in_turns=True))
    processes, _ = many(parts)
    used_up(parts)
    for process in processes[:3]:
        grow(parts, process, 24)
    assert sorted(tick(parts, MS)) == [(pid, LayoutState.NOT_TAKEN) for pid in (100, 101, 102)]
    assert parts.run.progress.waiting == 3
    tick(parts, MS)
    assert len(said_of(parts, Rotation)) == 1


def test_a_peak_does_not_wait_for_its_turn(make_parts: Callable[..., Parts]) -> None:
    """Nor does one that has waited for two rounds."""
    parts = make_parts(replace(GATED, in_turns=True))
    processes, targets = many(parts)
    used_up(parts)
    grow(parts, processes[0], 80_000)
    assert tick(parts, MS) == [(100, LayoutState.EXACT)]
    grow(parts, processes[1], 24)
    assert tick(parts, MS) == [(101, LayoutState.NOT_TAKEN)]
    targets[1].schedule.last_full_ns = parts.time.now - 2 * ROUND_NS
    assert tick(parts, MS) == [(101, LayoutState.EXACT)]
