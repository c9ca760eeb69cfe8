"""Every figure declared once: name, title, unit, where it comes from, what it means.

Text, JSON, the schema's documentation, the report and the pictures all read these tables.
"""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """One figure: `name` is the field of the model, `source` the field of the proc file."""

    name: str
    title: str
    unit: str  # "bytes", "count", "flag", "text", "1/100 s"
    source: str
    meaning: str


#: The fields of model.Usage, in its order. `source` is the key of the line in smaps (proc(5)).
USAGE: tuple[Metric, ...] = (
    Metric("rss", "RSS", "bytes", "Rss", "Resident: in RAM and mapped here, shared or not"),
    Metric("pss", "PSS", "bytes", "Pss", "Resident, each page divided by how many map it"),
    Metric("pss_dirty", "PSS dirty", "bytes", "Pss_Dirty", "The part of PSS that is modified"),
    Metric(
        "shared_clean", "shared clean", "bytes", "Shared_Clean", "Unmodified, mapped repeatedly"
    ),
    Metric("shared_dirty", "shared dirty", "bytes", "Shared_Dirty", "Modified, mapped repeatedly"),
    Metric("private_clean", "private clean", "bytes", "Private_Clean", "Unmodified, mapped once"),
    Metric("private_dirty", "private dirty", "bytes", "Private_Dirty", "Modified, mapped once"),
    Metric("referenced", "referenced", "bytes", "Referenced", "Marked as accessed"),
    Metric("anonymous", "anonymous", "bytes", "Anonymous", "Belongs to no file"),
    Metric("ksm", "KSM", "bytes", "KSM", "Merged by kernel same-page merging"),
    Metric("lazy_free", "lazy free", "bytes", "LazyFree", "MADV_FREE: freed when memory is short"),
    Metric("anon_huge_pages", "THP", "bytes", "AnonHugePages", "In transparent huge pages"),
    Metric("shmem_pmd_mapped", "shmem THP", "bytes", "ShmemPmdMapped", "Shared, huge pages"),
    Metric("file_pmd_mapped", "file THP", "bytes", "FilePmdMapped", "Of files, huge pages"),
    Metric("shared_hugetlb", "hugetlb shared", "bytes", "Shared_Hugetlb", "Not in RSS nor PSS"),
    Metric("private_hugetlb", "hugetlb private", "bytes", "Private_Hugetlb", "Not in RSS nor PSS"),
    Metric("swap", "swap", "bytes", "Swap", "Anonymous memory in swap"),
    Metric("swap_pss", "swap PSS", "bytes", "SwapPss", "In swap, divided by how many share it"),
    Metric("locked", "locked", "bytes", "Locked", "PSS locked into RAM"),
    Metric("kernel_page_size", "page size", "bytes", "KernelPageSize", "Page size of the kernel"),
    Metric("mmu_page_size", "MMU page size", "bytes", "MMUPageSize", "Page size of the MMU"),
    Metric("thp_eligible", "THP eligible", "flag", "THPeligible", "May get huge pages"),
    Metric("protection_key", "protection key", "count", "ProtectionKey", "Memory protection key"),
    Metric("vm_flags", "flags", "text", "VmFlags", "The kernel's two-letter flags of the mapping"),
    Metric("other", "other", "text", "(other lines)", "Lines this version does not know, as read"),
)

USS = Metric(
    *("uss", "USS", "bytes", "Private_Clean + Private_Dirty + Private_Hugetlb"),
    "Private: would be free if this alone went away",
)
HELD = Metric(
    *("held", "held", "bytes", "Rss - LazyFree + Swap + Private_Hugetlb + Shared_Hugetlb"),
    "What the process truly keeps, in RAM and in swap",
)
HELD_PSS = Metric(
    *("held_pss", "held PSS", "bytes", "Pss - LazyFree + SwapPss + Private_Hugetlb"),
    "The same, each page divided by how many map it",
)
#: Properties of model.Usage: computed from fields of USAGE, and never stored.
DERIVED: tuple[Metric, ...] = (USS, HELD, HELD_PSS)

#: Derived figure -> the fields of USAGE that it is computed from.
FIELDS_OF: dict[str, tuple[str, ...]] = {
    "uss": ("private_clean", "private_dirty", "private_hugetlb"),
    "held": ("rss", "lazy_free", "swap", "private_hugetlb", "shared_hugetlb"),
    "held_pss": ("pss", "lazy_free", "swap", "swap_pss", "private_hugetlb"),
}

#: Figures of USAGE and DERIVED that may be added up over the mappings of one process. A page size
#: is in bytes, and no amount of memory.
OVER_MAPPINGS: tuple[str, ...] = tuple(
    metric.name
    for metric in (*USAGE, *DERIVED)
    if metric.unit == "bytes" and not metric.name.endswith("page_size")
)
#: Those that may be added up over processes, too: in the others, as in RSS, a page that several
#: processes map counts in each.
OVER_PROCESSES: tuple[str, ...] = (
    "pss",
    "pss_dirty",
    "private_clean",
    "private_dirty",
    "private_hugetlb",
    "swap_pss",
    "uss",
    "held_pss",
)
#: Figure of one process -> the one of its kind that may be added up over processes.
ADDED_UP_AS: dict[str, str] = {"rss": "pss", "swap": "swap_pss", "held": "held_pss"}


def over_processes(figure: str) -> str:
    """The figure to add up over processes where `figure` is asked for, as swap_pss for swap."""
    return ADDED_UP_AS.get(figure, figure)


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
    Metric("minor_faults", "minor faults", "count", "stat minflt", "page faults without reading"),
    Metric("major_faults", "major faults", "count", "stat majflt", "page faults that read a disk"),
    Metric("state", "state", "text", "stat state", "R running, S sleeping, D waiting, Z zombie…"),
    Metric("oom_score", "OOM score", "count", "oom_score", "badness, 0 to 2000"),
    Metric("oom_score_adj", "OOM adjustment", "count", "oom_score_adj", "-1000 to 1000"),
    Metric("user_time", "user CPU", "1/100 s", "stat utime", "CPU time of its own code"),
    Metric("system_time", "system CPU", "1/100 s", "stat stime", "CPU time of the kernel for it"),
    Metric(
        *("voluntary_switches", "waits", "count", "status voluntary_ctxt_switches"),
        "times its first thread waited for something",
    ),
    Metric(
        *("involuntary_switches", "preemptions", "count", "status nonvoluntary_ctxt_switches"),
        "times its first thread lost the CPU to another",
    ),
    Metric("rss_anon", "RSS anonymous", "bytes", "status RssAnon", "resident, of no file"),
    Metric("rss_file", "RSS files", "bytes", "status RssFile", "resident, of files"),
    Metric("rss_shmem", "RSS shmem", "bytes", "status RssShmem", "resident, shared memory, tmpfs"),
)
