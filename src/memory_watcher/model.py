"""What was read: facts about processes, mappings and their usage, as frozen values.

Sizes and addresses are bytes, times are UTC nanoseconds since 1970, absent is None and never 0.
Names and paths are str decoded as UTF-8 with `surrogateescape`, so every byte the kernel shows
survives a round trip; a renderer escapes them for its own medium.

Derived numbers (kinds, groups, growth) are not here: `analysis` computes them when asked.
"""

from __future__ import annotations

import enum
import re
from collections import abc
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from .metrics import LAYOUT_STATES


@dataclass(frozen=True, slots=True)
class ProcessKey:
    """What distinguishes one process from another: a PID alone is used again.

    `start_time` is field 22 of /proc/PID/stat, in clock ticks since boot.
    """

    pid: int
    start_time: int

    def is_still(self, start_time: int) -> bool:
        """Whether who has the PID and began then is this process, and no other under its PID."""
        return self.start_time == start_time


@dataclass(frozen=True, slots=True)
class Image:
    """What the last execve put into a process: comm, arguments, executable."""

    name: str
    command_line: tuple[str, ...] | None = None
    exe: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What is read once per process, when it is first seen.

    `parent_pid` and `uid` (real) come from status, `cgroup` is the text of /proc/PID/cgroup.
    """

    key: ProcessKey
    image: Image
    parent_pid: int | None = None
    uid: int | None = None
    cgroup: str | None = None


class Mapping(NamedTuple):
    r"""The header of one entry of smaps.

    `start` and `end` are unsigned ([vsyscall] lies above 2**63), `dev` is `major << 20 | minor`,
    `pathname` is empty for a mapping without a name and otherwise exactly what the kernel prints
    (only a newline is escaped there, as `\012`).
    """

    # A NamedTuple, as Usage: building one costs a third of a frozen dataclass (0.5 against 1.6 us).
    start: int
    end: int
    perms: str
    offset: int
    dev: int
    inode: int
    pathname: str

    @property
    def size(self) -> int:
        """Address space taken, bytes."""
        return self.end - self.start


class Usage(NamedTuple):
    """The figures of one mapping at one instant: bytes, None where the kernel reports none.

    `metrics.USAGE` says what each means and which line of smaps it comes from. The sizes up to
    `anonymous` change often and are stored as columns; the rest is stored once per distinct set.
    """

    rss: int | None = None
    pss: int | None = None
    pss_dirty: int | None = None
    shared_clean: int | None = None
    shared_dirty: int | None = None
    private_clean: int | None = None
    private_dirty: int | None = None
    referenced: int | None = None
    anonymous: int | None = None
    ksm: int | None = None
    lazy_free: int | None = None
    anon_huge_pages: int | None = None
    shmem_pmd_mapped: int | None = None
    file_pmd_mapped: int | None = None
    shared_hugetlb: int | None = None
    private_hugetlb: int | None = None
    swap: int | None = None
    swap_pss: int | None = None
    locked: int | None = None
    kernel_page_size: int | None = None
    mmu_page_size: int | None = None
    thp_eligible: int | None = None
    protection_key: int | None = None
    vm_flags: str | None = None
    other: str | None = None

    @property
    def uss(self) -> int | None:
        """Memory that would be free if this mapping alone went away, bytes.

        Private_Clean + Private_Dirty + Private_Hugetlb; kernels before 4.4 have no Private_Hugetlb.
        """
        if self.private_clean is None or self.private_dirty is None:
            return None
        return self.private_clean + self.private_dirty + (self.private_hugetlb or 0)

    @property
    def hugetlb(self) -> int | None:
        """Pages of hugetlbfs, bytes: they are in neither Rss nor Pss. None before 4.4."""
        if self.private_hugetlb is None and self.shared_hugetlb is None:
            return None
        return (self.private_hugetlb or 0) + (self.shared_hugetlb or 0)

    @property
    def held(self) -> int | None:
        """What the process keeps of this mapping, in RAM and in swap, bytes: not over processes.

        Rss - LazyFree + Swap + Private_Hugetlb + Shared_Hugetlb. Kernels that report no LazyFree
        (before 4.12) or no hugetlb (before 4.4) leave those out; None without Rss or Swap.
        """
        if self.rss is None or self.swap is None:
            return None
        return self.rss - (self.lazy_free or 0) + self.swap + (self.hugetlb or 0)

    @property
    def held_pss(self) -> int | None:
        """The same as it may be added up over processes: each shared page by its share, bytes.

        Pss - LazyFree (never below 0: it counts whole pages) + SwapPss + Private_Hugetlb. Huge
        pages that several map are left out: nothing says what a process's share is.
        """
        swap = 0 if self.swap == 0 else self.swap_pss
        if self.pss is None or swap is None:
            return None
        return max(self.pss - (self.lazy_free or 0), 0) + swap + (self.private_hugetlb or 0)


#: How many leading fields of Usage change often (see its docstring).
VOLATILE_FIELDS = 9


class MappingUsage:
    """One mapping with its usage at one instant.

    Compared by identity: a reader of smaps hands out the same object for as long as the block of
    text is the same, so that "what changed" is a question of which objects come and go.
    """

    __slots__ = ("mapping", "usage")

    def __init__(self, mapping: Mapping, usage: Usage) -> None:
        self.mapping = mapping
        self.usage = usage

    def __repr__(self) -> str:
        return f"MappingUsage({self.mapping!r}, {self.usage!r})"


class Totals(NamedTuple):
    """Sums over the mappings of a layout, bytes; None where any mapping lacks the figure.

    `size` leaves out the gate mapping ([vsyscall]), as the kernel's own VmSize does.
    """

    mappings: int
    size: int
    rss: int | None
    pss: int | None
    uss: int | None
    swap: int | None
    swap_pss: int | None


class LayoutState(enum.IntEnum):
    """Whether a reading has a layout, how good it is, and if there is none, why."""

    EXACT = 1
    TORN = 2
    UNCHECKED = 3
    NOT_TAKEN = 4
    NO_PERMISSION = 5
    GONE = 6
    KERNEL_THREAD = 7
    ZOMBIE = 8
    UNREADABLE = 9
    NO_SMAPS = 10

    @property
    def has_layout(self) -> bool:
        """Whether mappings were read."""
        return self <= LayoutState.UNCHECKED

    @property
    def is_sound(self) -> bool:
        """Whether mappings were read, and nothing shows that they moved meanwhile."""
        return self.has_layout and self is not LayoutState.TORN

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the process lives any more."""
        return self in (LayoutState.GONE, LayoutState.ZOMBIE)

    @property
    def has_memory(self) -> bool:
        """Whether the process lived and had memory of its own, be it read or not."""
        return not self.has_ended and self is not LayoutState.KERNEL_THREAD

    @property
    def is_unreadable(self) -> bool:
        """Whether there was memory, and mappings were wanted, but could not be read."""
        return self.has_memory and not self.has_layout and self is not LayoutState.NOT_TAKEN

    @property
    def label(self) -> str:
        """The word that outputs show."""
        return self.name.lower().replace("_", " ")

    @property
    def meaning(self) -> str:
        """One sentence for documentation and for the recording itself."""
        return LAYOUT_STATES[self.name]


@dataclass(frozen=True, slots=True)
class Layout:
    """All mappings with their usage of one process at one instant."""

    entries: tuple[MappingUsage, ...]
    state: LayoutState

    def __iter__(self) -> Iterator[MappingUsage]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def totals(self) -> Totals:
        """Sums over all mappings."""
        return sum_totals(self.entries)


#: Printed, but counted in no size: the gate mapping (x86-64, 32-bit ARM); the header of
#: smaps_rollup, which is no mapping.
GATES = ("[vsyscall]", "[vectors]", "[rollup]")


def is_gate(mapping: Mapping) -> bool:
    """Whether this is printed, but counted in no size."""
    return mapping.pathname in GATES


_SIZE = re.compile(r"Size: +([0-9]{1,15}) kB(?:\n|$)")


def counted_size(entry: MappingUsage) -> int:
    """What the kernel counts of a mapping's address space, bytes.

    `Size:` says it. That is the header's length, but for kernels before 4.12: the header of a
    stack lacks its guard page there. A `Size:` that differs is kept in `other`.
    """
    return size_beside(entry.usage.other, entry.mapping.size)


def size_beside(other: str | None, length: int) -> int:
    """The same of what is stored: the lines in `other`, and the header's length in bytes."""
    told = _SIZE.match(other) if other is not None else None
    return int(told[1]) * 1024 if told else length


def add_up(values: Iterable[int | None]) -> int | None:
    """Sum, or None if any is None."""
    try:
        return sum(values)  # type: ignore[arg-type]
    except TypeError:
        return None


def sum_totals(entries: Collection[MappingUsage]) -> Totals:
    """Add up mappings: bytes; a figure that any mapping lacks is None."""
    usages = [entry.usage for entry in entries]
    sizes = [
        # What is of the rule is not asked by a call: at each tick 40 mappings have changed.
        mapping.end - mapping.start if entry.usage.other is None else counted_size(entry)
        for entry in entries
        if (mapping := entry.mapping).pathname not in GATES
    ]
    return Totals(
        mappings=len(entries),
        size=sum(sizes),
        rss=add_up([usage.rss for usage in usages]),
        pss=add_up([usage.pss for usage in usages]),
        uss=add_up([usage.uss for usage in usages]),
        swap=add_up([usage.swap for usage in usages]),
        swap_pss=add_up([usage.swap_pss for usage in usages]),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """The summary figures of one process at one instant; bytes unless said otherwise.

    size, resident, shared, text, data: statm. high_water_mark (VmHWM), swap (VmSwap), hugetlb
    (HugetlbPages), threads: status. minor_faults, major_faults (counts since the start), state
    (one letter): stat. oom_score, oom_score_adj: the files of that name. user_time, system_time
    (1/100 s since the start): stat. voluntary_switches, involuntary_switches: status, which
    reports those of the first thread alone. rss_anon, rss_file, rss_shmem (since 4.5): status.
    """

    size: int | None = None
    resident: int | None = None
    shared: int | None = None
    text: int | None = None
    data: int | None = None
    high_water_mark: int | None = None
    swap: int | None = None
    hugetlb: int | None = None
    threads: int | None = None
    minor_faults: int | None = None
    major_faults: int | None = None
    state: str | None = None
    oom_score: int | None = None
    oom_score_adj: int | None = None
    user_time: int | None = None
    system_time: int | None = None
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None
    rss_anon: int | None = None
    rss_file: int | None = None
    rss_shmem: int | None = None


class FastReading(NamedTuple):
    """What is read between layouts, bytes: statm resident and shared, status VmHWM."""

    resident: int
    high_water_mark: int | None
    shared: int | None = None

    @property
    def private(self) -> int:
        """What is no file's and no shared memory's; all of it where that is not reported."""
        return self.resident - (self.shared or 0)


class Rollup(NamedTuple):
    """Totals of smaps_rollup, bytes: PSS without the rounding of each mapping.

    None where the kernel reports none: before 4.14 there is no such file.
    """

    rss: int | None = None
    pss: int | None = None
    uss: int | None = None
    swap_pss: int | None = None


class Member(NamedTuple):
    """One process at a pass over all members of a group.

    `is_counted` is False for one whose memory is another member's (vfork): it counts there.
    """

    rollup: Rollup
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Pass:
    """Sums over all members of a group, read in one tight round: nothing else gives a sum. Bytes.

    wall_ns: from the first process read to the last. processes: members counted. lacking: members
    that live but could not be read. moved: by how much figures changed during the round, the most
    that the sums may be off. layouts: members whose standing layout was read at this tick, or
    confirmed unchanged by this round. private: sum of statm resident - shared.
    """

    wall_ns: int
    processes: int
    lacking: int
    moved: int
    layouts: int
    private: int | None
    rss: int | None
    pss: int | None
    uss: int | None
    swap_pss: int | None


@dataclass(frozen=True, slots=True)
class SystemMemory:
    """/proc/meminfo at one instant: its own names; bytes for `kB` lines, plain counts otherwise.

    None: the line holds nothing that could be a figure (kernels have printed 2**64 less a bit).
    """

    values: abc.Mapping[str, int | None]

    @property
    def available(self) -> int | None:
        """The kernel's estimate of what can be used before swapping (MemAvailable, since 3.14)."""
        return self.values.get("MemAvailable")

    @property
    def available_computed(self) -> int | None:
        """MemFree + Buffers + (Cached - Shmem) + SwapCached + SReclaimable."""
        parts = [
            self.values.get(name)
            for name in ("MemFree", "Buffers", "Cached", "SwapCached", "SReclaimable")
        ]
        shmem = self.values.get("Shmem")
        total = add_up(parts)
        return None if total is None or shmem is None else total - shmem

    @property
    def parts(self) -> tuple[MemoryPart, ...]:
        """What MemTotal consists of: parts that add up to it, as far as the kernel reports them.

        The last, "other", is what it does not report: of drivers and firmware, for example. It is
        below 0 where the kernel counts pages twice. Empty without MemTotal.
        """
        values = {name: size for name, size in self.values.items() if size is not None}
        if "MemTotal" not in values:
            return ()
        if "Cached" in values:
            values["Cached"] -= values.get("Shmem", 0)
        # Kernel stacks are in vmalloc's (CONFIG_VMAP_STACK, since 4.9).
        if "VmallocUsed" in values:
            values["VmallocUsed"] = max(values["VmallocUsed"] - values.get("KernelStack", 0), 0)
        if "Hugetlb" not in values:  # since 4.19
            pages, size = values.get("HugePages_Total", 0), values.get("Hugepagesize", 0)
            values["Hugetlb"] = pages * size
        told = [
            MemoryPart(key, name, sum(values[field] for field in fields if field in values))
            for key, name, fields in _PARTS
            if any(field in values for field in fields)
        ]
        other = values["MemTotal"] - sum(part.size for part in told)
        return (*told, MemoryPart("other", "not reported by the kernel (drivers, firmware)", other))

    @property
    def kernel(self) -> int | None:
        """What the kernel itself uses, as far as it reports: slab, page tables, stacks, vmalloc."""
        sizes = [part.size for part in self.parts if part.name.startswith("kernel: ")]
        return sum(sizes) if sizes else None


class MemoryPart(NamedTuple):
    """A part of the machine's memory, bytes; `name` is what a person reads."""

    key: str
    name: str
    size: int


#: Key, name, and the fields of /proc/meminfo that add up to it; no page is in two of them.
_PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("anonymous", "anonymous memory of processes", ("AnonPages",)),
    ("shared", "tmpfs and shared memory", ("Shmem",)),
    ("cache", "page cache (files)", ("Cached",)),
    ("buffers", "buffers (block devices)", ("Buffers",)),
    ("swap_cache", "swap cache", ("SwapCached",)),
    ("hugetlb", "huge pages (hugetlb), used or not", ("Hugetlb",)),
    ("slab_reclaimable", "kernel: caches it can give back", ("SReclaimable",)),
    ("slab_unreclaimable", "kernel: other slab", ("SUnreclaim",)),
    ("page_tables", "kernel: page tables", ("PageTables", "SecPageTables")),
    ("kernel_stacks", "kernel: stacks", ("KernelStack",)),
    ("vmalloc", "kernel: vmalloc", ("VmallocUsed",)),
    ("per_cpu", "kernel: per CPU", ("Percpu",)),
    ("free", "free", ("MemFree",)),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a recording was made; None where it is not known (a loaded capture)."""

    boot_id: str | None
    hostname: str | None
    kernel: str | None
    page_size: int | None
    cpus: int | None = None

    @property
    def rss_tolerance(self) -> int | None:
        """By how much the kernel's high-water mark may be off, bytes.

        Since 6.2 it is taken from three per-CPU counters (anonymous, file, shmem), each of which
        keeps up to max(32, 2 x CPUs) - 1 pages per CPU to itself. Older kernels keep up to 64
        pages per thread, which is no more for a process of few threads.
        """
        if self.cpus is None or self.page_size is None:
            return None
        return 3 * self.cpus * (max(32, 2 * self.cpus) - 1) * self.page_size


class LayoutChange(Protocol):
    """How a process's layout differs from the one stored before it."""

    @property
    def removed(self) -> Collection[MappingUsage]:
        """Entries of the layout before that are no more, as the same objects."""

    @property
    def added(self) -> Collection[MappingUsage]:
        """Entries that are new or whose figures changed."""

    @property
    def totals(self) -> Totals:
        """Sums over the layout as it is now."""

    def entries(self) -> Iterable[MappingUsage]:
        """All entries of the layout as it is now, in the kernel's order."""


class WholeLayout:
    """A layout with nothing before it: a LayoutChange in which everything is new.

    Entries may be made anew each time they are asked for: a capture can have a million.
    """

    __slots__ = ("added", "removed", "totals")

    def __init__(self, entries: Collection[MappingUsage], totals: Totals | None = None) -> None:
        self.removed: Collection[MappingUsage] = ()
        self.added = entries
        self.totals = sum_totals(entries) if totals is None else totals

    def entries(self) -> Collection[MappingUsage]:
        """All entries."""
        return self.added


class ElfSegment(NamedTuple):
    """One PT_LOAD program header of an ELF file: what a loader puts into memory.

    `offset` and `file_size` say where its bytes are in the file, `address` (p_vaddr, before the
    base is added) and `memory_size` where they go; what `memory_size` is more is .bss. `flags` is
    p_flags: 1 execute, 2 write, 4 read.
    """

    offset: int
    address: int
    file_size: int
    memory_size: int
    flags: int


class ElfFile(NamedTuple):
    """What the program headers of an ELF file tell.

    `build_id` is the content of its NT_GNU_BUILD_ID note in hexadecimal: two files with the same
    one are the same build. None: it has none. `marks` are words for what shows a language runtime
    or an allocator in it: `go` for the note that Go's linker writes, `v8` and `jemalloc` for
    functions of theirs that a program offers to its plug-ins.
    """

    segments: tuple[ElfSegment, ...]
    build_id: str | None = None
    marks: tuple[str, ...] = ()


class Evidence(NamedTuple):
    """What was found with a layout that tells what its mappings are for.

    `stack_pointers` of all threads that live, by TID, 0 for one not known yet; empty if nothing
    changed. `elf_files` of executed files not seen before, by (dev, inode).
    """

    stack_pointers: abc.Mapping[int, int] = MappingProxyType({})
    elf_files: abc.Mapping[tuple[int, int], ElfFile] = MappingProxyType({})


NO_EVIDENCE = Evidence()


class Cause(str, enum.Enum):
    """Why a tick was made between two deadlines. The value is what a recording holds."""

    PEAK = "peak"  # memory rose above all before
    START = "start"  # a process came
    EXEC = "exec"  # a process became another program
    EXIT = "exit"  # a process had ended
    ASKED = "asked"  # a program waited for it, as the pytest plugin does


class Tick(NamedTuple):
    """The beginning of a pass over all targets: what is told next belongs to it.

    `late_ns` is how long after its deadline it began, `skipped` how many deadlines before it were
    given up, `suspended_ns` how long the machine slept since the last one. `cause` is None for a
    deadline. `cpu_ns`: CPU time that the recorder had used by then, `fast_passes`: how often it had
    read cheap figures between ticks, both since its start. A loaded capture has a time alone.
    """

    time_ns: int
    monotonic_ns: int | None = None
    late_ns: int | None = None
    skipped: int = 0
    cause: Cause | None = None
    suspended_ns: int | None = None
    cpu_ns: int | None = None
    fast_passes: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """All that one tick found in one process: cheap figures, and its layout or why there is none.

    `cpu_ns` is what the layout cost the recorder, `bare_ns` what of that went into merely reading
    smaps, `wall_ns` how long all took. `rollup_text` is smaps_rollup as it was read, and `rollup`
    what it says. `image` is set when it differs from what was told before. `problems` are why
    figures are missing, one sentence each. `failed`: reading broke off, so that there are no
    figures at all. `attempts`: how often the layout was read, which is what `cpu_ns` is of.
    """

    reading: Reading
    state: LayoutState
    change: LayoutChange | None = None
    rollup: Rollup | None = None
    cpu_ns: int | None = None
    wall_ns: int | None = None
    bare_ns: int | None = None
    rollup_text: bytes | None = None
    image: Image | None = None
    evidence: Evidence = NO_EVIDENCE
    problems: tuple[str, ...] = ()
    failed: bool = False
    attempts: int = 1


class KindEvidence(NamedTuple):
    """What was recorded besides a layout that tells what its mappings are for.

    `stack_pointers` by TID, `segments` of executed files by (dev, inode), `page_size` in bytes,
    `marks` of those files that have some (see ElfFile), `exe` is the file that the process runs.
    `files` are the paths of all files that anything in the recording has mapped.
    """

    stack_pointers: dict[int, int]
    segments: dict[tuple[int, int], tuple[ElfSegment, ...]]
    page_size: int
    marks: abc.Mapping[tuple[int, int], Collection[str]] = MappingProxyType({})
    exe: str | None = None
    files: frozenset[str] = frozenset()
