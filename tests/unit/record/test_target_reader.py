"""TargetReader: each target is read once a tick, and what was found is told to everybody."""

from __future__ import annotations

from dataclasses import replace

from memory_watcher.model import Cause, FastReading, LayoutState, ProcessKey, Tick
from tests.fakeproc import SMALL, FakeProcess

from .faketime import MS, SECOND, UTC_START
from .parts import Parts

KI = 1024


def test_a_tick_says_when_it_began_and_why(parts: Parts) -> None:
    """By both clocks; lateness and skipped deadlines are those of a deadline.

    And what the recorder had used by then, with its helper, and how often it had read in between.
    """
    parts.run.cpu_from_ns = -2 * SECOND
    parts.source.mapped_files.cpu_ns = SECOND
    parts.run.progress.fast_passes = 40
    parts.time.now += SECOND
    parts.reader.begin_tick(late_ns=5, skipped=2)
    parts.time.now += SECOND
    parts.time.cpu += SECOND
    parts.run.progress.fast_passes += 1
    parts.reader.begin_tick(cause=Cause.PEAK)
    now = parts.time.now
    assert parts.told.ticks == [
        Tick(UTC_START + SECOND, now - SECOND, 5, 2, None, 0, 3 * SECOND, 40),
        Tick(UTC_START + 2 * SECOND, now, None, 0, Cause.PEAK, 0, 4 * SECOND, 41),
    ]


def test_what_was_read_in_a_tick_stands(parts: Parts) -> None:
    """Asked twice it is read once; the next tick reads it again."""
    (target,) = parts.targets(FakeProcess(7))
    parts.reader.begin_tick(late_ns=0)
    assert [parts.reader.read(target) for _ in range(3)] == [LayoutState.EXACT] * 3
    assert parts.told.states() == [(7, LayoutState.EXACT)]
    parts.reader.begin_tick(late_ns=0)
    assert parts.reader.read(target, cheap=True) is LayoutState.NOT_TAKEN
    assert parts.told.states() == [(7, LayoutState.NOT_TAKEN)]
    assert parts.stored == 3  # with the first one


def test_only_a_layout_ends_the_wait_for_the_first_one(parts: Parts) -> None:
    """Summary figures do not: it still waits."""
    parts.comes(FakeProcess(7))
    parts.reader.begin_tick(late_ns=0)
    parts.newcomers.admit()
    (target,) = parts.run.roster.waiting.values()
    parts.reader.read(target, cheap=True)
    assert list(parts.run.roster.waiting.values()) == [target]
    parts.reader.begin_tick(late_ns=0)
    parts.reader.read(target)
    assert not parts.run.roster.waiting


def test_an_end_is_told_to_all(parts: Parts) -> None:
    """To the sink and to who finds processes; it is recorded no more, its files are closed."""
    zombie = FakeProcess(7)
    (target,) = parts.targets(zombie)
    parts.proc.put(replace(zombie, state="Z", areas=()))
    parts.reader.begin_tick(late_ns=0)
    assert parts.reader.read(target) is LayoutState.ZOMBIE
    assert parts.told.states() == [(7, LayoutState.ZOMBIE)]
    assert (parts.told.ended, parts.gone) == ([7], [ProcessKey(7, 1000)])
    assert not parts.run.roster.holds(target)
    assert parts.run.roster.has_left


def test_fast_figures_are_told_when_they_change(parts: Parts) -> None:
    """What is as it was is told once its end is known: so long it had it, as far as was seen."""
    process = FakeProcess(7)
    (target,) = parts.targets(process)
    seen = target.fast
    assert seen is not None
    parts.reader.store_fast(target, FastReading(*seen))
    parts.time.now += 20 * MS
    parts.reader.store_fast(target, seen._replace(resident=40 * KI))
    assert [(pid, since) for pid, since, _ in parts.told.fast] == [(7, 20 * MS)]
    for _ in range(3):
        parts.time.now += 20 * MS
        parts.reader.store_fast(target, seen._replace(resident=40 * KI))
    assert len(parts.told.fast) == 1
    parts.proc.put(replace(process, state="Z", areas=()))
    parts.reader.begin_tick(cause=Cause.EXIT)
    parts.reader.read(target)
    assert [reading.resident for *_, reading in parts.told.fast] == [40 * KI] * 2


def test_another_image_has_no_highest_layout(parts: Parts) -> None:
    """After an execve less memory than before is a peak again."""
    process = FakeProcess(7, areas=(SMALL[0], SMALL[1]._replace(size=50 * KI, rss=40 * KI)))
    (target,) = parts.targets(process)
    smaller = replace(process, name="other", areas=SMALL, marks=(7, 8, 9))
    parts.proc.put(smaller)
    parts.reader.begin_tick(late_ns=0)
    parts.reader.read(target)
    assert target.sampler.image.name == "other"
    grown = replace(smaller, areas=(SMALL[0], SMALL[1]._replace(size=20 * KI, rss=10 * KI)))
    parts.proc.put(grown)
    risen = target.read_fast()
    assert risen is not None
    assert risen.resident < 40 * KI * KI
    assert target.schedule.due_for_peak(risen.resident).name == "READ"


def test_the_wall_clock_of_the_last_tick_dates_what_is_between(parts: Parts) -> None:
    """Though it is set meanwhile: figures between two ticks stay in their order."""
    parts.reader.begin_tick(late_ns=0)
    parts.time.set_by = -3600 * SECOND
    parts.time.now += 20 * MS
    assert parts.reader.utc_ns(parts.time.now) == UTC_START + 20 * MS
    parts.reader.begin_tick(late_ns=0)
    assert parts.reader.utc_ns(parts.time.now) == UTC_START + 20 * MS - 3600 * SECOND
