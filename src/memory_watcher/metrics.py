"""Every figure declared once: name, title, unit, where it comes from, what it means, what adds up.

Text, JSON, the schema's documentation, the report and the pictures all read these tables, and so do
the decisions what may be added up. Imports nothing: model reads its words here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args


class Metric(NamedTuple):
    """One figure: `name` is the field of the model, `source` the field of the proc file.

    `over_mappings`: its sum over the mappings of one process is an amount of memory, too.
    `over_processes`: so is its sum over processes, because nothing counts in two of them.
    `is_counter`: it only rises; what it says is by how much.
    """

    name: str
    title: str
    unit: str  # "bytes", "count", "flag", "text", "1/100 s"
    source: str
    meaning: str
    over_mappings: bool = False
    over_processes: bool = False
    is_counter: bool = False

    @property
    def described(self) -> str:
        """Title and meaning as one text, for a line of an output."""
        is_word = self.meaning[1].islower()  # and no abbreviation
        begin = self.meaning[0].lower() if is_word else self.meaning[0]
        return f"{self.title}: {begin}{self.meaning[1:]}"


def _memory(name: str, title: str, source: str, meaning: str) -> Metric:
    """Bytes in which a page that several processes map counts in each: not over processes."""
    return Metric(name, title, "bytes", source, meaning, over_mappings=True)


def _own(name: str, title: str, source: str, meaning: str) -> Metric:
    """Bytes of which every page counts once, whoever maps it."""
    return _memory(name, title, source, meaning)._replace(over_processes=True)


def _count(name: str, title: str, unit: str, source: str, meaning: str) -> Metric:
    """Events or time since a process started."""
    return Metric(name, title, unit, source, meaning, over_processes=True, is_counter=True)


#: The fields of model.Usage, in its order. `source` is the key of the line in smaps (proc(5)).
USAGE: tuple[Metric, ...] = (
    _memory("rss", "RSS", "Rss", "In RAM and mapped here, shared or not"),
    _own("pss", "PSS", "Pss", "Resident, each page divided by how many map it"),
    _own("pss_dirty", "PSS dirty", "Pss_Dirty", "The part of PSS that is modified"),
    _memory("shared_clean", "shared clean", "Shared_Clean", "Unmodified, mapped repeatedly"),
    _memory("shared_dirty", "shared dirty", "Shared_Dirty", "Modified, mapped repeatedly"),
    _own("private_clean", "private clean", "Private_Clean", "Unmodified, mapped once"),
    _own("private_dirty", "private dirty", "Private_Dirty", "Modified, mapped once"),
    _memory("referenced", "referenced", "Referenced", "Marked as accessed"),
    _memory("anonymous", "anonymous", "Anonymous", "Belongs to no file"),
    _memory("ksm", "KSM", "KSM", "Merged by kernel same-page merging"),
    _memory("lazy_free", "lazy free", "LazyFree", "MADV_FREE: freed when memory is short"),
    _memory("anon_huge_pages", "THP", "AnonHugePages", "In transparent huge pages"),
    _memory("shmem_pmd_mapped", "shmem THP", "ShmemPmdMapped", "Shared, huge pages"),
    _memory("file_pmd_mapped", "file THP", "FilePmdMapped", "Of files, huge pages"),
    _memory("shared_hugetlb", "hugetlb shared", "Shared_Hugetlb", "Not in RSS nor PSS"),
    _own("private_hugetlb", "hugetlb private", "Private_Hugetlb", "Not in RSS nor PSS"),
    _memory("swap", "swap", "Swap", "Anonymous memory in swap"),
    _own("swap_pss", "swap PSS", "SwapPss", "In swap, divided by how many share it"),
    _own("locked", "locked", "Locked", "PSS locked into RAM"),
    Metric("kernel_page_size", "page size", "bytes", "KernelPageSize", "Page size of the kernel"),
    Metric("mmu_page_size", "MMU page size", "bytes", "MMUPageSize", "Page size of the MMU"),
    Metric("thp_eligible", "THP eligible", "flag", "THPeligible", "May get huge pages"),
    Metric("protection_key", "protection key", "count", "ProtectionKey", "Memory protection key"),
    Metric("vm_flags", "flags", "text", "VmFlags", "The kernel's two-letter flags of the mapping"),
    Metric("other", "other", "text", "(other lines)", "Lines this version does not know, as read"),
)

USS = _own(
    *("uss", "USS", "Private_Clean + Private_Dirty + Private_Hugetlb"),
    "Private, in huge pages too: would be free if this process alone exited",
)
HUGETLB = _memory(
    *("hugetlb", "hugetlb", "Shared_Hugetlb + Private_Hugetlb"),
    "In huge pages of hugetlbfs: outside RSS, PSS and swap",
)
HELD = _memory(
    *("held", "held", "Rss - LazyFree + Swap + Private_Hugetlb + Shared_Hugetlb"),
    "What the process truly keeps, in RAM and in swap",
)
HELD_PSS = _own(
    *("held_pss", "held PSS", "Pss - LazyFree + SwapPss + Private_Hugetlb"),
    "The same, each page divided by how many map it",
)
#: Properties of model.Usage: computed from fields of USAGE, and never stored.
DERIVED: tuple[Metric, ...] = (USS, HUGETLB, HELD, HELD_PSS)

#: Derived figure -> the fields of USAGE that it is computed from.
FIELDS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uss": ("private_clean", "private_dirty", "private_hugetlb"),
        "hugetlb": ("private_hugetlb", "shared_hugetlb"),
        "held": ("rss", "lazy_free", "swap", "private_hugetlb", "shared_hugetlb"),
        "held_pss": ("pss", "lazy_free", "swap", "swap_pss", "private_hugetlb"),
    }
)

_OF_MAPPINGS = {metric.name: metric for metric in (*USAGE, *DERIVED)}
#: The fields of model.Totals, in its order: sums over the mappings of a layout.
TOTALS: tuple[Metric, ...] = (
    Metric("mappings", "mappings", "count", "(entries)", "How many mappings there are"),
    _memory("size", "size", "(headers)", "Address space, without the gate mapping, as VmSize"),
    *(_OF_MAPPINGS[name] for name in ("rss", "pss", "uss", "swap", "swap_pss")),
)
#: What stands for RSS where a peak is asked of what the kernel itself counts (READING `resident`).
STATM = Metric("statm", "RSS (statm)", "bytes", "statm resident", "RSS as the kernel counts it")

#: Every figure that a layout can be asked for, by name.
LAYOUT: Mapping[str, Metric] = MappingProxyType(
    {**{metric.name: metric for metric in TOTALS}, **_OF_MAPPINGS, STATM.name: STATM}
)
#: Figures that may be added up over the mappings of one process. A page size is in bytes, and no
#: amount of memory.
OVER_MAPPINGS: tuple[str, ...] = tuple(
    metric.name for metric in _OF_MAPPINGS.values() if metric.over_mappings
)
#: Those that may be added up over processes, too: in the others, as in RSS, a page that several
#: processes map counts in each.
OVER_PROCESSES: tuple[str, ...] = tuple(
    metric.name for metric in _OF_MAPPINGS.values() if metric.over_processes
)
#: Figure of one process -> the one of its kind that may be added up over processes.
ADDED_UP_AS: Mapping[str, str] = MappingProxyType(
    {"rss": "pss", "swap": "swap_pss", "held": "held_pss"}
)
#: The figures that the terminal UI, the chart and the report offer, in this order; of several
#: processes those that stand for them.
OfferedFigure = Literal["pss", "rss", "uss", "swap"]
OFFERED: tuple[OfferedFigure, ...] = get_args(OfferedFigure)
#: The same, huge pages, and what a process truly keeps: to judge and to compare.
JudgedFigure = Literal[OfferedFigure, "hugetlb", "held"]
JUDGED: tuple[JudgedFigure, ...] = get_args(JudgedFigure)
#: Of them those beside which the kernel's own RSS means something; beside swap it does not.
IN_RAM: tuple[str, ...] = ("pss", "rss", "uss")


def over_processes(figure: str) -> str:
    """The figure to add up over processes where `figure` is asked for, as swap_pss for swap."""
    return ADDED_UP_AS.get(figure, figure)


def adds_up(figure: str) -> bool:
    """Whether sums of this figure of a layout over processes mean something: RSS never does."""
    return LAYOUT[figure].over_processes


#: The fields of model.Reading, in its order. `source` is file and field.
READING: tuple[Metric, ...] = (
    Metric("size", "size", "bytes", "statm size", "total program size (address space)"),
    Metric("resident", "resident", "bytes", "statm resident", "resident set size (in RAM)"),
    Metric("shared", "shared", "bytes", "statm shared", "resident pages of files and shmem"),
    Metric("text", "text", "bytes", "statm text", "code of the executable"),
    Metric("data", "data", "bytes", "statm data", "data + stack (private writable address space)"),
    Metric("high_water_mark", "high-water mark", "bytes", "status VmHWM", "highest RSS since exec"),
    Metric("swap", "swap", "bytes", "status VmSwap", "anonymous memory in swap"),
    Metric("hugetlb", "hugetlb", "bytes", "status HugetlbPages", "huge pages, outside RSS"),
    Metric("threads", "threads", "count", "status Threads", "number of threads"),
    _count("minor_faults", "minor faults", "count", "stat minflt", "page faults without reading"),
    _count("major_faults", "major faults", "count", "stat majflt", "page faults that read a disk"),
    Metric("state", "state", "text", "stat state", "R running, S sleeping, D waiting, Z zombie…"),
    Metric("oom_score", "OOM score", "count", "oom_score", "badness, 0 to 2000"),
    Metric("oom_score_adj", "OOM adjustment", "count", "oom_score_adj", "-1000 to 1000"),
    _count("user_time", "user CPU", "1/100 s", "stat utime", "CPU time of its own code"),
    _count("system_time", "system CPU", "1/100 s", "stat stime", "CPU time of the kernel for it"),
    _count(
        *("voluntary_switches", "waits", "count", "status voluntary_ctxt_switches"),
        "times its first thread waited for something",
    ),
    _count(
        *("involuntary_switches", "preemptions", "count", "status nonvoluntary_ctxt_switches"),
        "times its first thread lost the CPU to another",
    ),
    Metric("rss_anon", "RSS anonymous", "bytes", "status RssAnon", "resident, of no file"),
    Metric("rss_file", "RSS files", "bytes", "status RssFile", "resident, of files"),
    Metric("rss_shmem", "RSS shmem", "bytes", "status RssShmem", "resident, shared memory, tmpfs"),
)


def _stat(name: str, title: str, meaning: str) -> Metric:
    return Metric(f"stat.{name}", title, "bytes", f"memory.stat {name}", meaning)


def _event(name: str, meaning: str) -> Metric:
    source = f"memory.events {name}"
    return Metric(f"events.{name}", name, "count", source, meaning, is_counter=True)


def _above(limit: str, title: str, source: str) -> tuple[Metric, Metric]:
    """A limit of a cgroup above: of several the least, and how far above it is."""
    least = f"the least {title} of the cgroups above it"
    return (
        Metric(above(limit), f"{title} above it", "bytes", f"{source} of those above", least),
        Metric(
            *(levels_above(limit), f"levels up to that {title}", "count", f"{source}, which one"),
            f"how many levels above it the cgroup with the least {title} is",
        ),
    )


def above(limit: str) -> str:
    """The figure of CGROUP that is the least such limit of the cgroups above; see CGROUP_LIMITS."""
    return f"above.{limit}"


def levels_above(limit: str) -> str:
    """The figure of CGROUP that says how many levels above the cgroup with that limit is."""
    return f"above.{limit}_levels"


#: What is recorded of a control group, by the name under which it is stored. `source` is the file,
#: and its line if it has several; `total_…` are lines of version 1.
CGROUP: tuple[Metric, ...] = (
    Metric("current", "memory in use", "bytes", "memory.current", "all that is charged to it"),
    Metric("peak", "highest ever", "bytes", "memory.peak", "the highest of it since it exists"),
    Metric("swap_current", "swap in use", "bytes", "memory.swap.current", "what is in swap"),
    Metric("swap_peak", "highest swap", "bytes", "memory.swap.peak", "the highest of it"),
    Metric(
        *("max", "limit", "bytes", "memory.max"),
        "the most it may have: then memory is taken back, or a process is killed",
    ),
    Metric(
        *("high", "high limit", "bytes", "memory.high"),
        "above it its processes are slowed down, and memory is taken back",
    ),
    Metric("swap_max", "swap limit", "bytes", "memory.swap.max", "the most it may have in swap"),
    Metric(
        *("kernel_current", "kernel memory", "bytes", "memory.kmem.usage_in_bytes"),
        "kernel memory (version 1)",
    ),
    _stat("anon", "anonymous", "anonymous memory of processes"),
    _stat("file", "page cache", "page cache, with tmpfs and shared memory"),
    _stat("shmem", "shared memory", "tmpfs and shared memory"),
    _stat("kernel", "kernel memory", "all kernel memory"),
    _stat("kernel_stack", "kernel stacks", "stacks of threads in the kernel"),
    _stat("pagetables", "page tables", "page tables of processes"),
    _stat("sock", "sockets", "buffers of network connections"),
    _stat("slab", "slab", "the kernel's own objects"),
    _stat("slab_reclaimable", "reclaimable slab", "the part of slab that it can give back"),
    _stat("slab_unreclaimable", "other slab", "the part of slab that it cannot give back"),
    _stat("anon_thp", "THP", "anonymous memory in transparent huge pages"),
    _stat("file_mapped", "mapped files", "the part of page cache that is mapped"),
    _stat("file_dirty", "dirty files", "page cache that is not yet written back"),
    _stat("swapcached", "swap cache", "in swap and also still in RAM"),
    _stat("zswap", "zswap", "memory that compressed swap takes"),
    _stat("zswapped", "zswapped", "what is in compressed swap, before compression"),
    _stat("total_rss", "anonymous", "anonymous memory, with that of cgroups below (version 1)"),
    _stat("total_cache", "page cache", "page cache, with that of cgroups below (version 1)"),
    _stat("total_shmem", "shared memory", "tmpfs and shared memory, likewise (version 1)"),
    _stat("total_swap", "swap in use", "what is in swap, likewise (version 1)"),
    _stat("total_mapped_file", "mapped files", "page cache that is mapped, likewise (version 1)"),
    _stat("total_rss_huge", "THP", "in transparent huge pages, likewise (version 1)"),
    _stat("total_dirty", "dirty files", "not yet written back, likewise (version 1)"),
    Metric(
        *("stat.hierarchical_memory_limit", "limit that holds", "bytes"),
        "memory.stat hierarchical_memory_limit",
        "the least limit of it and of the cgroups above it (version 1)",
    ),
    *_above("max", "limit", "memory.max"),
    *_above("high", "high limit", "memory.high"),
    *_above("swap_max", "swap limit", "memory.swap.max"),
    _event("low", "times that memory below the low limit was taken"),
    _event("high", "times that it went above the high limit"),
    _event("max", "times that it came to its limit"),
    _event("oom", "times that memory ran out"),
    _event("oom_kill", "processes that were killed for it"),
    _event("oom_group_kill", "times that the whole cgroup was killed"),
)
CGROUP_SIZES: tuple[Metric, ...] = tuple(metric for metric in CGROUP if metric.unit == "bytes")
#: Figures of a cgroup that never fall, as long as it is there.
CGROUP_RISING: frozenset[str] = frozenset(
    ["peak", "swap_peak", *(metric.name for metric in CGROUP if metric.is_counter)]
)
#: Figures of a cgroup that are limits: it may have none.
CGROUP_LIMITS: tuple[str, ...] = ("max", "high", "swap_max")
#: Files of version 1 with one number -> the name under which it is stored.
CGROUP_V1_FILES: Mapping[str, str] = MappingProxyType(
    {
        "memory.usage_in_bytes": "current",
        "memory.max_usage_in_bytes": "peak",
        "memory.kmem.usage_in_bytes": "kernel_current",
        "memory.limit_in_bytes": "max",
        "memory.failcnt": "events.max",
    }
)


def _line(name: str, meaning: str) -> Metric:
    return Metric(name, name, "bytes", name, meaning)


#: The lines of /proc/meminfo that outputs show, under the kernel's own names; all are recorded.
MEMINFO: tuple[Metric, ...] = (
    _line("MemTotal", "RAM that the kernel manages"),
    _line("MemAvailable", "the kernel's estimate of what programs can get before it swaps"),
    _line("MemFree", "RAM that is used for nothing at all; low on a healthy machine"),
    _line("Buffers", "page cache of block devices"),
    _line("Cached", "page cache: contents of files, and all of tmpfs and shared memory"),
    _line("SwapCached", "in swap and also still in RAM"),
    _line("AnonPages", "anonymous memory that is mapped"),
    _line("Mapped", "files and shared memory that are mapped"),
    _line("Shmem", "tmpfs and shared memory: a part of Cached, but it cannot be dropped"),
    _line("Slab", "the kernel's own objects"),
    _line("SReclaimable", "the part of Slab that can be dropped"),
    _line("SUnreclaim", "the part of Slab that cannot"),
    _line("KernelStack", "stacks of threads in the kernel"),
    _line("PageTables", "page tables of processes"),
    _line("Dirty", "page cache that is not yet written back"),
    _line("Writeback", "page cache that is being written back"),
    _line("AnonHugePages", "anonymous memory in transparent huge pages"),
    _line("Hugetlb", "huge pages set aside, used or not (since 4.19)"),
    _line("Committed_AS", "what would be needed if all that was promised were used"),
    _line("SwapTotal", "swap that there is"),
    _line("SwapFree", "swap that is not used"),
)
#: Computed where MemAvailable is not reported, and for comparison.
MEM_AVAILABLE_COMPUTED = Metric(
    *("MemAvailableComputed", "MemAvailableComputed", "bytes"),
    "MemFree + Buffers + (Cached - Shmem) + SwapCached + SReclaimable",
    "the same estimate for kernels without MemAvailable (before 3.14); usually higher",
)

#: What each state of a layout means (model.LayoutState), in one sentence.
LAYOUT_STATES: Mapping[str, str] = MappingProxyType(
    {
        "EXACT": "The mappings add up to statm as read right before or right after.",
        "TORN": "Mappings moved while they were read, in every attempt: totals may be wrong.",
        "UNCHECKED": "Could not be verified: this kernel's statm is approximate, or there was"
        " none.",
        "NOT_TAKEN": "Only the summary figures (RSS, swap, faults) were read at this tick.",
        "NO_PERMISSION": "The kernel refused to show the mappings.",
        "GONE": "The process exited before its mappings were read.",
        "KERNEL_THREAD": "A kernel thread: it has no mappings.",
        "ZOMBIE": "Exited, but not yet reaped by its parent: it has no mappings any more.",
        "UNREADABLE": "Reading failed (I/O error or malformed text); retried at the next tick.",
        "NO_SMAPS": "This kernel, or this copy of /proc, has no smaps: only the summary figures"
        " (RSS, swap, faults) can be read.",
    }
)
