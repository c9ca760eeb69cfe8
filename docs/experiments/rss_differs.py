"""Shows why the resident set size of one process has several values on Linux.

Run it with any Python from 3.10 on; it needs nothing else and no privileges:

    python3 rss_differs.py

It starts its own target processes, lets them do something whose amount is known, and prints what
each file of /proc says about it: smaps (summed), smaps_rollup, statm, VmRSS, stat field 24, VmHWM,
and getrusage's ru_maxrss. It expects nothing from the kernel's version: it shows what this kernel
does. It ends its targets and takes about ten seconds. docs/why-rss-differs.md explains the results.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import re
import resource
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, NoReturn

PAGE = mmap.PAGESIZE
KIB = 1024
MIB = 1024 * 1024
ANONYMOUS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
MAP_HUGETLB = 0x40000  # the same on every architecture that Python's users are likely to have

SMALL = 4 * MIB
THREADS = 4
THREAD_PAGES = 250
ROUNDS = 40
ROUND_PAGES = 7
SPIKES = 40
PARENT_SIZE = 48 * MIB
MOVED_SIZE = 16 * MIB
MOVED_AMONG = 400
MOVED_READINGS = 400


# What the files of one process say ----------------------------------------------------------------


class Figures(NamedTuple):
    """The resident set size of one process as each source tells it, in KiB; None: not told."""

    smaps: int
    rollup: int | None
    statm: int
    vm_rss: int
    stat24: int
    vm_hwm: int
    ru_maxrss: int | None


class Extra(NamedTuple):
    """Figures beside RSS: KiB, `minor_faults` is a count."""

    pss: int
    rollup_pss: int | None
    private_dirty: int
    lazy_free: int
    hugetlb: int
    minor_faults: int


COLUMNS = ("smaps", "rollup", "statm", "VmRSS", "stat 24", "VmHWM", "ru_maxrss")


def read_bytes(pid: int, name: str) -> bytes:
    """Read one file of /proc/PID."""
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def sum_lines(text: bytes, key: bytes) -> int:
    """Add up all `key:  N kB` lines of smaps or status."""
    return sum(int(value) for value in re.findall(rb"^%s:\s+(\d+)" % key, text, re.MULTILINE))


def one_line(text: bytes, key: bytes) -> int | None:
    """Find the value of the `key:  N` line of a file, None if there is none."""
    match = re.search(rb"^%s:\s+(\d+)" % key, text, re.MULTILINE)
    return int(match[1]) if match else None


def stat_fields(pid: int) -> list[bytes]:
    """Read /proc/PID/stat from the third field on: the name before it may hold blanks."""
    return read_bytes(pid, "stat").rpartition(b")")[2].split()


def read_rollup(pid: int) -> bytes:
    """smaps_rollup, or nothing on kernels before 4.14."""
    try:
        return read_bytes(pid, "smaps_rollup")
    except FileNotFoundError:
        return b""


def read_figures(pid: int, ru_maxrss: int | None = None) -> Figures:
    """Ask every file; `ru_maxrss` is what the process itself reported."""
    statm = read_bytes(pid, "statm").split()
    status = read_bytes(pid, "status")
    return Figures(
        smaps=sum_lines(read_bytes(pid, "smaps"), b"Rss"),
        rollup=one_line(read_rollup(pid), b"Rss"),
        statm=int(statm[1]) * PAGE // KIB,
        vm_rss=sum_lines(status, b"VmRSS"),
        stat24=int(stat_fields(pid)[24 - 3]) * PAGE // KIB,
        vm_hwm=sum_lines(status, b"VmHWM"),
        ru_maxrss=ru_maxrss,
    )


def read_extra(pid: int) -> Extra:
    """Read what is not RSS but explains it."""
    smaps = read_bytes(pid, "smaps")
    return Extra(
        pss=sum_lines(smaps, b"Pss"),
        rollup_pss=one_line(read_rollup(pid), b"Pss"),
        private_dirty=sum_lines(smaps, b"Private_Dirty"),
        lazy_free=sum_lines(smaps, b"LazyFree"),
        hugetlb=sum_lines(smaps, b"Private_Hugetlb") + sum_lines(smaps, b"Shared_Hugetlb"),
        minor_faults=int(stat_fields(pid)[10 - 3]),
    )


# The target's side: a process that does what it is told on standard input -------------------------


def new_block(size: int, flags: int = ANONYMOUS) -> mmap.mmap:
    """Anonymous memory of 4 KiB pages, not yet touched."""
    block = mmap.mmap(-1, size, flags=flags)
    with suppress(OSError):  # EINVAL: this kernel has no transparent huge pages
        block.madvise(mmap.MADV_NOHUGEPAGE)
    return block


def write_pages(block: mmap.mmap, step: int = PAGE) -> None:
    """Write one byte to every page."""
    for position in range(0, len(block), step):
        block[position] = 1


def read_pages(block: mmap.mmap) -> int:
    """Read one byte of every page."""
    return sum(block[position] for position in range(0, len(block), PAGE))


def max_rss() -> int:
    """Tell this process's own ru_maxrss, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def reply(text: str = "") -> None:
    """Answer one command: ru_maxrss, then an optional text."""
    os.write(1, f"{max_rss()} {text}\n".encode())


def commands() -> Iterator[list[str]]:
    """Yield the words of each line of standard input, until it is closed."""
    pending = b""
    while chunk := os.read(0, 4096):
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            yield line.decode().split()


class TouchingThreads:
    """Threads that each touch pages of their own, spread over the CPUs this process may use."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count + 1)
        self._pages = 0
        self._cpus = sorted(os.sched_getaffinity(0))
        for number in range(count):
            block = new_block(SMALL * 4)
            threading.Thread(target=self._run, args=(number, block), daemon=True).start()

    def _run(self, number: int, block: mmap.mmap) -> None:
        # On Linux the calling thread alone is moved.
        os.sched_setaffinity(0, {self._cpus[number % len(self._cpus)]})
        position = 0
        while True:
            self._barrier.wait()
            for _ in range(self._pages):
                block[position] = 1
                position += PAGE
            self._barrier.wait()

    def touch(self, pages: int) -> None:
        """Let every thread touch that many new pages, and wait until all have."""
        self._pages = pages
        self._barrier.wait()
        self._barrier.wait()


class Worker:
    """The memory that a target holds, and what it can be told to do with it.

    Every public method is a command; its result, if any, is sent back.
    """

    def __init__(self) -> None:
        self._blocks: list[mmap.mmap] = []
        self._threads: TouchingThreads | None = None
        self._child = 0
        self._child_alive = -1  # the write end of a pipe: the child lives as long as it is open

    def nothing(self) -> None:
        """Answer only: warms the code that answering takes."""

    def write(self, size: int) -> None:
        """Touch new anonymous memory."""
        block = new_block(size)
        self._blocks.append(block)
        write_pages(block)

    def read(self, size: int) -> None:
        """Read new anonymous memory without ever writing to it."""
        block = new_block(size)
        self._blocks.append(block)
        read_pages(block)

    def free(self) -> None:
        """Unmap everything."""
        while self._blocks:
            self._blocks.pop().close()

    def lazy_free(self) -> None:
        """Tell the kernel that it may take the pages when it needs some."""
        self._blocks[-1].madvise(mmap.MADV_FREE)

    def spike(self, size: int) -> None:
        """Touch new memory and unmap it at once."""
        block = new_block(size)
        write_pages(block)
        block.close()

    def huge(self, page_size: int, count: int) -> str:
        """Touch hugetlb pages; the answer is the reason if there are none."""
        try:
            block = mmap.mmap(-1, page_size * count, flags=ANONYMOUS | MAP_HUGETLB)
        except OSError as error:
            return os.strerror(error.errno) if error.errno else str(error)
        write_pages(block, page_size)
        self._blocks.append(block)
        return ""

    def file_twice(self, size: int) -> None:
        """Map one file at two places and read all of both."""
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * size)
            file.flush()
            for _ in range(2):
                block = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
                self._blocks.append(block)
                read_pages(block)

    def start_threads(self, count: int) -> None:
        """Start threads that wait for `touch_in_threads`."""
        self._threads = TouchingThreads(count)

    def touch_in_threads(self, pages: int) -> None:
        """Let every thread touch that many new pages."""
        assert self._threads is not None
        self._threads.touch(pages)

    def fork(self) -> str:
        """Fork a child that lives until this process ends or `end_child`; the answer is its PID."""
        read_end, self._child_alive = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(self._child_alive)
            os.read(read_end, 1)
            os._exit(0)
        os.close(read_end)
        self._child = child
        return str(child)

    def end_child(self) -> None:
        """End and reap the child of `fork`."""
        os.close(self._child_alive)
        os.waitpid(self._child, 0)

    def fork_exec(self) -> str:
        """Fork and exec a program that reports its own VmHWM and ru_maxrss."""
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(write_end, 1)
            os.execv(sys.executable, target_arguments("--report"))
        os.close(write_end)
        with open(read_end, encoding="ascii") as file:
            text = file.read()
        os.waitpid(child, 0)
        return text.strip()

    def vfork_exec(self) -> str:
        """Do the same by subprocess, which uses vfork where it can."""
        return subprocess.run(
            target_arguments("--report"), stdout=subprocess.PIPE, text=True, check=True
        ).stdout.strip()

    def move(self, size: int, among: int) -> NoReturn:
        """Move a touched block over `among` mappings, to and fro, until standard input closes."""
        mover = Mover(size, among)
        reply()
        while not select.select([0], [], [], 0)[0]:
            for _ in range(20):
                mover.move()
        os._exit(0)


class Mover:
    """A touched block that jumps over many small mappings, by mremap."""

    def __init__(self, size: int, among: int) -> None:
        self._size = size
        self._libc = ctypes.CDLL(None, use_errno=True)
        for function in (self._libc.mmap, self._libc.mremap):
            function.restype = ctypes.c_void_p
        # One stretch of address space: a place for the block, the small mappings, another place.
        span = 2 * size + among * PAGE
        base = self._map(0, span, mmap.PROT_READ, 0)
        for number in range(0, among, 2):  # every second page differs, so that they do not merge
            self._map(base + size + number * PAGE, PAGE, mmap.PROT_WRITE, 0x10)
        self._here, self._there = base, base + size + among * PAGE
        self._map(self._here, size, mmap.PROT_READ | mmap.PROT_WRITE, 0x10)
        for position in range(0, size, PAGE):
            ctypes.memset(self._here + position, 1, 1)

    def _map(self, address: int, size: int, protection: int, more_flags: int) -> int:
        result = self._libc.mmap(
            ctypes.c_void_p(address),
            ctypes.c_size_t(size),
            protection,
            ANONYMOUS | more_flags,  # 0x10: MAP_FIXED
            -1,
            ctypes.c_long(0),
        )
        return check_address(result)

    def move(self) -> None:
        """Move the block to the other place."""
        check_address(
            self._libc.mremap(
                ctypes.c_void_p(self._here),
                ctypes.c_size_t(self._size),
                ctypes.c_size_t(self._size),
                3,  # MREMAP_MAYMOVE | MREMAP_FIXED
                ctypes.c_void_p(self._there),
            )
        )
        self._here, self._there = self._there, self._here


def check_address(result: int | None) -> int:
    """Pass on the address that mmap or mremap returned; raises OSError for MAP_FAILED."""
    if result is None or result == ctypes.c_void_p(-1).value:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def target_arguments(mode: str) -> list[str]:
    """Make the command line of a target: isolated, so that it is as small as Python gets."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), mode]


def run_target() -> None:
    """Obey standard input until it is closed."""
    worker = Worker()
    for name, *arguments in commands():
        result = getattr(worker, name)(*(int(argument) for argument in arguments))
        reply(result or "")


def run_report() -> None:
    """Print this process's own VmHWM and ru_maxrss, KiB."""
    print(one_line(read_bytes(os.getpid(), "status"), b"VmHWM"), max_rss())


# The observer's side ------------------------------------------------------------------------------


class Target:
    """A target process, seen from outside."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.ru_maxrss: int | None = None

    def tell(self, name: str, *arguments: int) -> str:
        """Send one command and wait for its answer; when it comes, the target sleeps again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = " ".join([name, *map(str, arguments)])
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().decode()
        if not answer:
            raise RuntimeError(f"the target ended while it was told to {name}")
        number, _, text = answer.rstrip("\n").partition(" ")
        self.ru_maxrss = int(number)
        return text

    def figures(self) -> Figures:
        """Ask all sources now."""
        return read_figures(self.pid, self.ru_maxrss)

    def extra(self) -> Extra:
        """Read what is beside RSS now."""
        return read_extra(self.pid)


@contextmanager
def new_target() -> Iterator[Target]:
    """Start a quiet target; it is ended afterwards, whatever happens."""
    process = subprocess.Popen(
        target_arguments("--target"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        target = Target(process)
        for _ in range(3):
            target.tell("nothing")
        yield target
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()  # a target ends when its standard input does
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def difference(after: Figures, before: Figures) -> list[int | None]:
    """How much each figure grew."""
    return [
        None if new is None or old is None else new - old
        for new, old in zip(after, before, strict=True)
    ]


def number(value: int | None, signed: bool = False) -> str:
    """Write KiB with thousands apart, `-` if the source does not tell."""
    return "-" if value is None else f"{value:{'+' if signed else ''},}".replace(",", " ")


def spread(values: list[int]) -> str:
    """Write the smallest and the largest of differences."""
    return f"{number(min(values), signed=True)} … {number(max(values), signed=True)}"


def print_row(
    label: str, figures: Sequence[int | None], explanation: str, signed: bool = False
) -> None:
    """One line of figures and one that says what they show."""
    cells = "".join(f"{number(value, signed):>10}" for value in figures)
    print(f"{label:<26}{cells}")
    print(f"    {explanation}")


def print_fact(label: str, value: str, explanation: str) -> None:
    """One finding that does not fit the columns."""
    print(f"{label}: {value}")
    print(f"    {explanation}")


def print_heading() -> None:
    """Print what machine this is, and the names of the columns."""
    print(
        f"Linux {platform.release()}, {os.cpu_count()} CPUs, pages of {PAGE // KIB} KiB,"
        f" Python {platform.python_version()}"
    )
    print("All sizes in KiB. A sign means: change against the row's own start.\n")
    print(f"{'':<26}" + "".join(f"{column:>10}" for column in COLUMNS))


def show_quiet() -> None:
    """Show a process that does nothing: what differs here differs for no other reason."""
    with new_target() as target:
        figures, extra = target.figures(), target.extra()
    print_row(
        "quiet process",
        figures,
        "Nothing moves: what differs is approximate, or inherited (ru_maxrss: from the starter).",
    )
    if extra.rollup_pss is not None:
        print_fact(
            "  its PSS",
            f"{number(extra.pss)} summed over smaps, {number(extra.rollup_pss)} in smaps_rollup",
            "Each mapping's PSS is cut to whole KiB; smaps_rollup adds first and cuts once.",
        )


def show_change(
    label: str, explanation: str, act: Callable[[Target], object]
) -> tuple[Extra, Extra]:
    """Print how the figures change by one act of a fresh target."""
    with new_target() as target:
        before, extra_before = target.figures(), target.extra()
        act(target)
        after, extra_after = target.figures(), target.extra()
    print_row(label, difference(after, before), explanation, signed=True)
    return extra_before, extra_after


def show_threads() -> None:
    """Show which sources are approximate: pages are counted per thread or per CPU first."""
    total = THREADS * THREAD_PAGES * PAGE // KIB
    with new_target() as target:
        target.tell("start_threads", THREADS)
        target.tell("touch_in_threads", 1)
        before = target.figures()
        target.tell("touch_in_threads", THREAD_PAGES)
        after = target.figures()
        stat_errors, statm_errors = [], []
        for _ in range(ROUNDS):
            target.tell("touch_in_threads", ROUND_PAGES)
            figures = target.figures()
            stat_errors.append(figures.stat24 - figures.smaps)
            statm_errors.append(figures.statm - figures.smaps)
    print_row(
        f"{THREADS} threads touch {number(total)}",
        difference(after, before),
        f"{THREAD_PAGES} pages each, on all CPUs: which sources are off?",
        signed=True,
    )
    print_fact(
        f"  {ROUNDS} more rounds",
        f"stat 24 was off by {spread(stat_errors)}, statm by {spread(statm_errors)}",
        "Off by 0 … 0 is an exact source; the others show pages not yet added to the total.",
    )


def show_file_twice() -> None:
    """Show that the same pages mapped twice count twice."""
    before, after = show_change(
        f"file of {number(SMALL // KIB)}, twice",
        "One file mapped at two places: its pages count twice in every RSS.",
        lambda target: target.tell("file_twice", SMALL),
    )
    print_fact(
        "  its PSS",
        f"{number(after.pss - before.pss, signed=True)}",
        "PSS divides each page by the number of its mappings, so the file counts once.",
    )


def show_zero_page() -> None:
    """Show that memory that was only read is not there."""
    before, after = show_change(
        f"read {number(SMALL // KIB)}",
        "Never-written memory is the shared zero page: it costs faults but no memory.",
        lambda target: target.tell("read", SMALL),
    )
    print_fact(
        "  minor faults",
        number(after.minor_faults - before.minor_faults, signed=True),
        "So a rising fault count does not prove growth.",
    )


def show_lazy_free() -> None:
    """Show that MADV_FREE leaves the pages where they are."""

    def act(target: Target) -> None:
        target.tell("write", SMALL)
        target.tell("lazy_free")

    _, after = show_change(
        f"MADV_FREE {number(SMALL // KIB)}",
        "The program has freed it, the kernel has not yet taken it: it stays in RSS.",
        act,
    )
    print_fact(
        "  LazyFree",
        number(after.lazy_free),
        "smaps tells how much of RSS is so (the last pages freed are marked a little later).",
    )


def show_huge() -> None:
    """Show that pages of hugetlb are counted apart."""
    with open("/proc/meminfo", "rb") as file:
        size = one_line(file.read(), b"Hugepagesize")
    if size is None:
        print_fact("hugetlb", "skipped", "This kernel has no hugetlb pages.")
        return
    with new_target() as target:
        before, extra_before = target.figures(), target.extra()
        reason = target.tell("huge", size * KIB, 2)
        after, extra_after = target.figures(), target.extra()
    if reason:
        print_fact("hugetlb", "skipped", f"No huge pages are free here (mmap: {reason}).")
        return
    print_row(
        f"2 huge pages of {number(size)}",
        difference(after, before),
        "hugetlb pages are outside RSS, whatever the source.",
        signed=True,
    )
    print_fact(
        "  *_Hugetlb",
        number(extra_after.hugetlb - extra_before.hugetlb, signed=True),
        "Only these lines of smaps (and HugetlbPages of status) tell them.",
    )


def show_spike() -> None:
    """Show that VmHWM finds what nobody saw, though not to the byte."""
    show_change(
        f"spike of {number(SMALL // KIB)}, freed",
        "Over before anyone could read it: only the high-water marks remember (VmHWM, ru_maxrss).",
        lambda target: target.tell("spike", SMALL),
    )
    errors, fell = [], 0
    with new_target() as target:
        for step in range(1, SPIKES + 1):
            target.tell("write", SMALL + step * MIB // 4)
            at_peak = target.figures()
            target.tell("free")
            after = target.figures()
            errors.append(after.vm_hwm - at_peak.smaps)
            fell += after.vm_hwm < at_peak.vm_hwm
    print_fact(
        f"  {SPIKES} known peaks",
        f"VmHWM was off by {spread(errors)}; it went down {fell} times",
        "The mark is stored only when memory is given back, from approximate counters.",
    )


def show_exec() -> None:
    """Show that ru_maxrss belongs to the process, VmHWM to the program that it runs."""
    with new_target() as target:
        target.tell("write", PARENT_SIZE)
        reports = {"fork + exec while it is in use": target.tell("fork_exec")}
        target.tell("free")
        reports["fork + exec after it was freed"] = target.tell("fork_exec")
        reports["vfork + exec after it was freed"] = target.tell("vfork_exec")
    print(f"new programs started by a process that touched {number(PARENT_SIZE // KIB)}:")
    for label, report in reports.items():
        vm_hwm, ru_maxrss = (int(word) for word in report.split())
        print(f"  {label:<34} VmHWM {number(vm_hwm):>7}, ru_maxrss {number(ru_maxrss):>7}")
    print(
        "    exec starts a new VmHWM. ru_maxrss keeps what the process had before exec: a copy of"
        "\n    its parent (fork: the RSS at that time) or its parent itself (vfork: the highest)."
    )


def show_fork() -> None:
    """Show that PSS depends on other processes, RSS does not."""
    with new_target() as target:
        target.tell("write", SMALL)
        alone = target.extra(), target.figures()
        child = int(target.tell("fork"))
        shared = target.extra(), target.figures()
        child_extra = read_extra(child)
        target.tell("end_child")
        again = target.extra(), target.figures()
    print(f"a process with {number(SMALL // KIB)} forks, then its child exits:")
    for label, (extra, figures) in [
        ("alone", alone),
        ("with the child", shared),
        ("child gone", again),
    ]:
        print(
            f"  {label:<16} RSS {number(figures.smaps):>7}   PSS {number(extra.pss):>7}"
            f"   Private_Dirty {number(extra.private_dirty):>7}"
            f"   minor faults {number(extra.minor_faults):>6}"
        )
    print(
        f"    The child's PSS was {number(child_extra.pss)}: PSS may be summed over processes, RSS"
        " not.\n    PSS changes by what others do; no counter of the process itself tells."
    )


class MovingReading(NamedTuple):
    """How one reading of a moving target came out: "right", "missed" or "counted twice"."""

    smaps: str
    rollup: str
    statm: str
    accepted: bool  # statm was the same before and after, and smaps adds up to it


def read_moving(pid: int, expected: int) -> MovingReading:
    """Read a target whose RSS is known while a block of its memory moves."""

    def outcome(total: int) -> str:
        if abs(total - expected) < MOVED_SIZE // KIB // 2:
            return "right"
        return "missed" if total < expected else "counted twice"

    before = read_bytes(pid, "statm")
    total = sum_lines(read_bytes(pid, "smaps"), b"Rss")
    after = read_bytes(pid, "statm")
    resident = int(after.split()[1]) * PAGE // KIB
    return MovingReading(
        smaps=outcome(total),
        rollup=outcome(sum_lines(read_rollup(pid), b"Rss")),
        statm=outcome(resident),
        accepted=before == after and total == resident,
    )


def show_torn() -> None:
    """Show that smaps is read piece by piece: what moves is missed or seen twice."""
    with new_target() as target:
        target.tell("move", MOVED_SIZE, MOVED_AMONG)
        expected = int(read_bytes(target.pid, "statm").split()[1]) * PAGE // KIB
        readings = [read_moving(target.pid, expected) for _ in range(MOVED_READINGS)]
    print(
        f"{number(MOVED_SIZE // KIB)} moved by mremap over {MOVED_AMONG} mappings,"
        f" {MOVED_READINGS} readings:"
    )
    has_rollup = bool(read_rollup(os.getpid()))
    for label, outcomes in [
        ("sum of smaps", Counter(reading.smaps for reading in readings)),
        ("smaps_rollup", Counter(reading.rollup for reading in readings)),
        ("statm", Counter(reading.statm for reading in readings)),
    ]:
        text = "the block was " + ", ".join(
            f"{outcomes[name] / MOVED_READINGS:.0%} {name}"
            for name in ("right", "missed", "counted twice")
        )
        if label == "smaps_rollup" and not has_rollup:
            text = "skipped: this kernel has none"
        print(f"  {label:<16} {text}")
    right = [reading.accepted for reading in readings if reading.smaps == "right"]
    wrong = [reading.accepted for reading in readings if reading.smaps != "right"]
    print(
        f"  check by statm   accepted {sum(right)} of {len(right)} right readings and"
        f" {sum(wrong)} of {len(wrong)} wrong ones"
    )
    print("    smaps is no snapshot. Check: statm the same before and after, and equal to the sum.")


def main() -> int:
    """Run all situations; 0 unless this is no Linux that shows its processes."""
    try:
        read_bytes(os.getpid(), "smaps")
    except OSError as error:
        print(f"no usable /proc: {error.strerror}", file=sys.stderr)
        return 1
    started = time.monotonic()
    print_heading()
    show_quiet()
    show_threads()
    show_file_twice()
    show_zero_page()
    show_lazy_free()
    show_huge()
    show_spike()
    print()
    show_exec()
    print()
    show_fork()
    print()
    show_torn()
    print(f"\n{time.monotonic() - started:.1f} s; all targets have ended.")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--target"]:
        run_target()
    elif sys.argv[1:] == ["--report"]:
        run_report()
    else:
        sys.exit(main())
