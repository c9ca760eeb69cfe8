"""The small files of a process -> model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_watcher.errors import SourceError
from memory_watcher.model import Image, Rollup
from memory_watcher.procfs.cheap import parse_high_water_mark, parse_resident
from memory_watcher.procfs.process import (
    Statm,
    Status,
    image_of,
    page_size_of,
    parse_command_line,
    parse_rollup,
    parse_stat,
    parse_statm,
    parse_status,
)
from tests.captures import KI, capture


def test_statm_in_pages_of_the_target() -> None:
    """Fields are multiplied by the page size of the machine that the file comes from."""
    assert parse_statm(b"10 4 3 2 0 5 0\n", 4096) == Statm(
        size=40 * KI, resident=16 * KI, shared=12 * KI, text=8 * KI, data=20 * KI
    )
    assert parse_statm(b"10 4 3 2 0 5 0\n", 65536).resident == 256 * KI


def test_statm_without_memory() -> None:
    """A zombie's and a kernel thread's statm is all zeros; telling what that means is not here."""
    for kind in ("zombie", "kernel-thread"):
        assert parse_statm(capture(kind, "statm"), 4096) == Statm(0, 0, 0, 0, 0)


def test_captured_stat() -> None:
    """The fields of a captured stat are those of proc(5)."""
    stat = parse_stat(capture("6.18-python", "stat"))
    assert (stat.name, stat.state, stat.parent_pid) == ("python3", "S", 4200)
    assert (stat.minor_faults, stat.major_faults, stat.start_time) == (2962, 4, 353932)
    assert (stat.user_time, stat.system_time, stat.threads) == (2, 0, 1)
    assert stat.image_marks == (b"4321280", b"7148169", b"140732863836080")
    assert not stat.is_kernel_thread


def test_kernel_thread_by_its_flag() -> None:
    """PF_KTHREAD tells, not the missing memory."""
    assert parse_stat(capture("kernel-thread", "stat")).is_kernel_thread
    assert not parse_stat(capture("zombie", "stat")).is_kernel_thread


def test_name_with_brackets() -> None:
    """The name ends at the last bracket: it may hold brackets, blanks and state letters."""
    stat = parse_stat(capture("zombie", "stat"))
    assert (stat.name, stat.state, stat.parent_pid) == ("sh <defunct>)", "Z", 4200)


def test_name_of_any_bytes() -> None:
    """A newline or invalid UTF-8 in the name survives."""
    content = capture("6.18-python", "stat").replace(b"python3", b") S 1 (\n\xff\t")
    assert parse_stat(content).name.encode("utf-8", "surrogateescape") == b") S 1 (\n\xff\t"


def test_captured_status() -> None:
    """Sizes become bytes; the numbers without a unit stay."""
    assert parse_status(capture("6.18-python", "status")) == Status(
        vm_size=25532 * KI,
        high_water_mark=17652 * KI,
        swap=0,
        hugetlb=0,
        threads=1,
        parent_pid=4200,
        uid=0,
        voluntary_switches=40,
        involuntary_switches=64,
        rss_anon=7884 * KI,
        rss_file=6772 * KI,
        rss_shmem=12 * KI,
    )


@pytest.mark.parametrize("kind", ["zombie", "kernel-thread"])
def test_status_without_memory(kind: str) -> None:
    """What has no memory has no sizes: None, not 0; the rest is told."""
    status = parse_status(capture(kind, "status"))
    assert status[:4] == (None, None, None, None)
    assert status.threads == 1


def test_name_in_status_cannot_pass_for_a_field() -> None:
    """The kernel escapes newlines in Name, so a program cannot fake a field."""
    content = b"Name:\tVmHWM: 5 kB\\nVmHWM:\t7 kB\nVmHWM:\t       8 kB\n"
    assert parse_status(content).high_water_mark == 8 * KI


def test_rollup() -> None:
    """Totals of a captured smaps_rollup; None for what is not in it, but Private_Hugetlb."""
    content = capture("6.18-python", "smaps_rollup")
    assert parse_rollup(content) == Rollup(
        rss=14668 * KI, pss=12693 * KI, uss=12136 * KI, swap_pss=0
    )
    assert parse_rollup(b"") == Rollup(None, None, None, None)
    mine = b"\nPrivate_Clean: 4 kB\nPrivate_Dirty: 8 kB\n"
    assert parse_rollup(mine).uss == 12 * KI
    assert parse_rollup(mine + b"Private_Hugetlb: 2048 kB\n").uss == 2060 * KI


@pytest.mark.parametrize("page_size", [4096, 16384, 65536])
def test_page_size_from_the_files(page_size: int) -> None:
    """The file statm counts pages and status KiB: the quotient is the machine's page size.

    Also when the process grew a little between the two readings.
    """
    for pages, more in ((1000, 0), (1000, 30), (1000, -30), (12, 1)):
        statm = b"%d 5 4 3 0 2 0\n" % pages
        status = b"Name:\tx\nVmSize:\t%8d kB\n" % ((pages + more) * page_size // KI)
        assert page_size_of(statm, status) == page_size


def test_page_size_of_captures() -> None:
    """Those of x86-64 and of arm64 with pages of 16 KiB differ."""
    for kernel, size in (("6.18-python", 4096), ("6.12-16k", 16384), ("6.12-16k-python", 16384)):
        assert page_size_of(capture(kernel, "statm"), capture(kernel, "status")) == size


@pytest.mark.parametrize("kind", ["zombie", "kernel-thread"])
def test_page_size_that_nothing_tells(kind: str) -> None:
    """A process without memory tells no page size."""
    assert page_size_of(capture(kind, "statm"), capture(kind, "status")) is None


def test_title_over_the_arguments() -> None:
    """The zeros behind it are the room that is left, no arguments."""
    title = b"postgres: checkpointer "
    for room in (0, 1, 2, 60):
        assert parse_command_line(title + bytes(room)) == (title.decode(),)
    assert parse_command_line(b"nginx" + bytes(30)) == ("nginx",)


def test_command_line() -> None:
    """Arguments are apart by NUL; blanks and empty ones stay; without any it is None."""
    assert parse_command_line(capture("6.18-python", "cmdline")) == (
        *("python3", "worker.py", "--queue", "two words"),
    )
    assert parse_command_line(b"a\0\0b\0") == ("a", "", "b")
    assert parse_command_line(b"a\0\0") == ("a", "")
    assert parse_command_line(b"\0") == ("",)
    assert parse_command_line(b"title set by the program") == ("title set by the program",)
    assert parse_command_line(b"\xff\0") == ("\udcff",)
    assert parse_command_line(capture("kernel-thread", "cmdline")) is None


def test_image() -> None:
    """Name from stat, the rest as far as it could be read."""
    stat = parse_stat(capture("6.18-python", "stat"))
    assert image_of(stat, b"python3\0", b"/usr/bin/python3.11 (deleted)") == Image(
        "python3", ("python3",), "/usr/bin/python3.11 (deleted)"
    )
    assert image_of(stat, None, None) == Image("python3", None, None)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([b"1 (a", b"1 (a) S", b") (", b"1 2 3 x 5 6 7"]))
def test_other_bytes_are_refused(content: bytes) -> None:
    """Whatever a file holds, it is parsed or refused by SourceError."""
    for parser in (lambda text: parse_statm(text, 4096), parse_stat, parse_status, parse_rollup):
        try:
            parser(content)
        except SourceError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"VmHWM:", "VmHWM"),
        (b"VmHWM:\t", "VmHWM"),
        (b"VmHWM:\tx kB", "VmHWM"),
        (b"VmHWM:\t-5 kB", "VmHWM"),
        (b"VmHWM:\t1_000 kB", "VmHWM"),
        (b"VmHWM:\t18014398509481984 kB", "VmHWM"),
        (b"VmSwap:\t9007199254740992 kB", "VmSwap"),
        (b"Threads:", "Threads"),
        (b"Threads:\t" + b"9" * 5000, "Threads"),
    ],
)
def test_status_line_without_a_figure(line: bytes, name: str) -> None:
    """It costs its own value, which is None and named; the others stand."""
    status = parse_status(b"Name:\tx\nVmSize:\t  8 kB\n" + line + b"\nUid:\t5\t5\t5\t5\n")
    assert (status.vm_size, status.uid) == (8 * KI, 5)
    assert (status.high_water_mark, status.swap, status.threads) == (None, None, None)
    assert status.no_figures == (name,)


def test_largest_figures() -> None:
    """2**63 - 1 bytes are told, one page more is not: no recording can hold it."""
    most = (2**63 - 1) // 4096
    assert parse_statm(b"%d %d 3 2 0 5 0\n" % (most, most + 1), 4096) == Statm(
        *(most * 4096, None, 3 * 4096, 2 * 4096, 5 * 4096)
    )
    assert parse_resident(b"1 %d 3 4" % (most + 1), 4096) == (None, 3 * 4096)
    assert parse_resident(b"1 %d 3 4" % most, 4096) == (most * 4096, 3 * 4096)
    assert parse_high_water_mark(b"Name:\tx\nVmHWM:\t%d kB\n" % (2**53 - 1)) == 2**63 - KI
    assert parse_high_water_mark(b"Name:\tx\nVmHWM:\t%d kB\n" % 2**53) is None


def test_stat_with_one_value_that_is_none() -> None:
    """Faults that no recording can hold are not told; who the process is stands."""
    content = capture("6.18-python", "stat")
    closing = content.rindex(b")") + 2
    fields = content[closing:].split()
    fields[7], fields[1] = b"%d" % 2**63, b"x"
    stat = parse_stat(content[:closing] + b" ".join(fields))
    assert (stat.minor_faults, stat.parent_pid) == (None, None)
    before = parse_stat(content)
    assert (stat.name, stat.start_time, stat.major_faults, stat.image_marks) == (
        *(before.name, before.start_time, before.major_faults, before.image_marks),
    )
    fields[19] = b"x"
    with pytest.raises(SourceError):
        parse_stat(content[:closing] + b" ".join(fields))


@pytest.mark.parametrize("content", [b"\nRss:\nPss: 5 kB\n", b"\nRss:   x kB\nPss: 5 kB\n"])
def test_rollup_line_without_a_figure(content: bytes) -> None:
    """It costs its own value."""
    assert parse_rollup(content) == Rollup(rss=None, pss=5 * KI)
