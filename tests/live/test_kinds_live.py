"""Kinds of the mappings of real processes, against what the processes and ELF headers say."""

from __future__ import annotations

import glob
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from memory_watcher.analysis.bss import Bss, bss_parts, find_bss
from memory_watcher.analysis.kinds import Attribution, Kind, KindHints, attribute
from memory_watcher.model import ElfSegment, MappingUsage
from memory_watcher.procfs.elf import HEAD_SIZE, find_table, parse_table
from memory_watcher.procfs.threads import parse_stack_pointer
from tests.captures import parse

pytestmark = pytest.mark.live

PAGE = os.sysconf("SC_PAGE_SIZE")
T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """Ask again until there is an answer."""
    end = time.monotonic() + seconds
    while (answer := condition()) is None:
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)
    return answer


def read_layout(pid: int) -> list[MappingUsage]:
    return parse(Path(f"/proc/{pid}/smaps").read_bytes())


def steady_layout(pid: int) -> list[MappingUsage]:
    """A layout during which no library came or went: the files are where they were just before.

    Raises OSError if the process has ended, also if nobody has asked how yet.
    """

    def files(entries: list[MappingUsage]) -> list[object]:
        return [entry.mapping for entry in entries if entry.mapping.inode]

    def attempt() -> list[MappingUsage] | None:
        before, now = read_layout(pid), read_layout(pid)
        if not now:
            raise ProcessLookupError(pid)
        return now if files(before) == files(now) else None

    return until(attempt, f"a steady layout of {pid}")


def read_pointers(pid: int) -> dict[int, int | None]:
    return {
        int(task.name): parse_stack_pointer((task / "syscall").read_bytes())
        for task in Path(f"/proc/{pid}/task").iterdir()
    }


def program_files(entries: list[MappingUsage]) -> dict[str, tuple[int, int]]:
    """Paths of all executed files, with dev and inode."""
    return {
        entry.mapping.pathname: (entry.mapping.dev, entry.mapping.inode)
        for entry in entries
        if entry.mapping.inode and entry.mapping.perms[2] == "x"
    }


# --- threads, arenas, and one mapping of each sort ----------------------------------------------


class Report(NamedTuple):
    """What the test program says of itself, and the program."""

    process: subprocess.Popen[str]
    stacks: dict[int, tuple[int, int]]
    arenas: set[int]
    mappings: list[tuple[int, int, str]]


#: What a container's runtime does: the root becomes that of a mount namespace.
_ENTER_ROOT = """
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
cd "$0"
pivot_root . mnt
umount -l /mnt
exec "$@"
"""


@pytest.fixture(name="report")
def start_program(tmp_path: Path) -> Iterator[Report]:
    """The program of mappings_of_each_kind.c, compiled for this machine's C library.

    MEMORY_WATCHER_TARGET_ROOT names a folder with another system, in which it is then compiled, and
    runs (`make distros`).
    """
    source = Path(__file__).with_name("mappings_of_each_kind.c")
    other = os.environ.get("MEMORY_WATCHER_TARGET_ROOT")
    if other:
        with tempfile.TemporaryDirectory(dir=Path(other) / "tmp") as folder:
            shutil.copy(source, folder)
            before = ["unshare", "--mount", "sh", "-ec", _ENTER_ROOT, other]
            yield from _run_program(Path("/tmp", Path(folder).name), before)
    elif shutil.which("gcc") is None:
        pytest.skip("no C compiler for the program that makes the mappings")
    else:
        shutil.copy(source, tmp_path)
        yield from _run_program(tmp_path, [])


def _run_program(folder: Path, before: list[str]) -> Iterator[Report]:
    """Compile and start it in a folder; `before` is put in front of both command lines."""
    program = str(folder / "program")
    source = str(folder / "mappings_of_each_kind.c")
    compiler = [*before, "gcc", "-O1", "-pthread", "-o", program, source, "-lrt"]
    subprocess.run(compiler, check=True)
    with subprocess.Popen(
        [*before, program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        report = Report(process, {}, set(), [])
        for line in process.stdout:
            word, *rest = line.split(None, 3)
            if word == "ready":
                break
            if word == "stack":
                report.stacks[int(rest[0])] = int(rest[1], 16), int(rest[2], 16)
            elif word == "arena":
                report.arenas.add(int(rest[0], 16))
            else:
                report.mappings.append((int(rest[0], 16), int(rest[1], 16), rest[2].strip()))
        yield report
        process.stdin.close()


def covers(entry: MappingUsage, start: int, end: int) -> bool:
    return entry.mapping.start < end and start < entry.mapping.end


def test_stacks_of_all_threads(report: Report) -> None:
    """9 of 9: the main one, default, merged without guards, given by the user, one that spun.

    While it spins its pointer can't be read; it is found when asked again. Nothing else is
    called a stack.
    """
    pid = report.process.pid
    assert len(report.stacks) == 9

    def only_one_runs() -> bool | None:
        return list(read_pointers(pid).values()).count(None) == 1 or None

    until(only_one_runs, "all threads but the spinning one to wait")
    assert report.process.stdin
    report.process.stdin.write("\n")
    report.process.stdin.flush()

    def all_pointers() -> dict[int, int] | None:
        found = {tid: pointer for tid, pointer in read_pointers(pid).items() if pointer}
        return found if len(found) == 9 else None

    pointers = until(all_pointers, "all stack pointers")
    assert pointers.keys() == report.stacks.keys()
    for tid, (start, end) in report.stacks.items():
        assert start <= pointers[tid] < end, "the pointer is in the thread's own stack"

    found = attribute(read_layout(pid), KindHints(stack_pointers=pointers))
    stacks = [entry for entry, (kind, _) in found if kind is Kind.THREAD_STACK]
    for pointer in pointers.values():
        assert any(covers(each, pointer, pointer + 1) for each in stacks)
    told = sorted(report.stacks.values())
    for entry in stacks:
        each = entry.mapping
        if each.pathname == "[stack]":
            continue  # arguments and environment lie above what pthread calls the main stack
        parts = [(max(each.start, low), min(each.end, high)) for low, high in told]
        inside = sum(high - low for low, high in parts if low < high)
        # Since glibc 2.42 the guard below a stack is a page of the same mapping.
        guards = sum(each.start < low < each.end or low - PAGE == each.start for low, _ in told)
        marked = guards * PAGE if " gu" in (entry.usage.vm_flags or "") else 0
        assert inside in range(each.size - marked, each.size + 1), f"{each} holds something else"


def test_stacks_without_any_pointer(report: Report) -> None:
    """Where no pointer was read, what pthread_create made is found by its marks, nothing more."""
    found = attribute(read_layout(report.process.pid))
    stacks = [entry for entry, (kind, _) in found if kind is Kind.THREAD_STACK]
    assert all(
        any(covers(entry, low, high) for low, high in report.stacks.values()) for entry in stacks
    )
    assert "[stack]" in [entry.mapping.pathname for entry in stacks]
    marked = [
        entry
        for entry, _ in found
        if not entry.mapping.pathname and " nh" in f" {entry.usage.vm_flags}"
    ]
    if marked:  # since Linux 6.7
        seen = [
            (low, high)
            for low, high in report.stacks.values()
            if any(covers(entry, low, high) for entry in stacks)
        ]
        assert len(seen) >= 6, "those with a guard: default size, and the one that spins"


def test_all_arenas(report: Report) -> None:
    """Every heap of every arena, with its reserve, and nothing else."""
    size = 64 << 20
    found = attribute(read_layout(report.process.pid))
    arenas = [entry.mapping for entry, (kind, _) in found if kind is Kind.ARENA]
    assert len(report.arenas) >= 6, "three large ones, of which one needs four heaps"
    assert {each.start - each.start % size for each in arenas} == report.arenas
    assert sum(each.size for each in arenas) == size * len(report.arenas)


def test_one_mapping_of_each_sort(report: Report) -> None:
    """Shared memory of each make, files there and gone, /dev/zero, guard: as the program meant."""
    found = attribute(read_layout(report.process.pid))
    assert len(report.mappings) == 9
    for start, end, kind in report.mappings:
        at = [attribution for entry, attribution in found if covers(entry, start, end)]
        assert [attribution.kind.value for attribution in at] == [kind], (hex(start), at)
    names = {attribution.name for _, attribution in found}
    assert {"shared anonymous", "/memfd:pool", "/SYSV00000000", "/dev/zero"} <= names


# --- .bss ----------------------------------------------------------------------------------------

_LOAD = re.compile(
    r"LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x([0-9a-f]+) ([R ][W ][E ])"
)


def loads(path: str) -> list[tuple[int, ...]]:
    """Offset, address, size in the file, size in memory of each PT_LOAD, as binutils reads them."""
    if shutil.which("readelf") is None:
        pytest.skip("readelf (binutils) is needed to check the .bss bounds independently")
    text = subprocess.run(
        ["readelf", "-lW", path], check=True, capture_output=True, text=True
    ).stdout
    return [
        tuple(int(number, 16) for number in match.groups()[:4]) for match in _LOAD.finditer(text)
    ]


def page_up(number: int) -> int:
    return -(-number // PAGE) * PAGE


def expected_bss(entries: list[MappingUsage], root: str) -> set[Bss]:
    """Bounds of .bss of all programs and libraries, computed from readelf's output."""
    expected = set()
    for path in program_files(entries):
        headers = loads(root + path)
        lowest = min(entry.mapping.start for entry in entries if entry.mapping.pathname == path)
        base = lowest - min(address for _, address, _, _ in headers) // PAGE * PAGE
        for _, address, file_size, memory_size in headers:
            start, end = page_up(address + file_size), page_up(address + memory_size)
            if start < end:
                expected.add(Bss(base + start, base + end, path))
    return expected


def read_segments(
    entries: list[MappingUsage], root: str
) -> dict[tuple[int, int], tuple[ElfSegment, ...]]:
    segments = {}
    for path, key in program_files(entries).items():
        with open(root + path, "rb") as file:
            head = file.read(HEAD_SIZE)
        table = find_table(head)
        assert table is not None, path
        found = parse_table(table, head[table.offset : table.offset + table.size])
        assert found is not None, path
        segments[key] = found
    return segments


def check_bss(pid: int) -> tuple[int, int]:
    """Compare one process's .bss with its files' headers; bytes of .bss, and those booked so."""
    entries = steady_layout(pid)
    root = f"/proc/{pid}/root"
    bss = find_bss(entries, read_segments(entries, root), PAGE)
    expected = expected_bss(entries, root)
    assert set(bss) == expected

    parts = bss_parts(entries, bss)
    covered = sum(part.size for part in parts)
    assert covered == sum(each.end - each.start for each in expected), "all of it is there"

    booked = 0
    for entry, (kind, name) in attribute(entries, KindHints(bss=bss)):
        if kind.family is Kind.LIBRARY and not entry.mapping.inode:
            owner = [
                each
                for each in expected
                if each.start <= entry.mapping.start and entry.mapping.end <= each.end
            ]
            assert [each.pathname for each in owner] == [name], "no false byte"
            booked += entry.mapping.size
    assert booked == sum(part.size for part in parts if part.is_whole), "and none left out"
    return covered, booked


def test_bss_of_a_python_process() -> None:
    """Equal to what the headers say for every library; no false byte."""
    script = "import ssl, sqlite3, decimal, ctypes, sys; print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        covered, booked = check_bss(process.pid)
        process.kill()
    assert 0 < booked <= covered


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        # Not Path.glob: that raises where the process ended meanwhile.
        for children in glob.glob(f"/proc/{parent}/task/*/children"):
            try:
                found += [int(child) for child in Path(children).read_text().split()]
            except OSError:
                continue  # ended meanwhile
    return found


def is_alive(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/maps").read_bytes())
    except OSError:
        return False


@pytest.fixture(name="chromium")
def start_chromium(tmp_path: Path) -> Iterator[list[int]]:
    """The processes of a headless Chromium that shows a page: its renderer has read it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    options = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
        " --disable-background-networking --disable-component-update --disable-sync"
    )
    log = (tmp_path / "log").open("wb")
    command = [program, *options.split(), f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--remote-debugging-port=0", "data:text/html,<title>shown</title><p>memory</p>"]
    browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def shows_page() -> bool | None:
        assert browser.poll() is None, (tmp_path / "log").read_text(errors="replace")
        try:
            port = int((tmp_path / "profile" / "DevToolsActivePort").read_text().split()[0])
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", "/json/list")
                pages = json.loads(connection.getresponse().read())
        except (OSError, IndexError):
            return None  # it does not listen yet
        return any(page["title"] == "shown" for page in pages) or None

    try:
        until(shows_page, "the page")
        yield descendants(browser.pid)
    finally:
        pids = descendants(browser.pid)
        browser.kill()
        browser.wait()
        # Children end by themselves when their browser is gone.
        until(lambda: None if any(map(is_alive, pids)) else True, "the end of all processes")
        log.close()


def test_chromium(chromium: list[int]) -> None:
    """.bss equal to the headers and no false byte; every thread that blocks is in a stack."""
    checked = threads = 0
    for pid in chromium:
        try:
            covered, booked = check_bss(pid)
            before, entries, after = read_pointers(pid), steady_layout(pid), read_pointers(pid)
            # The stack of a thread that ended meanwhile may be gone.
            pointers = {tid: each for tid, each in before.items() if each and tid in after}
            found = attribute(entries, KindHints(stack_pointers=pointers))
        except OSError:
            continue  # a helper that ended by itself
        stacks = [entry.mapping for entry, (kind, _) in found if kind is Kind.THREAD_STACK]
        for pointer in pointers.values():
            assert any(each.start <= pointer < each.end for each in stacks)
        assert covered - booked < covered / 4, "few have merged with other memory"
        checked += 1
        threads += len(pointers)
    assert checked >= 2
    assert threads >= 10


def with_names(pid: int, names: set[str]) -> list[tuple[MappingUsage, Attribution]] | None:
    """The kinds of a process's mappings when it has all of these: one that just starts has not."""
    found = attribute(steady_layout(pid))
    return found if names <= {name for _, (_, name) in found} else None


def test_heaps_of_chromium(chromium: list[int]) -> None:
    """A renderer has heaps of V8 and Blink, all have PartitionAlloc; little stays anonymous."""
    renderers = 0
    for pid in chromium:
        try:
            is_renderer = b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()
            heaps = {"PartitionAlloc", *(("V8 heap", "Blink heap") if is_renderer else ())}
            found = until(partial(with_names, pid, heaps), f"{heaps} of {pid}")
        except OSError:
            continue
        anonymous = sum(
            entry.usage.rss or 0 for entry, (kind, _) in found if kind is Kind.ANONYMOUS
        )
        assert anonymous < 6 << 20
        renderers += is_renderer
    assert renderers
