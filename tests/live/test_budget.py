"""What a recording may cost: CPU, stall, deadlines; and what is left out where nothing changes."""

from __future__ import annotations

import logging
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.model import LayoutState
from memory_watcher.record.policy import Policy
from memory_watcher.units import SECOND

from ..programs import layouts_by_pid, one, recorder, rows, ticks, wait_until
from .targets import PAGE, Target, Ticks, quiet_processes, recorded, usage_at

pytestmark = pytest.mark.live
log = logging.getLogger(__name__)

MS = 1_000_000
GIB = 1 << 30
SIZE = 3 * GIB // 2
PERIOD = 100 * MS


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture(name="big", scope="module")
def start_big_target() -> Iterator[tuple[Target, int]]:
    """A process with 1.5 GiB resident in small pages, and the address of 100 pages more."""
    meminfo = Path("/proc/meminfo").read_text()
    if int(meminfo.split("MemAvailable:")[1].split()[0]) * 1024 < 2 * SIZE:
        pytest.skip("too little memory for a large process")
    with Target() as target:
        start = target.reserve(SIZE // PAGE + 100)
        target.touch(start, SIZE // PAGE)
        yield target, start + SIZE


def let_pass(seconds: float) -> None:
    """What a test is about here is time itself."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, f"{seconds} s to pass")


def cpu_of(pid: int) -> int:
    """What a process has used, nanoseconds: utime and stime come in steps of 10 ms."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def let_look(pid: int) -> None:
    """Until a recorder has slept a few times more, as it does between two looks: it had the CPU."""

    def sleeps() -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    least = sleeps() + 4
    wait_until(lambda: sleeps() >= least, "the recorder to have the CPU")


@pytest.mark.timeout(300)  # it waits sixty times for the recorder to have the CPU
def test_large_process(big: tuple[Target, int], file: Path) -> None:
    """1.5 GiB every 100 ms: within 10 % of a core in all, the RSS curve complete, said once.

    One layout costs about 20 ms of CPU, so that every second one would be too many.
    """
    target, more = big
    with recorder(file, "-p", target.pid, "--period", "100ms", "--max-cpu", "10") as recording:
        recording.wait_for_ticks(1)
        sizes = []
        begun, used = time.monotonic_ns(), cpu_of(recording.pid)
        for page in range(60):
            target.touch(more, 1, page)
            sizes.append(statm_resident(target.pid))
            let_pass(0.12)  # six fast periods
            let_look(recording.pid)
        wall, used = time.monotonic_ns() - begun, cpu_of(recording.pid) - used
        code, said = recording.stop()
    assert code == 0, said

    layouts, told, skipped = one(
        file,
        "SELECT count(keyframe), count(*), sum(skipped) FROM readings AS r"
        " JOIN ticks AS t ON t.id = r.tick WHERE t.cause IS NULL",
    )
    (cost,) = one(file, "SELECT max(cpu_ns) FROM readings")
    # A reserve of two layouts may have been there when the measuring began.
    share = (used - 2 * cost) / wall
    log.info(
        "%.1f %% of a core; %d layouts in %d ticks; %s", 100 * used / wall, layouts, told, said
    )
    assert share <= 0.10
    # A busy machine leaves out ticks: of those that are left most may have one.
    assert 3 <= layouts < (told + skipped) * 3 / 4

    # The curve: at every tick a reading, and every size that was held is in it, in order.
    found = recorded(file, target.pid)
    assert {measurement.state for measurement, _ in found} == {
        LayoutState.EXACT,
        LayoutState.NOT_TAKEN,
    }
    curve = [(measurement.time, measurement.reading.resident) for measurement, _ in found]
    with memory_watcher.open(file) as reader:
        curve += [
            (point.time, point.resident)
            for point in reader.fast_points(reader.process(pid=target.pid).id)
        ]
    assert all(resident is not None for _, resident in curve)
    held_in_order = [resident for _, resident in sorted(curve) if resident in sizes]
    assert list(dict.fromkeys(held_in_order)) == sizes

    assert said.count("one layout takes") == 1
    assert re.search(
        r"one layout takes \d+.* CPU, so --max-cpu 10 allows one every \d+.*\. RSS, swap", said
    )
    assert "over budget" in said.splitlines()[-1]


@pytest.mark.timing
def test_large_process_is_read_in_time(big: tuple[Target, int], file: Path) -> None:
    """Within its budget a recorder leaves out no tick: two of a hundred at most."""
    with recorder(file, "-p", big[0].pid, "--period", "100ms", "--max-cpu", "10") as recording:
        recording.wait_for_ticks(100)
        code, said = recording.stop()
    assert code == 0, said
    assert one(file, "SELECT sum(skipped) FROM ticks")[0] <= 2


def statm_resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def test_no_limit(big: tuple[Target, int], file: Path) -> None:
    """--max-cpu 0 takes every layout that was asked for."""
    target, _ = big
    with recorder(
        file, "-p", target.pid, "--period", "100ms", "--max-cpu", "0", "--fast-period", "0"
    ) as recording:
        recording.wait_for_ticks(10)
        code, said = recording.stop()
    assert code == 0, said
    assert {measurement.state for measurement, _ in recorded(file, target.pid)} == {
        LayoutState.EXACT
    }
    assert "one layout takes" not in said


def test_peak_of_a_large_process(big: tuple[Target, int], file: Path) -> None:
    """Peak captures have a reserve: they are taken although the ticks use up the budget.

    While RSS rises in steps the reserve may be spent on the lower ones; what is held for as long as
    a few layouts' worth of budget takes to come back is captured in any case.
    """
    target, _ = big
    with recorder(file, "-p", target.pid, "--period", "50ms", "--max-cpu", "10") as recording:
        recording.wait_for_ticks(40)
        top, _, _ = target.ask("spike", (200 << 20) // PAGE, 1000)
        recording.wait_for_ticks(50)
        code, said = recording.stop()
    assert code == 0, said
    highest = one(file, "SELECT max(rss) FROM readings")[0]
    assert highest >= 0.95 * top


def test_a_budget_that_cheap_readings_would_use_up(file: Path) -> None:
    """As on a slow machine: RSS is read less often, each tick has it, and layouts are not starved.

    0.3 % of a core are less than what reading RSS fifty times a second takes.
    """
    with (
        Target() as target,
        recorder(file, "-p", target.pid, "--period", "500ms", "--max-cpu", "0.3") as recording,
    ):
        start = target.reserve(30 * 256)
        for mib in range(30):
            target.touch(start, 256, mib * 256)
            recording.wait_for_ticks(mib + 1)
        # On a busy machine a layout costs several times as much, and comes so much later.
        count = "SELECT count(keyframe) FROM readings"
        wait_until(lambda: one(file, count)[0] >= 3, "layouts, though there is little", 120)
        code, said = recording.stop()
    assert code == 0, said
    assert said.count("RSS between layouts is read every") == 1
    assert "not every 20 ms: on this machine --max-cpu 0.3 allows no more" in said
    found = [measurement for measurement, _ in recorded(file, target.pid)]
    assert all(measurement.reading.resident is not None for measurement in found)
    (passes, lasted) = one(
        file, "SELECT max(fast_passes), max(monotonic_ns) - min(monotonic_ns) FROM ticks"
    )
    assert passes < lasted / (20 * MS) / 2
    # What the ticks tell is what the run tells in the end.
    used, told = one(file, "SELECT cpu_ns, (SELECT max(cpu_ns) FROM ticks) FROM runs")
    assert 0 < told <= used


def test_max_stall(big: tuple[Target, int], file: Path) -> None:
    """Layouts that would hold a process up for longer than --max-stall are not read at all.

    Its size tells before the first one. Only the cheap figures are read, and that is said once.
    """
    target, _ = big
    with recorder(
        file, "-p", target.pid, "--period", "50ms", "--max-stall", "2ms", "--max-cpu", "0"
    ) as recording:
        recording.wait_for_ticks(20)
        code, said = recording.stop()
    assert code == 0, said
    states = [measurement.state for measurement, _ in recorded(file, target.pid)]
    assert set(states) == {LayoutState.NOT_TAKEN}
    assert said.count("longer than --max-stall 2 ms") == 1
    assert f"{len(states)} over --max-stall" in said.splitlines()[-1]
    assert one(file, "SELECT sum(too_slow) FROM ticks") == (len(states),)
    assert all(found.reading.resident for found, _ in recorded(file, target.pid))


def test_max_stall_of_a_small_process(file: Path) -> None:
    """A process that is quickly read is read at every tick, whatever the limit on others."""
    with (
        Target() as target,
        recorder(file, "-p", target.pid, "--period", "20ms", "--max-stall", "5s") as recording,
    ):
        recording.wait_for_ticks(20)
        code, said = recording.stop()
    assert code == 0, said
    assert "--max-stall" not in said
    assert all(found.has_layout for found, _ in recorded(file, target.pid))


def test_max_stall_ends_when_the_process_is_small_again(file: Path) -> None:
    """A process that gave its memory back is read again."""
    policy = Policy(max_stall_ns=3 * MS)
    size = GIB // 2
    with Target() as target, Ticks(file, [target.pid], policy=policy) as recording:
        start = target.reserve(size // PAGE)
        target.touch(start, size // PAGE)
        for _ in range(3):
            recording.tick()
        target.ask("drop", start, 0, size // PAGE)

        def is_read_again() -> bool:
            recording.tick()
            return recorded(file, target.pid)[-1][0].has_layout

        assert not recorded(file, target.pid)[-1][0].has_layout
        wait_until(is_read_again, "a layout of what is small again", seconds=5)


# Deadlines


def test_deadlines_do_not_drift(file: Path) -> None:
    """Each tick is due a multiple of the period after the first; what was late or left out is told.

    The target is large enough that ticks take time, and the recorder is stopped for a while.
    """
    with (
        Target() as target,
        recorder(file, "-p", target.pid, "--period", "20ms", "--fast-period", "7ms") as recording,
    ):
        target.ask("reserve_apart", 1000)
        recording.wait_for_ticks(20)
        recording.process.send_signal(signal.SIGSTOP)
        let_pass(0.5)
        recording.process.send_signal(signal.SIGCONT)
        count = one(file, "SELECT count(*) FROM ticks")[0]
        recording.wait_for_ticks(count + 50)
        code, said = recording.stop()
    assert code == 0, said
    found = rows(
        file, "SELECT monotonic_ns, late_ns, skipped FROM ticks WHERE cause IS NULL ORDER BY id"
    )
    first = found[0][0] - found[0][1]
    number = 0
    offsets = []
    for monotonic, late, skipped in found[1:]:
        number += 1 + skipped
        assert late >= 0
        offsets.append(monotonic - late - first - number * 20 * MS)
    # What remains is the time from finding out how late it is to taking the time of the tick.
    assert sorted(offsets)[len(offsets) // 2] < 2 * MS
    assert sorted(offsets[-20:])[10] < 2 * MS
    assert min(offsets) > -2 * MS
    assert sum(skipped for *_, skipped in found) >= 20, "the half second"
    assert max(late for _, late, _ in found) < 520 * MS


# Nothing is read where nothing changes


def test_whole_machine(file: Path) -> None:
    """Most layouts of idle processes are left out; none is older than --full-every says."""
    with (
        quiet_processes(20) as pids,
        recorder(file, "--period", "100ms", "--full-every", "700ms") as recording,
    ):
        recording.wait_for_ticks(1)
        # Where hundreds of processes start and end, first layouts of others take their turn.
        wait_until(lambda: len(layouts_by_pid(file).keys() & set(pids)) >= 5, "first layouts", 100)
        seen = ticks(file)
        let_pass(3)  # on an idle machine 30 ticks
        recording.wait_for_ticks(seen + 5)
        code, said = recording.stop()
    assert code == 0, said
    counts = layouts_by_pid(file)
    read = [counts[pid] for pid in pids if pid in counts]
    log.info("%d ticks, layouts of idle processes: %s", ticks(file), sorted(read))
    assert len(read) >= 5
    # On a busy machine ticks come late: it is the time that counts.
    (lasted,) = one(file, "SELECT max(monotonic_ns) - min(monotonic_ns) FROM ticks")
    assert sum(read) < len(read) * (lasted / (700 * MS) + 2)
    assert re.search(r"skipped: \d+ unchanged", said)


def test_what_others_change_is_seen(file: Path) -> None:
    """A child changes its parent's PSS, which does nothing: seen within --full-every.

    By writing to pages that both share, and by its end.
    """
    period, full_every = 50 * MS, 400 * MS

    def first_seen(pages: int) -> int | None:
        """When the block's PSS was first so much, None if it never was."""
        for measurement, layout in recorded(file, target.pid):
            if layout is not None and usage_at(layout, start).pss == pages * PAGE:
                return measurement.time
        return None

    with Target() as target:
        start = target.reserve(1000)
        target.touch(start, 1000)
        child = target.ask("fork")
        with recorder(
            file, "-p", target.pid, "--period", "50ms", "--full-every", "400ms"
        ) as recording:
            recording.wait_for_ticks(5)
            assert first_seen(500)
            written = time.time_ns()
            target.ask("tell_child", "touch", start, 0, 200)
            seen_written = wait_until(lambda: first_seen(200 + 400), "the pages of the child")
            ended = time.time_ns()
            os.kill(child, signal.SIGKILL)
            seen_ended = wait_until(lambda: first_seen(1000), "the end of the child")
            code, said = recording.stop()
    assert code == 0, said
    # tell_child makes the parent read and write, so only the second change is wholly the child's.
    slack = 100 * MS  # of this machine, not of the recorder
    assert seen_written - written <= full_every + period + slack
    assert seen_ended - ended <= full_every + period + slack
    assert re.search(r"skipped: \d+ unchanged", said)


def test_own_changes_are_seen_at_the_next_tick(file: Path) -> None:
    """Whatever a process does to its pages, one page even, is read at the next tick."""
    policy = Policy(full_every_ns=3600 * SECOND)
    with Target() as target, Ticks(file, [target.pid], policy=policy) as recording:
        start = target.reserve(10)
        recording.tick()
        recording.tick()
        expected = []
        for act in (
            lambda: target.touch(start, 1),
            lambda: target.touch(start, 1, 5),
            lambda: target.ask("drop", start, 0, 1),
            lambda: target.ask("unmap", start + 9 * PAGE, 1),
        ):
            act()
            recording.tick()
            expected.append(one(file, "SELECT max(id) FROM ticks")[0])
        found = {measurement.tick for measurement, layout in recorded(file, target.pid) if layout}
    assert set(expected) <= found
