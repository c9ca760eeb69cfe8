"""What is stored beside layouts: evidence for kinds, and RSS between the layouts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.model import (
    ElfFile,
    ElfSegment,
    Evidence,
    FastReading,
    Image,
    KindEvidence,
    LayoutState,
    Machine,
    ProcessFacts,
    ProcessKey,
    Reading,
    Sample,
    Tick,
)
from memory_watcher.recorded import FastPoint, HighWaterMark
from memory_watcher.store.recording import Recording
from memory_watcher.store.writer import Writer
from tests.recordings import KI, MI, SECOND, START

MS = 1_000_000
MACHINE = Machine("boot", "host", "6.18", 16 * KI, 2)
TEXT = ElfSegment(0, 0x1000, 0x2345, 0x2345, 5)
DATA = ElfSegment(0x2345, 0x4345, 0x100, 0x5000, 6)
HIGH = ElfSegment(0, 2**64 - 4096, 1, 2, 4)
#: An inode as overlay and network file systems have them.
LARGE = 2**64 - 6


class Stage:
    """A recording in the making: a tick a second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = Writer(str(path))
        self.writer.start_run(MACHINE, SECOND, ["memory-record"])
        self.number = 0

    def tick(self) -> int:
        self.number += 1
        return self.writer.tick(Tick(START + self.number * SECOND, self.number * SECOND, 0))

    def process(self, pid: int = 7) -> int:
        return self.writer.add_process(ProcessFacts(ProcessKey(pid, 100), Image("program")))

    def reading(self, process: int, mark: int | None, delay_ns: int = 0) -> None:
        sample = Sample(Reading(resident=MI, high_water_mark=mark), LayoutState.NOT_TAKEN)
        self.writer.sample(process, sample, delay_ns)

    def finds(
        self,
        process: int,
        pointers: dict[int, int],
        files: dict[tuple[int, int], ElfFile] | None = None,
        image: Image | None = None,
    ) -> None:
        """Store what this tick found that tells kinds."""
        evidence = Evidence(pointers, files or {})
        found = Sample(Reading(), LayoutState.NOT_TAKEN, image=image, evidence=evidence)
        self.writer.sample(process, found, 0)

    def fast(self, process: int, after_ns: int, resident: int, mark: int | None) -> None:
        """Store a fast reading so long after the last tick; the one before was 20 ms earlier."""
        time = START + self.number * SECOND + after_ns
        self.writer.fast_reading(process, time, 20 * MS, FastReading(resident, mark))

    def reader(self) -> Recording:
        self.writer.commit()
        return memory_watcher.open(self.path)


@pytest.fixture(name="stage")
def recording_in_the_making(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "a.db")
    yield stage
    stage.writer.close("SIGINT")


# -- evidence for kinds ---------------------------------------------------------------------------


def test_stack_pointers(stage: Stage) -> None:
    """Of one process by TID, addresses above 2**63 included; found later, known from the start."""
    first = stage.tick()
    one, other = stage.process(7), stage.process(8)
    stage.finds(one, {7: 0x7FFF_0000, 9: 2**64 - 4096, 10: 0})
    stage.finds(other, {8: 0x2000})
    stage.tick()
    stage.finds(one, {7: 0x7FFF_0000, 9: 2**64 - 4096, 10: 0x1000})
    with stage.reader() as reader:
        assert reader.kind_evidence(one, first).stack_pointers == {
            7: 0x7FFF_0000,
            9: 2**64 - 4096,
            10: 0x1000,
        }
        assert reader.kind_evidence(other, first).stack_pointers == {8: 0x2000}


def test_thread_that_ended(stage: Stage) -> None:
    """Its pointer counts while it lived, not before and not later: there may be other memory."""
    before = stage.tick()
    process = stage.process()
    stage.finds(process, {7: 0x7000})
    began = stage.tick()
    stage.finds(process, {7: 0x7000, 8: 0})
    asked = stage.tick()
    stage.finds(process, {7: 0x7000, 8: 0x8000})
    last = stage.tick()
    ended = stage.tick()
    stage.finds(process, {7: 0x7000})
    again = stage.tick()
    stage.finds(process, {7: 0x7000, 8: 0x9000})
    both, one = {7: 0x7000, 8: 0x8000}, {7: 0x7000}
    with stage.reader() as reader:
        found = [
            reader.kind_evidence(process, tick).stack_pointers
            for tick in (before, began, asked, last, ended, again)
        ]
    assert found == [one, both, both, both, one, {7: 0x7000, 8: 0x9000}]


def test_thread_id_of_another_thread(stage: Stage) -> None:
    """Another pointer under the same TID is another thread's, even if its end was not seen."""
    first = stage.tick()
    process = stage.process()
    stage.finds(process, {7: 0x7000})
    second = stage.tick()
    stage.finds(process, {7: 0x9000})
    with stage.reader() as reader:
        assert reader.kind_evidence(process, first).stack_pointers == {7: 0x7000}
        assert reader.kind_evidence(process, second).stack_pointers == {7: 0x9000}


def test_end_of_a_process_with_stacks(stage: Stage) -> None:
    """At its end no pointer is left open."""
    first = stage.tick()
    process = stage.process()
    stage.finds(process, {7: 0x7000})
    last = stage.tick()
    stage.writer.end_process(process)
    with stage.reader() as reader:
        assert reader.kind_evidence(process, first).stack_pointers == {7: 0x7000}
        assert reader.kind_evidence(process, last).stack_pointers == {}


def test_stacks_in_a_later_run(stage: Stage) -> None:
    """Threads that live on are the same row; those that ended between the runs are closed."""
    first = stage.tick()
    process = stage.process()
    stage.finds(process, {7: 0x7000, 8: 0x8000})
    stage.writer.close("SIGINT")
    stage.writer = Writer(str(stage.path))
    stage.writer.start_run(MACHINE, SECOND, ["memory-record"])
    second = stage.tick()
    assert stage.process() == process
    stage.finds(process, {7: 0})
    with stage.reader() as reader:
        assert reader.kind_evidence(process, first).stack_pointers == {7: 0x7000, 8: 0x8000}
        assert reader.kind_evidence(process, second).stack_pointers == {7: 0x7000}


def test_stack_pointers_of_each_image(stage: Stage) -> None:
    """What was found of one image tells nothing of that before or after it."""
    first = stage.tick()
    process = stage.process()
    stage.finds(process, {7: 0x1000, 8: 0x2000})
    between = stage.tick()
    execve = stage.tick()
    stage.finds(process, {7: 0x3000}, image=Image("other"))
    last = stage.tick()
    with stage.reader() as reader:
        for tick in (first, between):
            found = reader.kind_evidence(process, tick).stack_pointers
            assert found == {7: 0x1000, 8: 0x2000}
        for tick in (execve, last):
            assert reader.kind_evidence(process, tick).stack_pointers == {7: 0x3000}


def test_segments(stage: Stage) -> None:
    """Of all files of the machine, in order; unsigned; the page size beside them."""
    tick = stage.tick()
    process = stage.process()
    stage.tick()
    stage.finds(process, {}, {(1, 5): ElfFile((TEXT, DATA)), (1, LARGE): ElfFile((HIGH,))})
    stage.tick()
    stage.finds(process, {}, {(2, 5): ElfFile((TEXT,))})
    with stage.reader() as reader:
        evidence = reader.kind_evidence(process, tick)
    assert evidence.segments == {(1, 5): (TEXT, DATA), (1, LARGE): (HIGH,), (2, 5): (TEXT,)}
    assert evidence.page_size == 16 * KI


def test_segments_read_again(stage: Stage) -> None:
    """A later run that reads the same file again replaces what was known of it."""
    tick = stage.tick()
    process = stage.process()
    stage.tick()
    stage.finds(process, {}, {(1, 5): ElfFile((TEXT,))})
    stage.tick()
    stage.finds(process, {}, {(1, 5): ElfFile((DATA,))})
    with stage.reader() as reader:
        assert reader.kind_evidence(process, tick).segments == {(1, 5): (DATA,)}


def test_build_ids(stage: Stage) -> None:
    """Of all files of the process's machine that have one; what is read again replaces it."""
    stage.tick()
    process = stage.process()
    stage.tick()
    stage.finds(process, {}, {(1, 5): ElfFile((TEXT,), "0a"), (1, LARGE): ElfFile((HIGH,), "0b")})
    stage.tick()
    stage.finds(process, {}, {(1, 6): ElfFile((TEXT,)), (1, 5): ElfFile((TEXT,), "0c")})
    with stage.reader() as reader:
        assert reader.build_ids(process) == {(1, 5): "0c", (1, LARGE): "0b"}
        assert reader.build_ids(process + 1) == {}


def test_another_file_of_the_same_inode(stage: Stage) -> None:
    """Nothing stays of the file that had it before: segments, build ID, marks."""
    tick = stage.tick()
    process = stage.process()
    stage.tick()
    first = ElfFile((TEXT, DATA), "0a", ("go",))
    stage.finds(process, {}, {(1, 5): first, (1, LARGE): first})
    stage.tick()
    stage.finds(process, {}, {(1, 5): ElfFile((HIGH,))})
    with stage.reader() as reader:
        evidence = reader.kind_evidence(process, tick)
        assert evidence.segments == {(1, 5): (HIGH,), (1, LARGE): (TEXT, DATA)}
        assert evidence.marks == {(1, LARGE): ["go"]}
        assert reader.build_ids(process) == {(1, LARGE): "0a"}


def test_nothing_known(stage: Stage) -> None:
    """Without evidence it is empty, and the page size is the machine's, or 4 KiB."""
    tick = stage.tick()
    process = stage.process()
    with stage.reader() as reader:
        assert reader.kind_evidence(process, tick) == KindEvidence({}, {}, 16 * KI)
        assert reader.kind_evidence(process + 1, tick) == KindEvidence({}, {}, 4096)


# -- RSS between the layouts ----------------------------------------------------------------------


def test_fast_points(stage: Stage) -> None:
    """As stored, in order of time, of one process."""
    stage.tick()
    one, other = stage.process(7), stage.process(8)
    stage.fast(one, 20 * MS, 5 * MI, 6 * MI)
    stage.fast(other, 20 * MS, 1 * MI, None)
    stage.fast(one, 60 * MS, 4 * MI, 7 * MI)
    with stage.reader() as reader:
        base = START + SECOND
        assert reader.fast_points(one) == [
            FastPoint(base + 20 * MS, 20 * MS, 5 * MI, 6 * MI),
            FastPoint(base + 60 * MS, 20 * MS, 4 * MI, 7 * MI),
        ]
        assert reader.fast_points(other) == [FastPoint(base + 20 * MS, 20 * MS, MI, None)]
        assert reader.fast_points(99) == []


def test_two_at_the_same_nanosecond(stage: Stage) -> None:
    """A clock that was set back may give a time twice: the later figure counts, nothing fails."""
    stage.tick()
    process = stage.process()
    stage.fast(process, 20 * MS, 5 * MI, None)
    stage.fast(process, 20 * MS, 6 * MI, None)
    with stage.reader() as reader:
        assert [point.resident for point in reader.fast_points(process)] == [6 * MI]


def test_mark_between_ticks(stage: Stage) -> None:
    """The mark is told with the fast reading that first showed it, and the reading before that."""
    first = stage.tick()
    process = stage.process()
    stage.reading(process, 5 * MI)
    stage.fast(process, 100 * MS, MI, 9 * MI)
    stage.fast(process, 140 * MS, 2 * MI, 9 * MI)
    stage.tick()
    stage.reading(process, 9 * MI)
    base = START + SECOND
    with stage.reader() as reader:
        assert reader.high_water_mark(process) == HighWaterMark(
            9 * MI, first, base + 100 * MS, base + 80 * MS
        )


def test_mark_at_a_tick(stage: Stage) -> None:
    """A mark that a tick showed first lies between it and the last reading, fast or not."""
    stage.tick()
    process = stage.process()
    stage.reading(process, 5 * MI)
    stage.fast(process, 980 * MS, MI, 5 * MI)
    second = stage.tick()
    stage.reading(process, 9 * MI, delay_ns=MS)
    third = START + 2 * SECOND + MS
    with stage.reader() as reader:
        assert reader.high_water_mark(process) == HighWaterMark(
            9 * MI, second, third, START + SECOND + 980 * MS
        )


def test_mark_without_a_reading_before(stage: Stage) -> None:
    """What the first reading showed was reached at some time before it."""
    first = stage.tick()
    process = stage.process()
    stage.reading(process, 5 * MI)
    with stage.reader() as reader:
        found = reader.high_water_mark(process)
    assert found == HighWaterMark(5 * MI, first, START + SECOND, None)


def test_last_mark_of_a_process_that_died(stage: Stage) -> None:
    """The last fast reading's mark counts, though the tick after it could read nothing."""
    stage.tick()
    process = stage.process()
    stage.reading(process, 5 * MI)
    stage.fast(process, 300 * MS, 200 * MI, 201 * MI)
    stage.tick()
    stage.writer.sample(process, Sample(Reading(), LayoutState.GONE), 0)
    stage.writer.end_process(process)
    with stage.reader() as reader:
        found = reader.high_water_mark(process)
    assert found
    assert found.size == 201 * MI


def test_a_sample_stores_all_that_it_found(stage: Stage) -> None:
    """An execve, then threads and files of the new image: stacks of the one before have ended."""
    first, process = stage.tick(), stage.process()
    stage.finds(process, {7: 0x1000})
    second = stage.tick()
    stage.finds(process, {7: 0x3000}, {(1, 5): ElfFile((TEXT,))}, Image("other"))
    with stage.reader() as reader:
        assert reader.kind_evidence(process, first).stack_pointers == {7: 0x1000}
        assert reader.kind_evidence(process, second).stack_pointers == {7: 0x3000}
        assert [image.name for image in reader.processes()[0].images][-1] == "other"
