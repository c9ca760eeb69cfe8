"""One process at one tick: a layout that is whole, or marked, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import Image, LayoutState, Reading, Rollup, Sample
from memory_watcher.record.sampler import MachineKnowledge, ProcessSampler
from tests.fakeproc import PF_KTHREAD, SMALL, FakeProc, FakeProcess, smaps_of

from .faketime import SECOND, FakeTime
from .scripted import BROKEN, GONE, REFUSED, Answer, ScriptedFiles, moved

KI = 1024
NO_SIZES = dict.fromkeys(
    ("size", "resident", "shared", "text", "data", "high_water_mark", "swap", "hugetlb"), None
)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ScriptedFiles]:
    files = ScriptedFiles(FakeProc(tmp_path / "proc"), FakeProcess(7))
    yield files
    files.close()


@pytest.fixture
def sampler(files: ScriptedFiles) -> ProcessSampler:
    return ProcessSampler(files, MachineKnowledge())


def sizes(reading: Reading) -> dict[str, int | None]:
    return {name: getattr(reading, name) for name in NO_SIZES}


def statm(files: ScriptedFiles, *, resident: int = 36, size: int = 272) -> bytes:
    """What statm says when it counts these KiB."""
    return f"{size // 4} {resident // 4} 0 1 0 1 0\n".encode()


# -- a layout that is whole ---------------------------------------------------------------------


def test_quiet_process(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Exact at the first attempt; everything is new, and every cheap figure is there."""
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.change is not None
    assert [entry.usage.rss for entry in sample.change.added] == [4 * KI, 20 * KI, 12 * KI]
    assert sample.change.totals.rss == sample.reading.resident == 36 * KI
    assert sample.reading == Reading(
        size=272 * KI,
        resident=36 * KI,
        shared=0,
        text=272 * KI,
        data=36 * KI,
        high_water_mark=50 * KI,
        swap=0,
        hugetlb=0,
        threads=1,
        minor_faults=100,
        major_faults=5,
        state="S",
        oom_score=666,
        oom_score_adj=0,
        user_time=0,
        system_time=0,
    )
    assert files.count("smaps") == 1
    assert sample.cpu_ns is not None
    assert sample.wall_ns is not None


def test_what_changed(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """The second sample tells only what differs from the first."""
    sampler.sample()
    files.process.areas = (*SMALL[:2], SMALL[2]._replace(rss=20))
    sample = sampler.sample()
    assert sample.change is not None
    assert [entry.usage.rss for entry in sample.change.added] == [20 * KI]
    assert [entry.usage.rss for entry in sample.change.removed] == [12 * KI]
    assert sample.change.totals.rss == 44 * KI


def test_rollup_now_and_then(files: ScriptedFiles) -> None:
    """It costs a second walk over all pages: with the first layout, then once a minute."""
    time = FakeTime()
    sampler = ProcessSampler(files, MachineKnowledge(), time)
    assert sampler.sample().rollup == Rollup(36 * KI, 37 * KI)
    for seconds, expected in ((1, None), (58, None), (1, Rollup(36 * KI, 37 * KI)), (1, None)):
        time.now += seconds * SECOND
        assert sampler.sample().rollup == expected


def test_kernel_without_rollup(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Before 4.14 there is none: None, and the layout is as good as any."""
    files.always("smaps_rollup", GONE)
    sample = sampler.sample()
    assert (sample.rollup, sample.state) == (None, LayoutState.EXACT)


def test_no_oom_files(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Figures that are hidden are None, and cost nothing else."""
    files.always("oom_score", REFUSED)
    files.always("oom_score_adj", GONE)
    sample = sampler.sample()
    assert (sample.reading.oom_score, sample.reading.oom_score_adj) == (None, None)
    assert sample.state is LayoutState.EXACT


# -- torn ---------------------------------------------------------------------------------------


def test_torn_layout_is_read_again(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Mappings that do not add up to statm are read again until they do; nobody sees the first."""
    sampler.sample()
    files.says("smaps", moved(SMALL, rss=100), moved(SMALL, rss=0))
    files.count("smaps")
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert files.count("smaps") == 3
    assert sample.change is not None
    assert (sample.change.added, sample.change.removed) == ([], [])


def test_size_that_does_not_add_up(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A mapping that was missed although nothing of it is in RAM is found by the size."""
    files.says("smaps", smaps_of([*SMALL, SMALL[1]._replace(start=0x900000, rss=0)]))
    assert sampler.sample().state is LayoutState.EXACT
    assert files.count("smaps") == 2


def test_torn_in_every_attempt(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """After a few attempts the last one is kept, and marked: figures may be wrong."""
    files.always("smaps", moved(SMALL, rss=100))
    sample = sampler.sample()
    assert sample.state is LayoutState.TORN
    assert 2 <= files.count("smaps") <= 8
    assert sample.change is not None
    assert sample.change.totals.rss == 124 * KI
    assert sample.reading.resident == 36 * KI


def test_after_a_torn_layout(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """The next good one is told as the difference from the torn one, which was stored."""
    sampler.sample()
    files.script["smaps"] = [moved(SMALL, rss=100)] * 4
    assert sampler.sample().state is LayoutState.TORN
    files.script.clear()
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.change is not None
    assert [entry.usage.rss for entry in sample.change.added] == [12 * KI]
    assert [entry.usage.rss for entry in sample.change.removed] == [100 * KI]


def test_process_that_grew_right_after(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A layout that agrees with the statm before it is whole; that statm stands beside it."""
    files.says("statm", statm(files), statm(files, resident=400, size=1000))
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.reading.resident == 36 * KI
    assert files.count("smaps") == 1


def test_process_that_grew_right_before(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """So is one that agrees with the statm after it."""
    files.says("statm", statm(files, resident=4), statm(files))
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.reading.resident == 36 * KI
    assert files.count("smaps") == 1


def test_truncated_by_an_exec(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A text that ends early (exec while reading) is not taken for a process that shrank."""
    sampler.sample()
    whole = smaps_of(SMALL)
    files.says("smaps", smaps_of(SMALL[:1]), whole)
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.change is not None
    assert sample.change.totals.mappings == 3


# -- kernels whose statm is approximate ---------------------------------------------------------


def test_approximate_statm(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A statm that stands still beside layouts that smaps_rollup confirms is the kernel's own.

    It takes three of them: until then they are torn, for all that is known.
    """
    files.always("statm", statm(files, resident=28))
    assert [sampler.sample().state for _ in range(3)] == [
        *(LayoutState.TORN, LayoutState.TORN, LayoutState.UNCHECKED),
    ]
    sample = sampler.sample()
    assert sample.state is LayoutState.UNCHECKED
    assert sample.change is not None
    assert (sample.change.totals.rss, sample.reading.resident) == (36 * KI, 28 * KI)


def test_approximate_statm_is_found_out_once(files: ScriptedFiles) -> None:
    """What is known of the kernel holds for all processes: no more second walks over pages."""
    machine = MachineKnowledge()
    first, second = ProcessSampler(files, machine), ProcessSampler(files, machine)
    files.always("statm", statm(files, resident=28))
    for _ in range(3):
        first.sample()
    assert not machine.statm_is_exact
    second.sample()
    files.count("smaps_rollup")
    for sampler in (first, second):
        assert sampler.sample().state is LayoutState.UNCHECKED
    assert files.count("smaps_rollup") == 0


def test_one_process_whose_blocks_move(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A kernel whose layouts agree is exact, even if smaps and rollup of one target tear alike."""
    machine = MachineKnowledge()
    quiet, mover = ProcessSampler(files, machine), ProcessSampler(files, machine)
    for _ in range(20):
        assert quiet.sample().state is LayoutState.EXACT
        files.always("smaps", moved(SMALL, rss=100))
        files.always("smaps_rollup", b"\nRss: 124 kB\nPss: 124 kB\n")
        assert mover.sample().state is LayoutState.TORN
        files.script.clear()
    assert machine.statm_is_exact


def test_a_kernel_wrongly_called_approximate(files: ScriptedFiles) -> None:
    """The verdict is not for good: layouts that agree outweigh it, and torn is torn again."""
    machine = MachineKnowledge(disagreed=3)
    sampler = ProcessSampler(files, machine)
    assert not machine.statm_is_exact
    for _ in range(3):
        assert sampler.sample().state is LayoutState.EXACT
    assert machine.statm_is_exact
    files.says("smaps", *[moved(SMALL, rss=100 + 4 * number) for number in range(9)])
    assert sampler.sample().state is LayoutState.TORN


def test_torn_is_read_again_on_approximate_kernels(files: ScriptedFiles) -> None:
    """A mismatch there is no reason to give up at once: a whole layout may come."""
    sampler = ProcessSampler(files, MachineKnowledge(disagreed=3))
    files.says("smaps", *[moved(SMALL, rss=100 + 4 * number) for number in range(3)])
    assert sampler.sample().state is LayoutState.EXACT


def test_approximate_kernels_take_two_readings(files: ScriptedFiles) -> None:
    """Where statm is known to be rough, two layouts that agree with each other are enough."""
    sampler = ProcessSampler(files, MachineKnowledge(disagreed=3))
    files.always("smaps", moved(SMALL, rss=100))
    assert sampler.sample().state is LayoutState.UNCHECKED
    assert files.count("smaps") == 2


@pytest.mark.parametrize("sums", [(124, 36), (36, 124), (124, 128)])
def test_rollup_that_varies_proves_nothing(files: ScriptedFiles, sums: tuple[int, int]) -> None:
    """Smaps_rollup must confirm the layout twice."""
    machine = MachineKnowledge()
    files.always("smaps", moved(SMALL, rss=100))
    files.says("smaps_rollup", *[b"\nRss: %d kB\nPss: 1 kB\n" % rss for rss in sums])
    assert ProcessSampler(files, machine).sample().state is LayoutState.TORN
    assert machine.disagreed == 0


def test_layouts_that_vary_prove_nothing(files: ScriptedFiles) -> None:
    """Where two readings in a row differ, no rollup is asked."""
    machine = MachineKnowledge()
    sampler = ProcessSampler(files, machine)
    files.says("smaps", *[moved(SMALL, rss=100 + 4 * number) for number in range(9)])
    assert sampler.sample().state is LayoutState.TORN
    assert machine.disagreed == 0
    assert files.count("smaps_rollup") == 1  # that of the first layout


def test_size_is_exact_on_every_kernel(files: ScriptedFiles) -> None:
    """On such a kernel a layout whose size is wrong is torn all the same."""
    machine = MachineKnowledge(disagreed=3)
    files.always("statm", statm(files, size=280))
    assert ProcessSampler(files, machine).sample().state is LayoutState.TORN


def test_moving_statm_says_nothing_about_the_kernel(files: ScriptedFiles) -> None:
    """A process that grows while it is read does not make the kernel an approximate one."""
    machine = MachineKnowledge()
    files.says("statm", *[statm(files, resident=4 * number) for number in range(20, 40)])
    assert ProcessSampler(files, machine).sample().state is LayoutState.TORN
    assert machine.statm_is_exact


def test_rollup_that_does_not_confirm(files: ScriptedFiles) -> None:
    """Where smaps_rollup says what statm says, the layout is the one that is wrong."""
    machine = MachineKnowledge()
    files.always("smaps", moved(SMALL, rss=100))
    assert ProcessSampler(files, machine).sample().state is LayoutState.TORN
    assert machine.statm_is_exact


def test_approximate_statm_without_rollup(files: ScriptedFiles, tmp_path: Path) -> None:
    """Before 4.14 nothing can confirm a layout: it is not called torn."""
    machine = MachineKnowledge()
    files.always("smaps", moved(SMALL, rss=100))
    files.always("smaps_rollup", GONE)
    (tmp_path / "proc" / "7" / "smaps_rollup").unlink()
    sampler = ProcessSampler(files, machine)
    assert sampler.sample().state is LayoutState.UNCHECKED
    assert not machine.has_rollup


@pytest.mark.parametrize("state", ["S", "Z"])
def test_rollup_of_a_process_that_is_ending(files: ScriptedFiles, state: str) -> None:
    """ESRCH at its rollup says nothing about the kernel: others have the file."""
    machine = MachineKnowledge()
    sampler = ProcessSampler(files, machine)
    files.always("smaps", moved(SMALL, rss=100))
    files.always("smaps_rollup", GONE)
    files.says("stat", files.process.files()["stat"], FakeProcess(7, state=state).stat())
    assert sampler.sample().state is LayoutState.TORN
    assert machine.has_rollup


@pytest.mark.parametrize("answer", [REFUSED, b"Rss:\n", b""])
def test_rollup_that_cannot_be_had(files: ScriptedFiles, answer: Answer) -> None:
    """Nothing is concluded from what could not be read, and nothing fails."""
    machine = MachineKnowledge()
    files.always("smaps", moved(SMALL, rss=100))
    files.always("smaps_rollup", answer)
    assert ProcessSampler(files, machine).sample().state is LayoutState.TORN
    assert machine.statm_is_exact


# -- no layout ----------------------------------------------------------------------------------


def test_no_permission(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Another user's process: the cheap figures, and why there is no more."""
    files.always("smaps", REFUSED)
    sample = sampler.sample()
    assert (sample.state, sample.change, sample.rollup) == (LayoutState.NO_PERMISSION, None, None)
    assert (sample.reading.resident, sample.reading.high_water_mark) == (36 * KI, 50 * KI)


def test_permission_that_comes_back(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """The layout after a refusal is the difference from the last one that was read."""
    sampler.sample()
    files.says("smaps", REFUSED)
    assert sampler.sample().state is LayoutState.NO_PERMISSION
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    assert sample.change is not None
    assert sample.change.added == []


def test_zombie(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """No sizes at all: None, never 0, although its statm is all zeros."""
    files.process.state, files.process.areas = "Z", ()
    sample = sampler.sample()
    assert (sample.state, sample.change) == (LayoutState.ZOMBIE, None)
    assert sizes(sample.reading) == NO_SIZES
    assert (sample.reading.state, sample.reading.minor_faults) == ("Z", 100)
    assert files.count("smaps") == 0


def test_process_that_ends_while_it_is_read(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """It let go of its memory between stat and smaps: a zombie, without sizes."""
    files.process.areas = ()
    sample = sampler.sample()
    assert (sample.state, sample.change) == (LayoutState.ZOMBIE, None)
    assert sizes(sample.reading) == NO_SIZES


def test_layout_of_a_process_that_ends_while_it_is_read(
    files: ScriptedFiles, sampler: ProcessSampler
) -> None:
    """A part of the mappings, then zeros in statm: not a layout of a tiny process."""
    files.says("smaps", smaps_of(SMALL[:1]))
    files.says("statm", statm(files))
    files.process.areas = ()
    assert sampler.sample().state is LayoutState.ZOMBIE


def test_kernel_thread(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """It is told by its flag, and has no sizes."""
    files.process.flags, files.process.areas = PF_KTHREAD, ()
    sample = sampler.sample()
    assert (sample.state, sample.change) == (LayoutState.KERNEL_THREAD, None)
    assert sizes(sample.reading) == NO_SIZES


@pytest.mark.parametrize("name", ["stat", "statm", "smaps"])
def test_gone(files: ScriptedFiles, sampler: ProcessSampler, name: str) -> None:
    """Whichever file tells it first, the sample says that the process has gone."""
    files.always(name, GONE)
    assert sampler.sample() == Sample(Reading(), LayoutState.GONE, failed=True)


def test_gone_at_the_last_moment(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """What was read before it went is kept; the rest is None."""
    for name in ("status", "oom_score", "oom_score_adj", "smaps_rollup"):
        files.always(name, GONE)
    sample = sampler.sample()
    assert sample.state is LayoutState.EXACT
    reading = sample.reading
    assert (reading.resident, reading.minor_faults) == (36 * KI, 100)
    assert (reading.high_water_mark, reading.swap, reading.threads, reading.oom_score) == (
        *(None, None, None, None),
    )


def test_hidden_process(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Where even stat is refused (hidepid=1), the sample says so."""
    files.always("stat", REFUSED)
    for sample in (sampler.sample(), sampler.cheap_sample()):
        assert sample == Sample(Reading(), LayoutState.NO_PERMISSION, failed=True)


def test_stat_that_cannot_be_read(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """An I/O error of the first file is a sample without figures that says why."""
    files.always("stat", BROKEN)
    sample = sampler.sample()
    assert (sample.state, sample.failed) == (LayoutState.UNREADABLE, True)
    assert len(sample.problems) == 1


@pytest.mark.parametrize("answer", [BROKEN, b"no smaps\n"])
def test_smaps_that_cannot_be_understood(
    files: ScriptedFiles, sampler: ProcessSampler, answer: Answer
) -> None:
    """An I/O error or other text costs the layout, and says why; the next good one is read."""
    first = sampler.sample()
    files.says("smaps", answer)
    bad = sampler.sample()
    assert (bad.state, bad.change) == (LayoutState.UNREADABLE, None)
    assert (bad.reading.resident, bad.reading.high_water_mark) == (36 * KI, 50 * KI)
    assert len(bad.problems) == 1
    sample = sampler.sample()
    assert sample.problems == ()
    assert first.change is not None
    assert sample.change is not None
    assert (sample.change.added, sample.change.totals) == ([], first.change.totals)


# -- cheap samples ------------------------------------------------------------------------------


def test_cheap_sample(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """The cheap figures alone: smaps is not even opened."""
    sample = sampler.cheap_sample()
    assert (sample.state, sample.change) == (LayoutState.NOT_TAKEN, None)
    assert (sample.reading.resident, sample.reading.threads) == (36 * KI, 1)
    assert files.count("smaps") == files.count("smaps_rollup") == 0


def test_cheap_sample_of_a_zombie(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """It tells that the process has ended, without sizes."""
    files.process.state, files.process.areas = "Z", ()
    sample = sampler.cheap_sample()
    assert sample.state is LayoutState.ZOMBIE
    assert sizes(sample.reading) == NO_SIZES


# -- execve -------------------------------------------------------------------------------------


def test_exec(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Marks of the image change with execve: name, arguments and executable are read anew."""
    before = sampler.image
    assert sampler.sample().image is None
    assert sampler.image is before
    files.process.marks = (9, 9, 9)
    files.process.command_line = b"program\0--other\0"
    assert sampler.sample().image is sampler.image
    assert sampler.image == Image("program", ("program", "--other"), "/usr/bin/program")
    assert sampler.sample().image is None


@pytest.mark.parametrize("name", ["statm", "stat"])
def test_exec_that_no_sample_told(files: ScriptedFiles, sampler: ProcessSampler, name: str) -> None:
    """An execve seen between two samples is told by the next one, even if that breaks off."""
    sampler.sample()
    files.process.marks = (9, 9, 9)
    assert sampler.calls_exec()
    files.always(name, GONE)
    last = sampler.sample()
    assert (last.state, last.image) == (LayoutState.GONE, sampler.image)


def test_new_name(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """A program that renames itself has a new image, too."""
    sampler.sample()
    files.process.name = "worker 3"
    sampler.sample()
    assert sampler.image.name == "worker 3"


def test_title_set_after_a_fork(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """What forks and then writes over its arguments, as servers do, is soon known by its title."""
    sampler.sample()
    files.process.command_line = b"postgres: walwriter " + bytes(40)
    sampler.cheap_sample()
    assert sampler.image.command_line == ("postgres: walwriter ",)
    after = sampler.image
    for _ in range(20):
        sampler.sample()
    assert sampler.image is after


def test_title_of_a_process_that_exits(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """It shows no arguments any more: the last ones that it had stay."""
    sampler.sample()
    before = sampler.image
    files.process.command_line = b""
    sampler.cheap_sample()
    assert sampler.image is before


def test_marks_that_are_hidden(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """Without permission all marks are 0 or 1: no image is read again and again."""
    files.process.marks = (1, 1, 0)
    files.always("smaps", REFUSED)
    before = sampler.image
    for _ in range(3):
        sampler.sample()
    assert sampler.image is before


@pytest.mark.parametrize("hidden", [(1, 1, 0), (0, 0, 0)])
def test_marks_that_become_hidden(
    files: ScriptedFiles, sampler: ProcessSampler, hidden: tuple[int, int, int]
) -> None:
    """A process that stops being dumpable has called no execve, nor when it is so again.

    An execve meanwhile is noticed when the marks are to be seen.
    """
    sampler.sample()
    before, visible = sampler.image, files.process.marks
    for marks in (hidden, hidden, visible, hidden):
        files.process.marks = marks
        sampler.sample()
        assert sampler.image is before
    files.process.marks = (9, 9, 9)
    sampler.sample()
    assert sampler.image is not before


def test_new_name_of_a_hidden_image(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """The name is never hidden: another one is a new image."""
    sampler.sample()
    files.process.marks, files.process.name = (1, 1, 0), "other"
    sampler.sample()
    assert sampler.image.name == "other"


def test_execve_out_of_a_hidden_image(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """An image that was hidden from the start, and then another that is not: that is noticed."""
    visible, files.process.marks = files.process.marks, (1, 1, 0)
    sampler.sample()
    files.process.marks, files.process.command_line = visible, b"program\0--other\0"
    sampler.sample()
    assert sampler.image.command_line == ("program", "--other")


def test_exec_between_two_layouts(files: ScriptedFiles, sampler: ProcessSampler) -> None:
    """All mappings of the new image are new, those of the old one are gone."""
    sampler.sample()
    files.process.marks = (9, 9, 9)
    files.process.areas = tuple(area._replace(start=area.start + 0x1000000) for area in SMALL)
    change = sampler.sample().change
    assert change is not None
    assert (len(change.added), len(change.removed)) == (3, 3)


def test_a_sample_says_how_often_its_layout_was_read(files: ScriptedFiles) -> None:
    """Once if it is whole, four times if all are torn, less often where that proves nothing."""
    sampler = ProcessSampler(files, MachineKnowledge())
    assert sampler.sample().attempts == 1
    files.says("smaps", *[moved(SMALL, rss=100 + 4 * number) for number in range(9)])
    torn = sampler.sample()
    assert (torn.state, torn.attempts) == (LayoutState.TORN, 4)
    files.always("smaps", moved(SMALL, rss=100))
    assert ProcessSampler(files, MachineKnowledge(disagreed=3)).sample().attempts == 2
