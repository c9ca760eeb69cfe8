"""Times as a person types them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.passes import read
from memory_watcher.answers.moment import measurement_of, parse, pass_of, place
from memory_watcher.errors import SelectionError, UsageError
from memory_watcher.model import Usage
from memory_watcher.store.trees import TreeRecording
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
        ("1:00", NEXT_DAY + 3660 * SECOND - 1),
    ],
)
def test_moments(text: str, expected: int) -> None:
    """Shares, distances from the start, times of day and whole times are understood.

    A time of day before that of the first instant is on the next day.
    """
    assert place(parse(text, "time"), *TIMES) == expected


@pytest.mark.parametrize("text", ["soon", "25:61", "+", "-5s", "1000%x", "13:58:"])
def test_nonsense(text: str) -> None:
    """What is no time is told by what would be one."""
    with pytest.raises(UsageError):
        place(parse(text, "time"), *TIMES)


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
def recording_of_two(tmp_path: Path) -> Iterator[TreeRecording]:
    """PSS of 10, 40, 5 and 20 MiB of one process, and 1 MiB of another, a second apart."""
    builder = RecordingBuilder(tmp_path / "a.db")
    first, second = builder.process(1, "one"), builder.process(2, "two")
    for size in (10, 40, 5, 20):
        builder.tick()
        builder.layout(first, [(mapping(0x1000), Usage(rss=size * MI, pss=size * MI))])
        builder.layout(second, [(mapping(0x1000), Usage(rss=MI, pss=MI))])
    builder.end_run()
    with TreeRecording(builder.close()) as recording:
        yield recording


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("peak", 40), ("floor", 5), ("start", 10), ("end", 20), ("+1s", 40), ("50%", 40),
        ("100%", 20), ("13:58:04", 40), ("2018-08-17T13:58:05", 5), ("#5", 5),
    ],
)  # fmt: skip
def test_the_measurement_that_is_meant(recording: TreeRecording, text: str, size: int) -> None:
    """Of a process, and by its number; a time means the last one before it."""
    found = measurement_of(parse(text, "--at"), recording, 1, "pss")
    assert found.totals is not None
    assert found.totals.pss == size * MI
    view = memory_watcher.process_view(recording, recording.process(process_id=1), text)
    assert view.measurement == found
    assert view.is_peak == (text == "peak")
    assert view.breakdown.total.sum.size == size * MI


def test_a_measurement_of_another_process(recording: TreeRecording) -> None:
    """It is refused with the remedy, as is one that is not there."""
    with pytest.raises(SelectionError, match=r"is of another process .*--process-id"):
        measurement_of(parse("#2", "--at"), recording, 1, "pss")
    with pytest.raises(SelectionError, match="no measurement 99"):
        measurement_of(parse("#99", "--at"), recording, 1, "pss")


@pytest.mark.parametrize(("text", "size"), [("peak", 41), ("floor", 6), ("start", 11), ("end", 21)])
def test_the_pass_that_is_meant(recording: TreeRecording, text: str, size: int) -> None:
    """Of several processes it is a pass over all of them."""
    found = pass_of(parse(text, "--at"), recording, read(recording))
    assert found is not None
    assert found.sums.pss == size * MI


def test_scripts_ask_what_commands_answer(recording: TreeRecording) -> None:
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
    assert machine.moment.sums.pss == 6 * MI
    ((entry, (kind, name)),) = memory_watcher.attributed(recording, recording.peak(1))
    assert (entry.usage.pss, kind.value, name) == (40 * MI, "anonymous", "anonymous")
    with pytest.raises(AttributeError, match="has no attribute 'peek'"):
        getattr(memory_watcher, "peek")  # noqa: B009
