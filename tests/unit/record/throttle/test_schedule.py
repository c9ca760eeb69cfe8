"""LayoutSchedule: when a layout is read, and when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory_watcher.errors import NoSuchProcess
from memory_watcher.model import LayoutState, Reading, Sample
from memory_watcher.record.policy import MIB, Policy
from memory_watcher.record.throttle.change_check import hash_of_sums
from memory_watcher.record.throttle.cpu_budget import CpuBudget
from memory_watcher.record.throttle.schedule import Due, LayoutSchedule
from memory_watcher.record.throttle.stall import StallForecast
from tests.fakeproc import FakeProc, FakeProcess
from tests.unit.record.faketime import MS, SECOND, FakeTime
from tests.unit.record.scripted import GONE, ScriptedFiles

PAGE = 4096
PROCESS = FakeProcess(7)
GATED = Policy(full_every_ns=10 * SECOND)


@pytest.fixture(name="time")
def fake_time() -> FakeTime:
    return FakeTime()


class Stage:
    """A schedule over scripted files, whose layouts cost what the test says."""

    def __init__(self, files: ScriptedFiles, policy: Policy, time: FakeTime) -> None:
        self.files = files
        self.time = time
        self.budget = CpuBudget(policy.max_cpu, time.monotonic_ns(), time.process_time_ns())
        self.schedule = LayoutSchedule(files, policy, self.budget, time=time)
        self.schedule.prepare()

    def read(
        self,
        resident: int = 100 * MIB,
        cpu: int = 5 * MS,
        wall: int | None = None,
        attempts: int = 1,
    ) -> None:
        """Read a layout; the first one is free. After more than one attempt it is torn."""
        if self.schedule.last_full_ns is None:
            self.budget.forgive(cpu)
        else:
            self.budget.layout_took(cpu)
        self.time.now += cpu if wall is None else wall
        self.time.cpu += cpu
        reading = Reading(resident=resident)
        wall = cpu if wall is None else wall
        state = LayoutState.TORN if attempts > 1 else LayoutState.EXACT
        sample = Sample(reading, state, cpu_ns=cpu, wall_ns=wall, bare_ns=cpu, attempts=attempts)
        self.schedule.took(sample, self.files.process.files()["smaps_rollup"])

    def tick(self, after: int = 100 * MS) -> Due:
        """Let time pass and ask; what is due is read at the cost of 5 ms."""
        self.time.now += after
        due = self.schedule.due()
        if due is Due.READ:
            self.read()
        return due


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), PROCESS)
    yield files
    files.close()


# -- nothing changes ------------------------------------------------------------------------------


def test_every_tick_by_default(files: ScriptedFiles, time: FakeTime) -> None:
    """Without --full-every each tick reads, although nothing changes; nothing is asked."""
    stage = Stage(files, Policy(), time)
    assert [stage.tick() for _ in range(5)] == [Due.READ] * 5
    assert files.reads == []


def test_unchanged_is_left_out(files: ScriptedFiles, time: FakeTime) -> None:
    """After the first layout nothing is read while nothing shows a change."""
    stage = Stage(files, GATED, time)
    assert stage.tick() is Due.READ
    assert [stage.tick() for _ in range(5)] == [Due.UNCHANGED] * 5
    assert files.count("smaps") == 0
    files.process = replace(PROCESS, faults=(101, 5))
    assert stage.tick() is Due.READ
    assert stage.tick() is Due.UNCHANGED


def test_rest(files: ScriptedFiles, time: FakeTime) -> None:
    """A process that was found unchanged rests until others may have changed its PSS."""
    stage = Stage(files, GATED, time)
    stage.tick()
    stage.read()
    assert files.rests.until is None
    assert stage.tick() is Due.UNCHANGED
    assert files.rests.until is not None
    assert time.now < files.rests.until <= time.now + 10 * SECOND
    files.rests.until = None
    files.process = replace(PROCESS, faults=(101, 5))
    assert stage.tick() is Due.READ
    assert files.rests.until is None


def test_others_are_looked_for_now_and_then(files: ScriptedFiles, time: FakeTime) -> None:
    """At least every --full-every smaps_rollup is read; if it differs, the layout is."""
    stage = Stage(files, GATED, time)
    stage.tick()
    stage.read()
    assert [stage.tick(SECOND) for _ in range(25)] == [Due.UNCHANGED] * 25
    assert files.count("smaps_rollup") == 2
    files.process = replace(PROCESS, changed={"smaps_rollup": b"Pss: 20 kB\n"})
    found = [stage.tick(SECOND) for _ in range(10)]
    assert found.count(Due.READ) == 1


def test_passes_tell_what_others_changed(files: ScriptedFiles, time: FakeTime) -> None:
    """Of a whole machine smaps_rollup is not read beside the passes, unless they do not come."""
    stage = Stage(files, replace(GATED, pass_every_ns=10 * SECOND), time)
    stage.tick()
    stage.read()
    mark = hash_of_sums(PROCESS.rollup())
    for _ in range(5):
        assert [stage.tick(SECOND) for _ in range(11)] == [Due.UNCHANGED] * 11
        stage.schedule.learn(mark, processes=100)
    assert files.count("smaps_rollup") == 0
    assert [stage.tick(SECOND) for _ in range(21)] == [Due.UNCHANGED] * 21
    assert files.count("smaps_rollup") == 1
    stage.schedule.learn(mark + 1, processes=100)
    assert stage.tick(SECOND) is Due.READ


def test_pass_that_was_left_out_tells_that_nothing_changed(
    files: ScriptedFiles, time: FakeTime
) -> None:
    """Then smaps_rollup is not read either; but after 30 such the layout is, all the same."""
    stage = Stage(files, replace(GATED, pass_every_ns=10 * SECOND), time)
    stage.tick()
    stage.read()
    found = []
    for _ in range(31):
        found += [stage.tick(SECOND) for _ in range(11)]
        stage.schedule.stood(processes=100)
    assert files.count("smaps_rollup") == 0
    assert found.count(Due.READ) == 1


def test_layout_is_read_all_the_same_after_many_looks(files: ScriptedFiles, time: FakeTime) -> None:
    """What no cheap figure shows, as mprotect of memory nobody touches, is seen in the end."""
    stage = Stage(files, GATED, time)
    stage.tick()
    stage.read()
    found = [stage.tick(10 * SECOND) for _ in range(65)]
    assert found.count(Due.READ) == 2
    assert files.count("smaps_rollup") < 65


def test_processes_are_not_all_due_together(tmp_path: Path, time: FakeTime) -> None:
    """Of many processes first read at one tick, few are due together for what others changed."""
    proc = FakeProc(tmp_path / "proc")
    stages = []
    for pid in range(100, 200):
        files = ScriptedFiles(proc, FakeProcess(pid))
        stages.append(Stage(files, GATED, time))
        stages[-1].read()
    looks = []
    for _ in range(10):
        time.now += SECOND
        for stage in stages:
            if stage.schedule.due() is Due.READ:
                stage.read()
        looks.append(sum(stage.files.count("smaps_rollup") for stage in stages))
    for stage in stages:
        stage.files.close()
    assert sum(looks) == 100
    assert max(looks) <= 30


def test_a_change_is_not_forgotten_over_budget(files: ScriptedFiles, time: FakeTime) -> None:
    """A change that shows once counts until a layout is read, however long there is no budget."""
    stage = Stage(files, replace(GATED, max_cpu=0.10), time)
    stage.tick()
    stage.read(cpu=30 * MS)
    stage.read(cpu=300 * MS)
    files.process = replace(PROCESS, faults=(101, 5))
    found = [stage.tick() for _ in range(300)]
    first = found.index(Due.READ)
    assert first > 0
    assert set(found[:first]) == {Due.TOO_DEAR}, "and not called unchanged"
    assert set(found[first + 1 :]) == {Due.UNCHANGED}


def test_what_others_changed_is_not_forgotten_either(files: ScriptedFiles, time: FakeTime) -> None:
    """The same for what smaps_rollup told."""
    stage = Stage(files, replace(GATED, max_cpu=0.10), time)
    stage.tick()
    stage.read(cpu=30 * MS)
    stage.read(cpu=2 * SECOND)
    files.process = replace(PROCESS, changed={"smaps_rollup": b"Pss: 20 kB\n"})
    found = [stage.tick(11 * SECOND)]
    while found[-1] is Due.TOO_DEAR:
        found.append(stage.tick())
    assert len(found) > 1
    assert found[-1] is Due.READ


def test_gone(files: ScriptedFiles, time: FakeTime) -> None:
    """A process that has gone is told as such."""
    stage = Stage(files, GATED, time)
    stage.tick()
    files.always("statm", GONE)
    with pytest.raises(NoSuchProcess):
        stage.tick()


# -- peaks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "resident", "due"),
    [
        (100 * MIB, 101 * MIB, Due.UNCHANGED),
        (100 * MIB, 102 * MIB - 1, Due.UNCHANGED),
        (100 * MIB, 102 * MIB, Due.READ),
        (10 * MIB, 11 * MIB - 1, Due.UNCHANGED),
        (10 * MIB, 11 * MIB, Due.READ),
        (0, MIB, Due.READ),
        (100 * MIB, 50 * MIB, Due.UNCHANGED),
        (100 * MIB, None, Due.UNCHANGED),
    ],
)
def test_peak_step(
    files: ScriptedFiles, time: FakeTime, highest: int, resident: int | None, due: Due
) -> None:
    """At least 2 % and at least 1 MiB above the highest layout so far."""
    stage = Stage(files, Policy(), time)
    stage.read(resident=highest)
    stage.read(resident=highest // 2)
    assert stage.schedule.due_for_peak(resident) is due


def test_no_peak_before_the_first_layout(files: ScriptedFiles, time: FakeTime) -> None:
    """There is nothing to compare with yet."""
    assert Stage(files, Policy(), time).schedule.due_for_peak(MIB) is Due.UNCHANGED


def test_a_torn_peak_is_tried_again(files: ScriptedFiles, time: FakeTime) -> None:
    """A layout that is torn proves nothing: the peak is read again, until one is whole."""
    stage = Stage(files, Policy(), time)
    stage.read(resident=100 * MIB)
    torn = Sample(Reading(resident=200 * MIB), LayoutState.TORN, cpu_ns=MS, wall_ns=MS)
    stage.schedule.took(torn, None)
    assert stage.schedule.due_for_peak(200 * MIB) is Due.READ
    stage.read(resident=200 * MIB)
    assert stage.schedule.due_for_peak(200 * MIB) is Due.UNCHANGED


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_a_torn_layout_costs_as_many_as_it_took(
    files: ScriptedFiles, time: FakeTime, attempts: int
) -> None:
    """All its attempts are paid, but the next layout is expected to take one."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.read(cpu=20 * MS)
    stage.read(cpu=20 * MS)
    torn = Sample(Reading(resident=100 * MIB), LayoutState.TORN, cpu_ns=80 * MS, wall_ns=80 * MS)
    stage.schedule.took(replace(torn, attempts=attempts), None)
    assert stage.schedule.cost_ns == 80 * MS // attempts


# -- budget ---------------------------------------------------------------------------------------


def test_too_dear(files: ScriptedFiles, time: FakeTime) -> None:
    """A layout of 30 ms at every 100 ms within 10 %: about every third is read."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    read = 0
    for _ in range(300):
        time.now += 100 * MS
        if stage.schedule.due() is Due.READ:
            stage.read(cpu=30 * MS, wall=0)
            read += 1
    assert 85 <= read <= 100


def test_what_one_tick_lacks_is_no_loss(files: ScriptedFiles, time: FakeTime) -> None:
    """Layouts that cost little, once put off since a peak had one: there is nothing to say."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.budget.reserve(0.4).hold(MS)  # of a group
    stage.read(cpu=MS)
    for _ in range(5):
        stage.read(cpu=MS)
        time.cpu += 200 * MS
        time.now += 500 * MS
        assert stage.schedule.due() is Due.TOO_DEAR
    assert stage.schedule.apart_ns is None


def test_what_three_ticks_in_a_row_lack_is_a_loss(files: ScriptedFiles, time: FakeTime) -> None:
    """Whatever took the budget: it is told since when there was none."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.budget.reserve(0.4).hold(MS)  # of a group
    stage.read(cpu=MS)
    stage.read(cpu=MS)
    for _ in range(3):
        assert stage.schedule.apart_ns is None
        time.cpu += 800 * MS
        time.now += 500 * MS
        assert stage.schedule.due() is Due.TOO_DEAR
    assert stage.schedule.apart_ns == 1500 * MS
    stage.read(cpu=MS)
    assert stage.schedule.apart_ns is None


def test_layouts_that_cost_more_than_a_tick_allows(files: ScriptedFiles, time: FakeTime) -> None:
    """20 ms each 100 ms are one layout every 200 ms: told when three are lacking."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.read(cpu=20 * MS)
    stage.read(cpu=20 * MS)
    put_off = 0
    while put_off < 3:
        assert stage.schedule.apart_ns is None
        time.now += 100 * MS
        due = stage.schedule.due()
        put_off += due is Due.TOO_DEAR
        if due is Due.READ:
            stage.read(cpu=20 * MS, wall=0)
    assert stage.schedule.apart_ns == 200 * MS


def test_storing_is_in_what_a_layout_costs(files: ScriptedFiles, time: FakeTime) -> None:
    """What is stored of it is paid, too: a budget that has but its reading does not suffice."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.read(cpu=10 * MS)
    stage.read(cpu=10 * MS)
    time.now += 200 * MS
    assert stage.schedule.due_for_peak(110 * MIB) is Due.READ
    stage.schedule.stored(100 * MS)
    assert stage.schedule.due_for_peak(110 * MIB) is Due.TOO_DEAR


def test_small_peaks_leave_a_reserve(files: ScriptedFiles, time: FakeTime) -> None:
    """A few per cent wait where there is no more than the reserve; what is high does not."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.read(cpu=30 * MS)
    while stage.schedule.due() is Due.READ:
        stage.read(cpu=30 * MS)
    time.now += 500 * MS
    assert stage.schedule.due_for_peak(103 * MIB) is Due.TOO_DEAR
    assert stage.schedule.due_for_peak(106 * MIB) is Due.READ


def test_what_is_rising_leaves_the_reserve_for_its_top(
    files: ScriptedFiles, time: FakeTime
) -> None:
    """A rise of 250 ms, seen every 20 ms: however dear a layout is, there is one at the top.

    It is dearer the higher it is, and torn while it rises: that takes twice as much.
    """
    stage = Stage(files, Policy(max_cpu=0.10), time)
    for _ in range(10):
        assert stage.schedule.due() is Due.READ
        stage.read(cpu=10 * MS)
        time.now += SECOND
    read: list[int] = []
    for resident in range(110, 330, 10):
        time.now += 20 * MS
        stage.schedule.rises(resident - 10 not in read)  # a layout held it up: it seems to stand
        if stage.schedule.due_for_peak(resident * MIB) is Due.READ:
            stage.read(resident * MIB, cpu=2 * resident * MS // 10, wall=0, attempts=2)
            read.append(resident)
    assert 1 <= len(read) <= 3
    time.now += 20 * MS
    stage.schedule.rises(False)
    time.now += 20 * MS
    stage.schedule.rises(False)
    assert stage.schedule.due_for_peak(320 * MIB) is Due.READ


def test_peaks_have_a_reserve(files: ScriptedFiles, time: FakeTime) -> None:
    """When ticks have used up their part, a peak is still read."""
    stage = Stage(files, Policy(max_cpu=0.10), time)
    stage.read(cpu=30 * MS)
    while stage.schedule.due() is Due.READ:
        stage.read(cpu=30 * MS)
    time.now += 400 * MS
    assert stage.schedule.due() is Due.TOO_DEAR
    assert stage.schedule.due_for_peak(110 * MIB) is Due.READ


def test_a_much_larger_peak_is_expected_to_cost_more(files: ScriptedFiles, time: FakeTime) -> None:
    """What has grown tenfold costs ten times as much."""
    stage = Stage(files, Policy(max_stall_ns=50 * MS), time)
    stage.read(cpu=10 * MS)
    stage.read(cpu=10 * MS)
    assert stage.schedule.due_for_peak(400 * MIB) is Due.READ
    assert stage.schedule.due_for_peak(600 * MIB) is Due.TOO_SLOW


# -- stall ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("allowed_ns", "measured"), [(250 * MS, 0), (1, 1)])
def test_what_is_far_below_the_limit_needs_no_measuring(
    files: ScriptedFiles, time: FakeTime, allowed_ns: int, measured: int
) -> None:
    """Measuring this machine takes CPU, which a small process is not worth."""
    asked: list[int] = []

    def measure(now_ns: int, *, again: bool) -> None:
        asked.append(now_ns)

    forecast = StallForecast(measure)
    policy = Policy(max_stall_ns=allowed_ns)
    schedule = LayoutSchedule(files, policy, CpuBudget(None, 0, 0), time=time, forecast=forecast)
    assert schedule.is_too_slow() == (measured > 0)
    assert len(asked) == measured


def test_too_slow(files: ScriptedFiles, time: FakeTime) -> None:
    """Not read while it would be held up for longer than is accepted."""
    stage = Stage(files, Policy(max_stall_ns=20 * MS), time)
    stage.read(cpu=19 * MS)
    assert stage.schedule.due() is Due.READ
    stage.read(cpu=30 * MS)
    assert stage.schedule.due() is Due.TOO_SLOW
    assert stage.schedule.stall_ns == 30 * MS


def sized(resident: int, mappings: int) -> FakeProcess:
    """One of which nothing is known but its statm and its maps."""
    pages = resident // PAGE
    maps = b"1000-2000 rw-p 00000000 00:00 0\n" * mappings
    statm = b"%d %d 0 0 0 0 0\n" % (pages + 100 * mappings, pages)
    return replace(PROCESS, changed={"statm": statm, "maps": maps})


@pytest.mark.parametrize(
    ("resident", "mappings", "due"),
    [
        (1000 * MIB, 20, Due.TOO_SLOW),
        (10 * MIB, 20, Due.READ),
        (1300 * MIB, 20, Due.TOO_SLOW),
        (MIB, 10_000, Due.TOO_SLOW),
        (100 * MIB, 4_000, Due.READ),
        (200 * MIB, 7_000, Due.TOO_SLOW),
    ],
)
def test_a_stall_is_known_before_the_first_layout(
    files: ScriptedFiles, time: FakeTime, resident: int, mappings: int, due: Due
) -> None:
    """By its pages and its mappings; what was too large is read when it has shrunk."""
    files.process = sized(resident, mappings)
    policy = Policy(max_stall_ns=15 * MS)
    schedule = LayoutSchedule(files, policy, CpuBudget(None, 0, 0), time=time)
    assert schedule.due() is due
    assert schedule.is_too_slow() is (due is Due.TOO_SLOW)
    assert schedule.stall_ns == pytest.approx(
        resident // PAGE * 60 + mappings * 2_700, abs=0.1 * MS
    )
    assert files.count("smaps") == files.count("smaps_rollup") == 0
    files.process = sized(MIB, 10)
    time.now += 11 * SECOND
    assert schedule.due() is Due.READ


def test_without_a_limit_nothing_is_asked(files: ScriptedFiles, time: FakeTime) -> None:
    """--max-stall 0 reads whatever it takes."""
    files.process = sized(1000 * MIB, 60_000)
    stage = Stage(files, Policy(), time)
    assert stage.schedule.due() is Due.READ
    assert files.reads == []


def test_small_again(files: ScriptedFiles, time: FakeTime) -> None:
    """A process that gave half of its memory back takes half of the time."""
    stage = Stage(files, Policy(max_stall_ns=20 * MS), time)
    stage.read(cpu=30 * MS)
    stage.read(cpu=30 * MS)
    stage.schedule.noticed(80 * MIB)
    assert stage.schedule.due() is Due.TOO_SLOW
    stage.schedule.noticed(50 * MIB)
    assert stage.schedule.due() is Due.READ
    stage.schedule.noticed(None)
    assert stage.schedule.due() is Due.READ


def test_waiting_for_a_cpu_is_no_stall(files: ScriptedFiles, time: FakeTime) -> None:
    """One reading that was interrupted does not end all readings."""
    stage = Stage(files, Policy(max_stall_ns=20 * MS), time)
    stage.read(cpu=3 * MS)
    stage.read(cpu=3 * MS, wall=200 * MS)
    assert stage.schedule.due() is Due.READ
