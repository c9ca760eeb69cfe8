"""Evidence for kinds: each thread's stack pointer, and each executed file's segments, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.errors import SourceError
from memory_watcher.model import ElfFile, ElfSegment, Mapping, MappingUsage, Usage
from memory_watcher.procfs.mapped import NotReady
from memory_watcher.record.evidence import ElfHeaders, StackPointers
from tests.fakeproc import FakeProc, FakeProcess
from tests.unit.procfs.test_elf import DATA, TEXT, elf, note, program_header
from tests.unit.record.scripted import GONE, REFUSED, ScriptedFiles

RUNNING = b"running\n"


def blocked(pointer: int) -> bytes:
    return b"0 0x3 0x7f00 0x20000 0x7f00 0xffffffff 0x0 0x%x 0x7fb185ae02ad\n" % pointer


class Files(ScriptedFiles):
    """`syscalls` is what each thread's file says; `asked` which were read."""

    def __init__(self, proc: FakeProc) -> None:
        super().__init__(proc, FakeProcess(7))
        self.syscalls: dict[int, bytes | SourceError] = {}
        self.asked: list[int] = []
        self.listed = 0
        self.contents: dict[int, bytes] = {}  # of mapped files, by inode
        self.opened: list[int] = []
        self.is_ready = True

    def threads(self) -> list[int]:
        self.listed += 1
        return list(self.syscalls)

    def thread_file(self, tid: int, name: str) -> bytes:
        assert name == "syscall"
        self.asked.append(tid)
        answer = self.syscalls.get(tid, b"")
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def mapped_file(self, mapping: Mapping, offset: int, size: int) -> bytes | None:
        self.opened.append(mapping.inode)
        if not self.is_ready:
            raise NotReady("starting")
        content = self.contents.get(mapping.inode)
        return None if content is None else content[offset : offset + size]


@pytest.fixture(name="files")
def scripted_files(tmp_path: Path) -> Iterator[Files]:
    files = Files(FakeProc(tmp_path / "proc"))
    yield files
    files.close()


# -- stack pointers -------------------------------------------------------------------------------


def test_each_thread_once(files: Files) -> None:
    """Each thread that waits is asked once: a stack does not move."""
    files.syscalls = {7: blocked(0x7000), 8: blocked(0x8000)}
    stacks = StackPointers(files)
    assert stacks.collect(2) == {7: 0x7000, 8: 0x8000}
    assert [stacks.collect(2) for _ in range(5)] == [{}] * 5
    assert sorted(files.asked) == [7, 8]


def test_a_single_thread(files: Files) -> None:
    """Nothing can have taken its place: the threads are listed once."""
    files.syscalls = {7: blocked(0x7000)}
    stacks = StackPointers(files)
    assert stacks.collect(1) == {7: 0x7000}
    assert [stacks.collect(1) for _ in range(5)] == [{}] * 5
    assert files.listed == 1


def test_a_thread_in_the_place_of_another(files: Files) -> None:
    """It is noticed though their count stays: it is asked, and the other has ended."""
    files.syscalls = {7: blocked(0x7000), 8: blocked(0x8000)}
    stacks = StackPointers(files)
    stacks.collect(2)
    files.syscalls = {7: blocked(0x7000), 9: RUNNING}
    assert stacks.collect(2) == {7: 0x7000, 9: 0}
    files.syscalls[9] = blocked(0x9000)
    assert stacks.collect(2) == {7: 0x7000, 9: 0x9000}


def test_a_thread_that_runs_is_asked_again(files: Files) -> None:
    """Until it waits."""
    files.syscalls = {7: blocked(0x7000), 8: RUNNING}
    stacks = StackPointers(files)
    assert stacks.collect(2) == {7: 0x7000, 8: 0}
    assert stacks.collect(2) == {}
    files.syscalls[8] = blocked(0x8000)
    assert stacks.collect(2) == {7: 0x7000, 8: 0x8000}
    assert stacks.collect(2) == {}


def test_a_thread_that_always_runs_is_given_up(files: Files) -> None:
    """Asking has an end, so that a thread that always runs does not cost for ever."""
    files.syscalls = {7: RUNNING}
    stacks = StackPointers(files)
    assert stacks.collect(1) == {7: 0}
    for _ in range(1000):
        assert stacks.collect(1) == {}
    assert 10 <= len(files.asked) <= 100


def test_new_threads(files: Files) -> None:
    """Those that are new are asked, and only they."""
    files.syscalls = {7: blocked(0x7000)}
    stacks = StackPointers(files)
    stacks.collect(1)
    files.syscalls[8] = blocked(0x8000)
    assert stacks.collect(2) == {7: 0x7000, 8: 0x8000}
    assert files.asked == [7, 8]


def test_a_thread_id_that_is_used_again(files: Files) -> None:
    """After its thread has ended, a TID may be another's: it is asked again."""
    files.syscalls = {7: blocked(0x7000), 8: blocked(0x8000)}
    stacks = StackPointers(files)
    stacks.collect(2)
    del files.syscalls[8]
    assert stacks.collect(1) == {7: 0x7000}
    files.syscalls[8] = blocked(0x9000)
    assert stacks.collect(2) == {7: 0x7000, 8: 0x9000}


def test_a_thread_that_has_ended_meanwhile(files: Files) -> None:
    """Its file is empty: nothing is told, and the others are."""
    files.syscalls = {7: blocked(0x7000), 8: b"", 9: blocked(0x9000)}
    assert StackPointers(files).collect(3) == {7: 0x7000, 8: 0, 9: 0x9000}


def test_many_threads_are_spread_over_ticks(files: Files) -> None:
    """Of a thousand threads not all are asked in one tick, but all are in some."""
    files.syscalls = {tid: blocked(tid * 0x1000) for tid in range(1000, 2000)}
    stacks = StackPointers(files)
    found: dict[int, int] = {}
    for _ in range(20):
        asked = len(files.asked)
        found |= stacks.collect(1000)
        assert len(files.asked) - asked <= 100
    assert found == {tid: tid * 0x1000 for tid in range(1000, 2000)}


def test_running_threads_do_not_keep_others_waiting(files: Files) -> None:
    """Those not asked yet come before those that ran when they were asked."""
    files.syscalls = dict.fromkeys(range(100), RUNNING)
    files.syscalls |= {tid: blocked(tid * 0x1000) for tid in range(100, 110)}
    stacks = StackPointers(files)
    found = stacks.collect(110) | stacks.collect(110)
    assert {tid for tid, pointer in found.items() if pointer} == set(range(100, 110))


@pytest.mark.parametrize("error", [REFUSED, GONE], ids=["refused", "gone"])
def test_refused(files: Files, error: SourceError) -> None:
    """Where the kernel refuses, it is not asked at each tick; other signs have to tell stacks."""
    files.syscalls = dict.fromkeys(range(5), error)
    stacks = StackPointers(files)
    assert [stacks.collect(5) for _ in range(5)] == [{}] * 5
    assert len(files.asked) == 1


def test_one_thread_that_is_refused(files: Files) -> None:
    """What was found in the same pass is kept, and the threads behind it are asked."""
    files.syscalls = {7: blocked(0x7000), 8: REFUSED, 9: blocked(0x9000)}
    stacks = StackPointers(files)
    assert stacks.collect(3) == {7: 0x7000, 8: 0, 9: 0x9000}
    assert [stacks.collect(3) for _ in range(5)] == [{}] * 5
    assert sorted(files.asked) == [7, 8, 9]


# -- ELF headers ----------------------------------------------------------------------------------

PROGRAM = elf([program_header(TEXT, 64, "<"), program_header(DATA, 64, "<")])


def entry(inode: int, perms: str = "r-xp", pathname: str = "/usr/lib/x.so") -> MappingUsage:
    return MappingUsage(
        Mapping(inode << 20, (inode << 20) + 4096, perms, 0, 1, inode, pathname), Usage()
    )


def test_each_file_once(files: Files) -> None:
    """Whatever process executes it, and however often it is mapped."""
    files.contents = {5: PROGRAM, 6: PROGRAM}
    headers = ElfHeaders()
    assert headers.collect(files, [entry(5), entry(5)]) == {(1, 5): ElfFile((TEXT, DATA))}
    assert headers.collect(files, [entry(5), entry(6)]) == {(1, 6): ElfFile((TEXT, DATA))}
    opened = len(files.opened)
    assert headers.collect(files, [entry(5), entry(6)]) == {}
    assert len(files.opened) == opened


@pytest.mark.parametrize("perms", ["r--p", "rw-p", "r-xs", "---p"])
def test_only_what_is_executed(files: Files, perms: str) -> None:
    """Data files are not opened, nor is what is only mapped to be read or shared."""
    files.contents = {5: PROGRAM}
    assert ElfHeaders().collect(files, [entry(5, perms)]) == {}
    assert files.opened == []


def test_anonymous_code(files: Files) -> None:
    """What a JIT makes has no file."""
    assert ElfHeaders().collect(files, [entry(0, "rwxp", "")]) == {}
    assert files.opened == []


@pytest.mark.parametrize(
    "content",
    [None, b"", b"#!/bin/sh\n", PROGRAM[:30], PROGRAM[:80]],
    ids=["not to be had", "empty", "script", "cut in the header", "cut in the table"],
)
def test_files_that_tell_nothing(files: Files, content: bytes | None) -> None:
    """They are left out, once: nothing fails, and nothing is asked again at each tick."""
    if content is not None:
        files.contents = {5: content}
    headers = ElfHeaders()
    assert headers.collect(files, [entry(5)]) == {}
    opened = len(files.opened)
    assert headers.collect(files, [entry(5)]) == {}
    assert len(files.opened) == opened


def test_nothing_is_lost_while_the_helper_starts(files: Files) -> None:
    """On a busy machine that takes seconds: every file is asked again, and read once."""
    files.contents = {5: PROGRAM, 6: PROGRAM}
    headers = ElfHeaders()
    files.is_ready = False
    assert headers.collect(files, [entry(5), entry(6)]) == {}
    assert len(files.opened) == 1
    files.is_ready = True
    told = ElfFile((TEXT, DATA))
    assert headers.collect(files, []) == {(1, 5): told, (1, 6): told}


def test_table_far_away(files: Files) -> None:
    """Tools that rewrite files move the table anywhere: it is read where it is."""
    table = program_header(TEXT, 64, "<")
    head = elf([], table_offset=100_000, count=1)
    files.contents = {5: head + bytes(100_000 - len(head)) + table}
    assert ElfHeaders().collect(files, [entry(5)]) == {(1, 5): ElfFile((TEXT,))}


NOTES = note(7, b"xyz") + note(3, bytes(range(20)))


def with_notes(offset: int) -> bytes:
    """A program whose notes are at an offset."""
    place = ElfSegment(offset, 0, len(NOTES), len(NOTES), 4)
    headers = [program_header(TEXT, 64, "<"), program_header(place, 64, "<", kind=4)]
    head = elf(headers)
    return head + bytes(offset - len(head)) + NOTES


@pytest.mark.parametrize(("offset", "reads"), [(0x2A8, 1), (100_000, 2)])
def test_build_id(files: Files, offset: int, reads: int) -> None:
    """It is read with the headers; at most places that costs no further reading of the file."""
    files.contents = {5: with_notes(offset)}
    found = ElfHeaders().collect(files, [entry(5)])
    assert found == {(1, 5): ElfFile((TEXT,), bytes(range(20)).hex())}
    assert len(files.opened) == reads


def test_mark_of_go(files: Files) -> None:
    """The note of Go's linker, beside a build ID or without one."""
    go = note(4, b"id/of/a/build", b"Go\0\0")
    for notes, build_id in ((go, None), (note(3, bytes(8)) + go, bytes(8).hex())):
        place = ElfSegment(0x2A8, 0, len(notes), len(notes), 4)
        head = elf([program_header(TEXT, 64, "<"), program_header(place, 64, "<", kind=4)])
        files.contents = {5: head + bytes(0x2A8 - len(head)) + notes}
        found = ElfHeaders().collect(files, [entry(5)])
        assert found == {(1, 5): ElfFile((TEXT,), build_id, ("go",))}


@pytest.mark.parametrize(
    "other", [note(4, b"id"), note(3, b"id", b"Go\0\0"), note(4, b"", b"Go\0\0")]
)
def test_no_mark(files: Files, other: bytes) -> None:
    """Another owner, another type, or nothing in it."""
    place = ElfSegment(0x2A8, 0, len(other), len(other), 4)
    head = elf([program_header(TEXT, 64, "<"), program_header(place, 64, "<", kind=4)])
    files.contents = {5: head + bytes(0x2A8 - len(head)) + other}
    assert ElfHeaders().collect(files, [entry(5)]) == {(1, 5): ElfFile((TEXT,))}


def test_notes_beyond_the_end(files: Files) -> None:
    """A file that is cut has its segments all the same."""
    files.contents = {5: with_notes(100_000)[:5000]}
    assert ElfHeaders().collect(files, [entry(5)]) == {(1, 5): ElfFile((TEXT,))}
