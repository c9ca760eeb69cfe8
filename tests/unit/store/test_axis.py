"""Times of a recording whose clock jumped, and of captures loaded out of order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.answers.usages import load
from memory_watcher.model import (
    FastReading,
    Image,
    LayoutState,
    Machine,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
    Usage,
)
from memory_watcher.report import report_text
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

HOUR = 3600 * SECOND


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.connection.close()


def jumping(builder: RecordingBuilder, by_ns: int, peak: int = 4) -> int:
    """Six ticks, a second apart; the clock is set before the fourth, at which most was in use."""
    process = builder.process(7)
    for number in range(1, 7):
        time = START + number * SECOND + (by_ns if number >= 4 else 0)
        tick = builder.tick(time)
        builder.execute("UPDATE ticks SET monotonic_ns = ? WHERE id = ?", number * SECOND, tick)
        size = (9 if number == peak else number % 3 + 1) * MI
        reading = Reading(resident=size, high_water_mark=size)
        builder.layout(
            process, [(mapping(MI, size), Usage(rss=size, pss=size))], reading, delay_ns=1000
        )
    builder.end_run()
    return process


@pytest.mark.parametrize("by_ns", [-HOUR, HOUR, -SECOND, START])
def test_a_peak_survives_a_jump(builder: RecordingBuilder, by_ns: int) -> None:
    """Instants are a second apart, in order, with the peak among them; labels are the clock's."""
    process = jumping(builder, by_ns)
    with Recording(builder.path) as recording:
        timeline = load(recording, [recording.process(process_id=process)]).timeline("pss")
        assert [b - a for a, b in zip(timeline.times_ns, timeline.times_ns[1:], strict=False)] == [
            SECOND
        ] * 5
        assert timeline.peak == 3
        assert timeline.total[3] == 9 * MI
        walls = [recording.axis.wall(time) for time in timeline.times_ns]
        assert walls == [each.time for each in recording.measurements(process)]
        assert recording.runs()[0].lasted_ns == 5 * SECOND
        (jump,) = recording.axis.jumps
        assert (jump.by_ns, jump.place_ns) == (by_ns, START + 4 * SECOND + by_ns)


def test_every_printed_time_is_found(builder: RecordingBuilder) -> None:
    """Also those that the clock showed a second time after it was set back."""
    process = jumping(builder, -2 * SECOND - SECOND // 2)
    with Recording(builder.path) as recording:
        for measurement in recording.measurements(process):
            assert recording.at(process, measurement.time).id == measurement.id


def test_a_span_of_a_clock_that_was_set_back(builder: RecordingBuilder) -> None:
    """From and to are times that the clock showed."""
    process = jumping(builder, -HOUR)
    with Recording(builder.path) as recording:
        asked = [recording.process(process_id=process)]
        first = load(recording, asked, first_ns=START).timeline("pss")
        assert len(first) == 6
        later = START - HOUR + 3 * SECOND
        assert list(load(recording, asked, last_ns=later).timeline("pss").ticks) == []
        late = load(recording, asked, last_ns=later + 2 * SECOND).timeline("pss")
        assert list(late.ticks) == [1, 2, 3, 4]


def test_fast_readings_beside_a_jump(tmp_path: Path) -> None:
    """Read before the clock was set back they count before, read after it after."""
    writer = Writer(str(tmp_path / "a.db"))
    writer.start_run(Machine("boot", "host", "6.1", 4096, 2), SECOND, ["memory-record"])
    process, back = None, -SECOND - 7
    for number, set_by in enumerate((0, 0, back, back)):
        now = START + number * SECOND + set_by
        writer.tick(Tick(now, number * SECOND, 0, 0, None, 0))
        if process is None:
            process = writer.add_process(ProcessFacts(ProcessKey(1, 1), Image("x")))
        reading = Reading(resident=KI, high_water_mark=KI)
        writer.sample(process, Sample(reading, LayoutState.NOT_TAKEN), 0)
        fast = FastReading((number + 2) * KI, (number + 2) * KI)
        writer.fast_reading(process, now + SECOND // 2, SECOND // 2, fast)
    writer.close("SIGINT")
    assert process is not None
    with Recording(tmp_path / "a.db") as recording:
        points = recording.fast_points(process)
        assert [point.resident for point in points] == [2 * KI, 3 * KI, 4 * KI, 5 * KI]
        assert [point.time for point in points] == [
            START + back + number * SECOND + SECOND // 2 for number in range(4)
        ]
        mark = recording.high_water_mark(process)
        assert mark is not None
        assert (mark.size, mark.tick, mark.time) == (5 * KI, 4, points[-1].time)


def test_captures_out_of_order(builder: RecordingBuilder) -> None:
    """Each is a run of its own; the timeline and the report show them in order of time."""
    process = builder.process(7)
    for minute in (3, 1, 2):
        builder.run()
        tick = builder.tick(START + minute * 60 * SECOND)
        builder.execute("UPDATE ticks SET monotonic_ns = NULL WHERE id = ?", tick)
        size = minute * MI
        builder.layout(process, [(mapping(MI, size), Usage(rss=size, pss=size))])
        builder.end_run("loaded")
    with Recording(builder.path) as recording:
        asked = recording.process(process_id=process)
        timeline = load(recording, [asked]).timeline("pss")
        assert list(timeline.ticks) == [2, 3, 1]
        assert list(timeline.total) == [MI, 2 * MI, 3 * MI]
        assert recording.axis.jumps == ()
        minutes = [(each.time - START) // (60 * SECOND) for each in recording.measurements(process)]
        assert minutes == [1, 2, 3]
        assert asked.first_seen == START + 60 * SECOND
        assert asked.last_seen == START + 180 * SECOND
        assert report_text(recording, [asked])
