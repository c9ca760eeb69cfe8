"""Times as a person types them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.passes import Figures, read
from memory_watcher.answers.moment import measurement_of, parse, pass_of, place
from memory_watcher.errors import SelectionError, UsageError
from memory_watcher.model import Usage
from memory_watcher.store.recording import Recording
from tests.recordings import MI, SECOND, START, RecordingBuilder, mapping

TIMES = [START, START + 100 * SECOND]
#: The last nanosecond of 2018-08-17T13:58:03, in which the history begins.
FIRST_SECOND = START - START % SECOND + SECOND - 1
NEXT_DAY = START - START % (86400 * SECOND) + 86400 * SECOND


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0%", START),
        ("50 %", START + 50 * SECOND),
        ("100%", START + 100 * SECOND),
        ("+90s", START + 90 * SECOND),
        ("+90", START + 90 * SECOND),
        ("+1m", START + 60 * SECOND),
        ("13:58:03", FIRST_SECOND),
        (" 13:58:05 ", FIRST_SECOND + 2 * SECOND),
        ("13:59", FIRST_SECOND + 116 * SECOND),
        ("13:58:03.942", START + 999_999),
        ("2018-08-17T13:58:05", FIRST_SECOND + 2 * SECOND),
    ],
)
def test_moments(text: str, expected: int) -> None:
    """Shares, distances from the start, times of day and whole times are understood."""
    assert place(parse(text, "time"), *TIMES) == expected


@pytest.mark.parametrize(
    "text", ["soon", "25:61", "+", "-5s", "1000%x", "13:58:", "101%", "24:00", "9:5"]
)
def test_nonsense(text: str) -> None:
    """What is no time is told by what would be one."""
    with pytest.raises(UsageError):
        place(parse(text, "time"), *TIMES)


def test_a_time_of_day_is_of_the_next_day_if_that_was_recorded() -> None:
    """Else of the first day: then it says that nothing was recorded until then."""
    moment = parse("1:00", "time")
    at_one = NEXT_DAY + 3660 * SECOND - 1
    assert place(moment, START, NEXT_DAY + 7200 * SECOND) == at_one
    assert place(moment, *TIMES) == at_one - 24 * 3600 * SECOND


def test_the_minute_in_which_it_begins() -> None:
    """`--from 13:58` is of this day, though its first instant is before the recording."""
    moment = parse("13:58", "--from", first=True)
    assert place(moment, START, START + 48 * 3600 * SECOND) == START - START % (60 * SECOND)


@pytest.mark.parametrize("text", ["peak", "floor", "#3"])
def test_what_only_figures_tell(text: str) -> None:
    """Where times are meant, a peak is none; the error says what is."""
    with pytest.raises(UsageError, match=f"time: {text}: write a time here"):
        place(parse(text, "time"), *TIMES)


def test_start_and_end() -> None:
    """Both are times, too, in capitals as well."""
    assert place(parse("start", "time"), *TIMES) == TIMES[0]
    assert place(parse(" END ", "time"), *TIMES) == TIMES[1]


def test_the_first_instant_of_what_it_says() -> None:
    """For the begin of a span: of a second its first nanosecond, of a time of day, too."""
    second = FIRST_SECOND + SECOND
    for text in ("13:58:04", "2018-08-17T13:58:04"):
        assert place(parse(text, "--from", first=True), *TIMES) == second - SECOND + 1
        assert place(parse(text, "--to"), *TIMES) == second


@pytest.fixture(name="recording")
def recording_of_two(tmp_path: Path) -> Iterator[Recording]:
    """PSS of 10, 40, 5 and 20 MiB of one process, and 1 MiB of another, a second apart."""
    builder = RecordingBuilder(tmp_path / "a.db")
    first, second = builder.process(1, "one"), builder.process(2, "two")
    for size in (10, 40, 5, 20):
        builder.tick()
        builder.layout(first, [(mapping(0x1000), Usage(rss=size * MI, pss=size * MI))])
        builder.layout(second, [(mapping(0x1000), Usage(rss=MI, pss=MI))])
    builder.end_run()
    with Recording(builder.close()) as recording:
        yield recording


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("peak", 40), ("floor", 20), ("start", 10), ("end", 20), ("+1s", 40), ("50%", 40),
        ("100%", 20), ("13:58:04", 40), ("2018-08-17T13:58:05", 5), ("#5", 5),
    ],
)  # fmt: skip
def test_the_measurement_that_is_meant(recording: Recording, text: str, size: int) -> None:
    """Of a process, and by its number; a time means the last one before it."""
    found = measurement_of(parse(text, "--at"), recording, 1, "pss")
    assert found.totals is not None
    assert found.totals.pss == size * MI
    view = memory_watcher.process_view(recording, recording.process(process_id=1), text)
    assert view.measurement == found
    assert view.is_peak == (text == "peak")
    assert view.breakdown.total.sum.size == size * MI


def test_a_measurement_of_another_process(recording: Recording) -> None:
    """It is refused with the remedy, as is one that is not there."""
    with pytest.raises(SelectionError, match=r"is of another process .*; choose that process"):
        measurement_of(parse("#2", "--at"), recording, 1, "pss")
    with pytest.raises(SelectionError, match="no measurement 99"):
        measurement_of(parse("#99", "--at"), recording, 1, "pss")


@pytest.mark.parametrize(
    ("text", "size"), [("peak", 41), ("floor", 21), ("start", 11), ("end", 21)]
)
def test_the_pass_that_is_meant(recording: Recording, text: str, size: int) -> None:
    """Of several processes it is a pass over all of them."""
    found = pass_of(parse(text, "--at"), recording, read(recording))
    assert found is not None
    assert found.sums.pss == size * MI


@pytest.fixture(name="set_back")
def recording_with_a_clock_set_back(tmp_path: Path) -> Iterator[Recording]:
    """PSS of 1 to 10 MiB, a second apart; from the fifth on the clock shows an hour less."""
    builder = RecordingBuilder(tmp_path / "back.db")
    process, other = builder.process(1, "one"), builder.process(2, "two")
    for number in range(10):
        tick = builder.tick(START + number * SECOND - (3600 * SECOND if number >= 4 else 0))
        builder.execute("UPDATE ticks SET monotonic_ns = ? WHERE id = ?", number * SECOND, tick)
        for each in (process, other):
            size = (number + 1) * MI
            builder.layout(each, [(mapping(0x1000), Usage(rss=size, pss=size))])
    builder.end_run()
    with Recording(builder.close()) as recording:
        yield recording


@pytest.mark.parametrize(
    ("text", "size"), [("start", 1), ("+0", 1), ("+2s", 3), ("50%", 5), ("0%", 1), ("end", 10)]
)
def test_a_clock_that_was_set_does_no_harm(set_back: Recording, text: str, size: int) -> None:
    """So long after the start is so long by the clock that is never set."""
    found = measurement_of(parse(text, "--at"), set_back, 1, "pss")
    assert found.totals is not None
    assert found.totals.pss == size * MI
    both = pass_of(parse(text, "--at"), set_back, read(set_back))
    assert both is not None
    assert both.sums.pss == 2 * size * MI


def test_the_floor_is_of_the_last_fifth(tmp_path: Path) -> None:
    """What a process has before it has done anything is no floor: the lowest near the end is."""
    builder = RecordingBuilder(tmp_path / "long.db")
    first, second = builder.process(1, "one"), builder.process(2, "two")
    for size in (1, 2, 3, 4, 50, 60, 70, 80, 31, 90, 33):
        builder.tick()
        builder.layout(first, [(mapping(0x1000), Usage(rss=size * MI, pss=size * MI))])
        builder.layout(second, [(mapping(0x1000), Usage(rss=MI, pss=MI))])
    with Recording(builder.close()) as recording:
        found = measurement_of(parse("floor", "--at"), recording, 1, "pss")
        assert found.totals is not None
        assert found.totals.pss == 31 * MI
        whole = pass_of(parse("floor", "--at"), recording, read(recording))
        assert whole is not None
        assert whole.sums.pss == 32 * MI


@pytest.mark.parametrize(
    ("ends", "sizes", "floor"),
    [
        (True, (1, 80, 81, 82, 83, 84, 80, 90, 91, 30), 91),
        (True, (1, 80, 81, 82, 83, 84, 80, 90, 91, 60, 30, 10), 91),
        (True, (1, 80, 81, 81, 81, 30), 81),  # a short life
        (True, (1, 80, 81, 82, 83, 84, 80, 30, 30, 30), 30),  # freed, and then it went on
        (True, (1, 80, 81, 82, 83, 84, 80, 90, 91, 85), 85),  # not below all of the last fifth
        (True, (1, 30), 30),
        (False, (1, 80, 81, 82, 83, 84, 80, 90, 91, 30), 30),  # it may be freed, and go on
    ],
)
def test_the_floor_is_of_a_program_that_is_not_ending(
    tmp_path: Path, ends: bool, sizes: tuple[int, ...], floor: int
) -> None:
    """What a program gives back as it ends was not free before."""
    builder = RecordingBuilder(tmp_path / "ended.db")
    process = builder.process(1, "one")
    for size in sizes:
        builder.tick()
        builder.layout(process, [(mapping(0x1000), Usage(rss=size * MI, pss=size * MI))])
    if ends:
        builder.end(process, builder.tick())
    with Recording(builder.close()) as recording:
        found = measurement_of(parse("floor", "--at"), recording, 1, "pss")
        assert found.totals is not None
        assert found.totals.pss == floor * MI


def test_the_floor_lacks_nobody(recording: Recording) -> None:
    """A pass in which somebody could not be read has a small sum, and is no floor."""
    passes = read(recording)
    whole = pass_of(parse("floor", "--at"), recording, passes)
    last = passes.sums[-1]
    passes.sums.append(last._replace(lacking=1, sums=Figures(pss=MI)))
    assert pass_of(parse("floor", "--at"), recording, passes) == whole == last


def test_what_a_script_may_write(recording: Recording, tmp_path: Path) -> None:
    """Nanoseconds are a time; what is no figure, sorting or process is one clear error."""
    process = recording.process(process_id=1)
    view = memory_watcher.process_view(recording, process, START + SECOND)
    assert view.breakdown.total.sum.size == 40 * MI
    found = memory_watcher.history(recording, begin="13:58:04", end="13:58:05")
    assert found.timeline.heights == [41 * MI, 6 * MI]
    with pytest.raises(UsageError, match="choose one of pss"):
        memory_watcher.history(recording, figure="bogus")
    with pytest.raises(UsageError, match="sort by one of"):
        memory_watcher.list_processes(recording, "bogus")
    with pytest.raises(UsageError, match="a measurement is of one process"):
        memory_watcher.system_view(recording, "#3")
    builder = RecordingBuilder(tmp_path / "empty.db")
    with Recording(builder.close()) as empty:
        with pytest.raises(SelectionError, match="holds no process; record again"):
            memory_watcher.history(empty)
        for moment in ("start", "50%"):
            with pytest.raises(SelectionError, match="nothing was recorded; record again"):
                memory_watcher.system_view(empty, moment)


def test_scripts_ask_what_commands_answer(recording: Recording) -> None:
    """Each name that the package offers is there, and answers."""
    assert all(hasattr(memory_watcher, name) for name in memory_watcher.__all__)
    listed = memory_watcher.list_processes(recording, "pss")
    assert [row.process.pid for row in listed.rows] == [1, 2]
    assert listed.highest is not None
    assert listed.highest.moment.sums.pss == 41 * MI
    found = memory_watcher.history(recording, begin="start", end="50%")
    assert found.timeline.heights == [11 * MI, 41 * MI]
    machine = memory_watcher.system_view(recording, "floor")
    assert [branch.process.pid for branch, _ in machine.ranking.top] == [1, 2]
    assert machine.moment is not None
    assert machine.moment.sums.pss == 21 * MI
    ((entry, (kind, name)),) = memory_watcher.attributed(recording, recording.peak(1))
    assert (entry.usage.pss, kind.value, name) == (40 * MI, "anonymous", "anonymous")
    with pytest.raises(AttributeError, match="has no attribute 'peek'"):
        getattr(memory_watcher, "peek")  # noqa: B009
