"""Questions to a recording, asked of files written by plain SQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memory_watcher
from memory_watcher.errors import SelectionError
from memory_watcher.metrics import USAGE
from memory_watcher.model import (
    LayoutState,
    Machine,
    Mapping,
    MappingUsage,
    ProcessKey,
    Reading,
    Usage,
    sum_totals,
)
from memory_watcher.recorded import PeakFigure
from memory_watcher.store.read import intervals, measurements
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping

HOSTILE = "a\x1b[31m\n\tb\udcff [heap] <i>"


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


@pytest.fixture
def opened(builder: RecordingBuilder) -> Iterator[Callable[[], Recording]]:
    """Close what was built and open it as a reader does."""
    open_ones: list[Recording] = []

    def open_it() -> Recording:
        open_ones.append(Recording(builder.close()))
        return open_ones[-1]

    yield open_it
    for recording in open_ones:
        recording.close()


Opened = Callable[[], Recording]


def one(rss: int, pss: int | None = 0) -> list[Entry]:
    """Make a layout of one mapping."""
    return [(mapping(0x1000, 64 * MI), Usage(rss=rss, pss=pss))]


def facts(entries: Iterator[MappingUsage]) -> list[Entry]:
    return [(entry.mapping, entry.usage) for entry in entries]


class TestProcesses:
    def test_all_that_was_recorded_once(self, builder: RecordingBuilder, opened: Opened) -> None:
        """A process has its facts, its images in order, and when it was seen."""
        process = builder.process(4711, "sh", start_time=77)
        builder.tick()
        builder.reading(process, delay_ns=5)
        builder.tick()
        builder.image(process, HOSTILE, builder.last_tick)
        builder.reading(process)
        builder.end(process, builder.tick())
        (found,) = opened().processes()
        assert (found.id, found.pid, found.start_time) == (process, 4711, 77)
        assert found.key == ProcessKey(4711, 77)
        assert (found.parent_pid, found.uid, found.cgroup) == (1, 1000, "0::/user.slice")
        assert (found.first_seen, found.last_seen) == (START + 5, START + SECOND)
        assert (found.ended, found.end_tick) == (True, 3)
        assert [image.name for image in found.images] == ["sh", HOSTILE]
        assert found.name == HOSTILE
        assert found.command_line == f"{HOSTILE} --flag"
        assert found.exe == f"/usr/bin/{HOSTILE}"

    def test_the_image_at_a_tick(self, builder: RecordingBuilder, opened: Opened) -> None:
        """An image is valid from its tick to the next image's."""
        process = builder.process(1, "sh")
        builder.image(process, "python", 5)
        (found,) = opened().processes()
        names = [image.name for tick in (0, 1, 4, 5, 9) if (image := found.image_at(tick))]
        assert names == ["sh", "sh", "sh", "python", "python"]

    def test_a_process_that_was_never_read(self, builder: RecordingBuilder, opened: Opened) -> None:
        """It is there, without times, and has not ended."""
        builder.execute("INSERT INTO processes (machine_id, pid, start_time) VALUES (1, 5, 0)")
        (found,) = opened().processes()
        assert (found.first_seen, found.last_seen, found.ended) == (None, None, False)
        assert (found.name, found.command_line, found.exe) == ("", None, None)
        assert found.image_at(1) is None

    def test_a_process_that_only_passes_read(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """It was seen when it came and when it was found to have ended."""
        process = builder.process(1, "sh")
        ticks = [builder.tick(time_ns=second * SECOND) for second in (1, 2, 3)]
        builder.end(process, ticks[2])
        (found,) = opened().processes()
        assert (found.first_seen, found.last_seen) == (1 * SECOND, 3 * SECOND)

    def test_the_only_process_needs_no_name(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Without a question, the one process is meant; a PID or an id finds it too."""
        process = builder.process(4711)
        recording = opened()
        assert recording.process().id == process
        assert recording.process(pid=4711).id == process
        assert recording.process(process_id=process).id == process
        assert recording.process_count() == 1

    def test_an_unknown_process_tells_what_is_there(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """The error is one line that lists the processes, harmless to a terminal."""
        builder.process(4711, HOSTILE)
        recording = opened()
        for ask in ({"pid": 1}, {"process_id": 9}, {"pid": 2**70}, {"pid": 4711, "process_id": 9}):
            with pytest.raises(SelectionError, match="PID 4711") as error:
                recording.process(**ask)
            assert str(error.value).isprintable()

    def test_a_pid_of_several_processes_lists_them(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """With their ids, names and times, so that one can be chosen by its id."""
        for start_time, name in ((1, "first"), (2, "second")):
            process = builder.process(4711, name, start_time=start_time)
            builder.tick()
            builder.reading(process)
        builder.process(5, "other")
        recording = opened()
        with pytest.raises(SelectionError, match="PID 4711 stands for 2 processes") as error:
            recording.process(pid=4711)
        message = str(error.value)
        assert "1 (PID 4711, 'first', 2018-08-1" in message
        assert "2 (PID 4711, 'second', 2018-08-1" in message
        assert "other" not in message
        assert recording.process(pid=4711, process_id=2).name == "second"
        with pytest.raises(SelectionError, match="holds 3 processes"):
            recording.process()

    def test_a_long_list_is_cut(self, builder: RecordingBuilder, opened: Opened) -> None:
        """An error stays readable with hundreds of processes."""
        for pid in range(1, 101):
            builder.process(pid)
        with pytest.raises(SelectionError, match="and 70 more"):
            opened().process(pid=1000)

    def test_an_empty_recording_says_so(self, opened: Opened) -> None:
        """A recorder that was killed at once leaves no process."""
        recording = opened()
        assert recording.processes() == []
        for ask in ({}, {"pid": 1}):
            with pytest.raises(SelectionError, match="holds no process; record again"):
                recording.process(**ask)


def test_runs(builder: RecordingBuilder, opened: Opened) -> None:
    """Each run has its machine, its times and whether it ended cleanly."""
    builder.run()
    builder.tick()
    builder.tick()
    builder.end_run("SIGINT")
    builder.run()
    builder.tick()
    first, second = opened().runs()
    assert first.machine == Machine("boot", "host", "6.1", 4096, 2)
    assert (first.first_tick, first.last_tick) == (1, 2)
    assert (first.started, first.ended, first.end_reason) == (START, START + SECOND, "SIGINT")
    assert (first.period_ns, first.command_line, first.version) == (
        SECOND,
        "memory-record 1 1000",
        "0",
    )
    assert (second.first_tick, second.last_tick, second.ended) == (3, None, None)


class TestMeasurements:
    def test_every_figure_comes_back(self, builder: RecordingBuilder, opened: Opened) -> None:
        """The cheap figures, the sums, the cost and the state, each in its own field."""
        values = [*range(1001, 1012), "S", 1013, -14]
        reading = Reading(*values)
        process = builder.process(1)
        builder.tick()
        entries = [
            (
                mapping(0x1000),
                Usage(rss=8 * KI, pss=5 * KI, private_clean=KI, private_dirty=2 * KI),
            ),
            (mapping(0x90000), Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=KI)),
        ]
        number = builder.layout(process, entries, reading, state=LayoutState.TORN, delay_ns=7)
        builder.execute("UPDATE readings SET rollup_pss = 70, cpu_ns = 80, wall_ns = 90")
        recording = opened()
        (found,) = recording.measurements(process)
        assert found == recording.measurement(number)
        assert (found.id, found.process_id, found.tick) == (number, process, 1)
        assert (found.time, found.state) == (START + 7, LayoutState.TORN)
        assert found.reading == reading
        assert found.totals == sum_totals([MappingUsage(*entry) for entry in entries])
        assert found.totals is not None
        assert found.totals.uss == 4 * KI
        assert (found.rollup_pss, found.cpu_ns, found.wall_ns) == (70, 80, 90)

    def test_what_was_not_told_is_none(self, builder: RecordingBuilder, opened: Opened) -> None:
        """A reading without permission has no figure that is 0."""
        process = builder.process(1)
        builder.tick()
        builder.reading(process, state=LayoutState.NO_PERMISSION)
        (found,) = opened().measurements(process)
        assert found.reading == Reading()
        assert (found.totals, found.has_layout, found.rollup_pss) == (None, False, None)
        assert found.state is LayoutState.NO_PERMISSION

    def test_they_come_in_order_and_of_one_process(
        self, builder: RecordingBuilder, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Over any number of pages, each measurement comes once."""
        monkeypatch.setattr(measurements, "_PAGE", 3)
        processes = [builder.process(1), builder.process(2)]
        for _ in range(9):
            builder.tick()
            for process in processes:
                builder.reading(process)
        recording = opened()
        for process in processes:
            found = list(recording.measurements(process))
            assert [measurement.tick for measurement in found] == list(range(1, 10))
            assert {measurement.process_id for measurement in found} == {process}

    def test_unknown_ones_are_refused(self, opened: Opened) -> None:
        """Asking for what is not there is an error, not an empty answer."""
        recording = opened()
        with pytest.raises(SelectionError):
            recording.measurements(1)
        with pytest.raises(SelectionError, match="no measurement 5"):
            recording.measurement(5)
        with pytest.raises(SelectionError, match="no measurement 5"):
            recording.layout(5)


class TestPeak:
    @pytest.mark.parametrize("state", [LayoutState.EXACT, LayoutState.UNCHECKED])
    @pytest.mark.parametrize("by", ["pss", "rss", "statm"])
    def test_a_torn_layout_is_no_peak(
        self, state: LayoutState, by: PeakFigure, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """It may count blocks twice: it is the peak only of a process all of whose are torn."""
        process, torn = builder.process(1), builder.process(2)
        for size, found in ((1, state), (9, LayoutState.TORN), (2, state), (3, LayoutState.TORN)):
            builder.tick()
            builder.layout(process, one(size * MI, size * MI), state=found)
            builder.layout(torn, one(size * MI, size * MI), state=LayoutState.TORN)
        recording = opened()
        assert (recording.peak(process, by).tick, recording.peak(process, by).state) == (3, state)
        assert recording.peak(torn, by).tick == 2

    def test_exact_and_unchecked_layouts_are_compared_by_size(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Where statm is approximate some agree with it by chance: they are no better."""
        process = builder.process(1)
        for size, state in ((1, LayoutState.EXACT), (9, LayoutState.UNCHECKED)):
            builder.tick()
            builder.layout(process, one(size * MI, size * MI), state=state)
        assert opened().peak(process).tick == 2

    def test_each_figure_has_its_own_peak(self, builder: RecordingBuilder, opened: Opened) -> None:
        """PSS, RSS and statm's resident figure may be highest at different times."""
        process = builder.process(1)
        for pss, rss, resident in ((3, 1, 1), (1, 3, 1), (1, 1, 3), (2, 2, 2)):
            builder.tick()
            builder.layout(process, one(rss * MI, pss * MI), Reading(resident=resident * MI))
        recording = opened()
        assert recording.peak(process).tick == 1
        assert recording.peak(process, "pss").tick == 1
        assert recording.peak(process, "rss").tick == 2
        assert recording.peak(process, "statm").tick == 3

    def test_the_earliest_of_equals(self, builder: RecordingBuilder, opened: Opened) -> None:
        """A plateau's peak is where it begins."""
        process = builder.process(1)
        for pss in (1, 5, 5, 2):
            builder.tick()
            builder.layout(process, one(pss * MI, pss * MI))
        assert opened().peak(process).tick == 2

    def test_only_measurements_with_a_layout_and_of_this_process(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """A cheap reading has nothing to show, however high; nor has another process."""
        process, other = builder.process(1), builder.process(2)
        builder.tick()
        builder.layout(process, one(MI, MI))
        builder.layout(other, one(9 * MI, 9 * MI))
        builder.tick()
        builder.reading(process, Reading(resident=9 * MI))
        recording = opened()
        assert recording.peak(process, "statm").tick == 1
        assert recording.peak(process, "pss").process_id == process

    def test_a_figure_that_was_not_told(self, builder: RecordingBuilder, opened: Opened) -> None:
        """A layout without PSS is no peak of PSS, but may be one of RSS."""
        process = builder.process(1)
        builder.tick()
        builder.layout(process, one(MI, None))
        recording = opened()
        with pytest.raises(
            SelectionError, match="no layout reports pss; reported figures: rss, statm"
        ):
            recording.peak(process)
        assert recording.peak(process, "rss").tick == 1

    def test_no_layout_at_all_says_why(self, builder: RecordingBuilder, opened: Opened) -> None:
        """The recorded reasons are the answer."""
        process = builder.process(1, HOSTILE)
        builder.tick()
        builder.reading(process, state=LayoutState.NOT_TAKEN)
        builder.tick()
        builder.reading(process, state=LayoutState.NO_PERMISSION)
        recording = opened()
        for ask in (recording.peak, lambda number: recording.at(number, START + 9 * SECOND)):
            with pytest.raises(SelectionError, match="The kernel refused") as error:
                ask(process)
            assert str(error.value).isprintable()
        with pytest.raises(SelectionError, match="no process with"):
            recording.peak(99)


class TestAt:
    @pytest.fixture
    def recording(self, builder: RecordingBuilder, opened: Opened) -> Recording:
        """Provide layouts at 0, 1, 2 s, a cheap reading at 3 s, a layout an hour later."""
        process = builder.process(1)
        for second in (0, 1, 2):
            builder.tick(START + second * SECOND)
            builder.layout(process, one(MI, MI), delay_ns=5_000_000)
        builder.tick(START + 3 * SECOND)
        builder.reading(process)
        builder.tick(START + 3600 * SECOND)
        builder.layout(process, one(MI, MI), delay_ns=5_000_000)
        return opened()

    @pytest.mark.parametrize(
        ("after", "tick"),
        [
            (5_000_000, 1),
            (SECOND, 1),
            (SECOND + 4_999_999, 1),
            (SECOND + 5_000_000, 2),
            (2 * SECOND + 5_000_000, 3),
            (3 * SECOND + 900_000_000, 3),
            (3599 * SECOND, 3),
            (3601 * SECOND, 5),
            (2**80, 5),
        ],
    )
    def test_the_layout_at_or_right_before(
        self, recording: Recording, after: int, tick: int
    ) -> None:
        """To the nanosecond of the reading itself, not of its tick; over gaps of any length."""
        assert recording.at(1, START + after).tick == tick

    @pytest.mark.parametrize("after", [-1, 0, 4_999_999, -(2**80)])
    def test_before_the_first_one(self, recording: Recording, after: int) -> None:
        """The error names the first time that there is."""
        with pytest.raises(SelectionError, match=r"first one is of 2018-08-1.T.*03\.947"):
            recording.at(1, START + after)

    def test_a_clock_that_was_set_back(self, builder: RecordingBuilder, opened: Opened) -> None:
        """The times that people see decide, not the order of the ticks."""
        process = builder.process(1)
        for second in (0, 10, 5, 6):
            builder.tick(START + second * SECOND)
            builder.layout(process, one(MI, MI))
        recording = opened()
        ticks = [recording.at(process, START + second * SECOND).tick for second in (4, 5, 7, 11)]
        assert ticks == [1, 3, 4, 2]


class TestLayout:
    def test_every_mapping_with_every_figure(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """All columns come back, in the order of addresses, with names byte for byte."""
        numbers = sum(metric.unit != "text" for metric in USAGE)
        entries = [
            (
                Mapping(0x1000, 0x5000, "r-xp", 4096, 8 << 20 | 1, 12, HOSTILE),
                Usage._make((*range(numbers), None, None)),
            ),
            (
                Mapping(0x7FF0_0000_0000, 0x7FF0_0000_1000, "rw-s", 0, 0, 0, ""),
                Usage._make((*range(numbers, 2 * numbers), "rd wr", "NewKey: 1 kB")),
            ),
            (mapping(0x7FFF_0000_0000, pathname="[stack]"), Usage()),
            (mapping(2**64 - 10 * MI, 4 * KI, "--xp", "[vsyscall]"), Usage(rss=0)),
        ]
        process = builder.process(1)
        builder.tick()
        number = builder.layout(process, reversed(entries), state=LayoutState.UNCHECKED)
        layout = opened().layout(number)
        assert facts(iter(layout)) == entries
        assert layout.state is LayoutState.UNCHECKED
        assert layout.entries[3].mapping.start == 2**64 - 10 * MI

    def test_a_torn_layout_is_given_as_it_was_read(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Overlapping mappings break nothing."""
        entries = [(mapping(0x1000, 64 * KI), Usage(rss=KI)), (mapping(0x2000, KI), Usage(rss=1))]
        process = builder.process(1)
        builder.tick()
        number = builder.layout(process, entries, state=LayoutState.TORN)
        layout = opened().layout(number)
        assert facts(iter(layout)) == entries
        assert layout.state is LayoutState.TORN

    def test_a_measurement_without_one_says_why(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Not an empty layout, which would mean that nothing is mapped."""
        process = builder.process(1)
        builder.tick()
        number = builder.reading(process, state=LayoutState.ZOMBIE)
        with pytest.raises(SelectionError, match="not yet reaped"):
            opened().layout(number)

    def test_processes_do_not_mix(self, builder: RecordingBuilder, opened: Opened) -> None:
        """Two processes with the same mapping at the same tick keep their own figures."""
        builder.tick()
        processes = [builder.process(1, start_time=1), builder.process(1, start_time=2)]
        numbers = [builder.layout(process, one(process * MI)) for process in processes]
        recording = opened()
        for process, number in zip(processes, numbers, strict=True):
            assert [entry.usage.rss for entry in recording.layout(number)] == [process * MI]

    @settings(max_examples=40)  # each makes a file
    @given(data=st.data())
    def test_intervals_give_the_same_as_one_row_per_tick(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """However rows are cut at changes and keyframes, each instant is the one that was."""
        figures = st.one_of(st.none(), st.integers(0, 3))
        history = data.draw(
            st.lists(st.lists(figures, min_size=3, max_size=3), min_size=1, max_size=12)
        )
        cuts = data.draw(st.sets(st.integers(1, len(history))))
        builder = RecordingBuilder(tmp_path_factory.mktemp("intervals") / "a.db")
        process = builder.process(1)
        headers = [mapping(0x1000 * (i + 1), 0x1000) for i in range(3)]
        numbers = _store_in_intervals(builder, process, headers, history, {1} | cuts)
        with Recording(builder.close()) as recording:
            for number, rows in zip(numbers, history, strict=True):
                there = [
                    (header, Usage(rss=rss * KI))
                    for header, rss in zip(headers, rows, strict=True)
                    if rss is not None
                ]
                assert facts(iter(recording.layout(number))) == there


def _store_in_intervals(
    builder: RecordingBuilder,
    process: int,
    headers: list[Mapping],
    history: list[list[int | None]],
    keyframes: set[int],
) -> list[int]:
    """Store the RSS of each mapping (None: it is not there) as a recorder does."""
    numbers = []
    for tick in range(1, len(history) + 1):
        builder.tick()
        number = builder.reading(process, state=LayoutState.EXACT)
        keyframe = max(cut for cut in keyframes if cut <= tick)
        builder.execute("UPDATE readings SET keyframe = ? WHERE id = ?", keyframe, number)
        numbers.append(number)
    for column, header in enumerate(headers):
        ticks = range(1, len(history) + 1)

        def piece(tick: int, column: int = column) -> tuple[int, int | None, int]:
            rss = history[tick - 1][column]
            before = sum(
                history[t - 1][column] != history[t - 2][column] for t in range(2, tick + 1)
            )
            return before, rss, max(cut for cut in keyframes if cut <= tick)

        for (_, rss, _), group in itertools.groupby(ticks, piece):
            span = list(group)
            if rss is not None:
                # Cut by a keyframe, a row still says that it is valid: nobody looks that far.
                cut = span[-1] + 1 in keyframes
                last = 2**31 - 1 if cut else span[-1]
                builder.usage(process, header, Usage(rss=rss * KI), span[0], last)
    return numbers


class TestHighWaterMark:
    def test_the_highest_and_where_it_was_first_seen(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Also when an execve starts a new mark that is lower; `until` ends the search."""
        process = builder.process(1)
        for mark in (1, None, 7, 7, 2, 9):
            builder.tick()
            builder.reading(process, Reading(high_water_mark=mark and mark * MI))
        recording = opened()
        found = recording.high_water_mark(process, until=5)
        assert found == (7 * MI, 3, START + 2 * SECOND, START + SECOND)
        highest = recording.high_water_mark(process)
        assert highest is not None
        assert highest.tick == 6

    def test_none_if_it_was_never_read(self, builder: RecordingBuilder, opened: Opened) -> None:
        """Absent is None."""
        process = builder.process(1)
        builder.tick()
        builder.reading(process)
        assert opened().high_water_mark(process) is None


class TestSystem:
    def test_memory_at_a_tick(self, builder: RecordingBuilder, opened: Opened) -> None:
        """Each field has its latest value at that tick."""
        for _ in range(4):
            builder.tick()
        builder.meminfo(1, MemTotal=100, MemFree=50, HugePages_Total=3)
        builder.meminfo(3, MemFree=40)
        recording = opened()
        seen = [found.values for tick in (1, 2, 4) if (found := recording.system_memory(tick))]
        assert seen == [
            {"MemTotal": 100, "MemFree": 50, "HugePages_Total": 3},
            {"MemTotal": 100, "MemFree": 50, "HugePages_Total": 3},
            {"MemTotal": 100, "MemFree": 40, "HugePages_Total": 3},
        ]
        with pytest.raises(SelectionError, match="no tick 9"):
            recording.system_memory(9)

    def test_memory_of_an_earlier_run_is_not_this_run_s(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Between two runs nobody looked."""
        builder.run()
        builder.meminfo(builder.tick(), MemTotal=100)
        builder.run()
        builder.tick()
        assert opened().system_memory(2) is None

    @pytest.mark.parametrize("cause", ["start", "peak", "exit"])
    def test_memory_is_told_only_where_it_was_read(
        self, cause: str, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Between two deadlines meminfo is not read, so there is none, nor a row of the view."""
        for available in (9, 8, 7):
            tick = builder.tick()
            if tick == 2:
                builder.execute("UPDATE ticks SET cause = ? WHERE id = ?", cause, tick)
            else:
                builder.meminfo(tick, MemTotal=2048 * available, MemAvailable=1024 * available)
        query = "SELECT mem_available FROM system_memory ORDER BY time"
        assert builder.connection.execute(query).fetchall() == [(9,), (7,)]
        recording = opened()
        assert recording.system_memory(2) is None
        assert recording.system_memory(3) is not None
        assert recording.system_peak() == 3

    def test_the_moment_of_lowest_memory(self, builder: RecordingBuilder, opened: Opened) -> None:
        """By either figure; the first of equals."""
        for available in (9, 5, 6, 5):
            builder.meminfo(builder.tick(), MemAvailable=available)
        recording = opened()
        assert recording.system_peak() == 2
        with pytest.raises(SelectionError, match="MemAvailableComputed was not recorded"):
            recording.system_peak("MemAvailableComputed")

    def test_the_computed_figure_is_taken_when_a_tick_is_complete(
        self, builder: RecordingBuilder, opened: Opened
    ) -> None:
        """Half of a tick's changes would make a low that never was."""
        rest = {"Buffers": 0, "SwapCached": 0, "SReclaimable": 0, "Shmem": 0}
        builder.meminfo(builder.tick(), Cached=100, MemFree=100, **rest)
        builder.meminfo(builder.tick(), Cached=0, MemFree=200)
        builder.meminfo(builder.tick(), MemFree=190)
        builder.meminfo(builder.tick(), Cached=500, MemFree=0)
        assert opened().system_peak("MemAvailableComputed") == 3

    def test_no_memory_figures(self, builder: RecordingBuilder, opened: Opened) -> None:
        """The error says which processes can be asked for instead."""
        builder.process(4711)
        with pytest.raises(SelectionError, match=r"MemAvailable was not recorded.*PID 4711"):
            opened().system_peak()

    def test_ticks_by_time(self, builder: RecordingBuilder, opened: Opened) -> None:
        """The tick at or right before; before the first, an error that names it."""
        builder.tick()
        builder.tick()
        recording = opened()
        assert recording.tick_at(START) == 1
        assert recording.tick_at(START + SECOND - 1) == 1
        assert recording.tick_at(START + 2**70) == 2
        assert recording.tick_time(2) == START + SECOND
        with pytest.raises(SelectionError, match="first tick is of 2018"):
            recording.tick_at(START - 1)
        with pytest.raises(SelectionError, match="no tick 3"):
            recording.tick_time(3)

    def test_processes_at_a_tick(self, builder: RecordingBuilder, opened: Opened) -> None:
        """Who lived then, with the latest reading, and the latest layout if it is still good."""
        old = builder.process(1, "of an earlier run")
        builder.tick()
        builder.layout(old, one(MI, MI))
        builder.run()
        names = ("steady", "skipped", "ended", "secret", "lost permission", "later")
        steady, skipped, ended, secret, lost, later = (
            builder.process(10 + index, name) for index, name in enumerate(names)
        )
        builder.tick()
        for process in (steady, skipped, ended, lost):
            builder.layout(process, one(process * MI, process * MI))
        builder.reading(secret, state=LayoutState.NO_PERMISSION)
        now = builder.tick()
        builder.layout(steady, one(50 * MI, 50 * MI))
        builder.reading(skipped, Reading(resident=7))
        builder.reading(lost, state=LayoutState.NO_PERMISSION)
        builder.end(ended, now)
        builder.tick()
        builder.layout(later, one(MI, MI))
        builder.layout(steady, one(60 * MI, 60 * MI))
        found = {
            moment.process.name: (moment.latest.tick, moment.layout and moment.layout.tick)
            for moment in opened().processes_at(now)
        }
        assert found == {
            "steady": (3, 3),
            "skipped": (3, 2),
            "secret": (2, None),
            "lost permission": (3, None),
        }


def test_the_package_opens_recordings(builder: RecordingBuilder) -> None:
    """`memory_watcher.open` is the documented way in."""
    process = builder.process(1)
    builder.tick()
    builder.layout(process, one(MI, MI))
    with memory_watcher.open(builder.close()) as recording:
        peak = recording.peak(recording.process().id)
        assert peak.totals is not None
        assert peak.totals.pss == MI
        assert len(recording.layout(peak.id)) == 1
        assert recording.path.endswith("a.db")


def test_many_ticks_in_a_few_questions(
    builder: RecordingBuilder, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measurements and intervals of some ticks are the same however many are asked for at once."""
    process = builder.process(7)
    other = builder.process(8)
    for number in range(9):
        tick = builder.tick()
        builder.layout(process, [(mapping(number), Usage(rss=KI * number))])
        builder.layout(other, [(mapping(number), Usage(rss=MI))])
        builder.execute(
            "UPDATE usage_rows SET last_tick = ? WHERE first_tick = ?", tick + number % 3, tick
        )
    recording = opened()
    ticks = [2, 3, 5, 6, 9]
    every = [row for page in recording.usage_pages(process, ("rss",), 1, 9) for row in page]
    standing = [row for row in every if any(row[0] <= tick <= row[1] for tick in ticks)]
    for at_once in (1, 2, 5, 400):
        monkeypatch.setattr(intervals, "_AT_ONCE", at_once)
        monkeypatch.setattr(measurements, "_AT_ONCE", at_once)
        pages = list(recording.standing_pages(process, ("rss",), 1, ticks))
        assert sorted(row for page in pages for row in page) == standing
        assert recording.standing_count(process, 1, ticks) == len(standing)
        found = list(recording.measurements_at(process, [*ticks, 99]))
        assert found == [recording.measurement_at(process, tick) for tick in ticks]


def test_equal_usages_of_a_layout_are_one_object(builder: RecordingBuilder, opened: Opened) -> None:
    """A million mappings have a few hundred different usages: each takes 250 bytes."""
    process = builder.process(7)
    builder.tick()
    equal = Usage(rss=KI, pss=KI)
    entries = [(mapping(number), equal) for number in range(5)] + [(mapping(9), Usage(rss=MI))]
    number = builder.layout(process, entries)
    found = opened().layout(number).entries
    assert [(each.mapping, each.usage) for each in found] == entries
    assert len({id(each.usage) for each in found}) == 2
