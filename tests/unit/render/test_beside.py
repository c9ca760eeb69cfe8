"""What stands beside a sum: swap, huge pages, lazily freed; CPU time, faults and switches."""

from __future__ import annotations

from memory_watcher.analysis.breakdown import Group, break_down
from memory_watcher.analysis.kinds import Attribution, Kind, attribute
from memory_watcher.model import MappingUsage, Reading, SystemMemory, Usage
from memory_watcher.render.activity import activity, cpu_ns, cpu_share
from memory_watcher.render.beside import aside, beside, beside_several
from memory_watcher.render.text_columns import Line
from tests.recordings import KI, MI, SECOND, mapping


def total(*usages: Usage) -> Group:
    entries = [MappingUsage(mapping(MI * (n + 1)), usage) for n, usage in enumerate(usages)]
    return break_down(attribute(entries), "pss").total


def sizes(lines: list[Line]) -> dict[str, int | None]:
    return {line.name: line.size for line in lines}


def test_a_library_that_is_mostly_bss_says_so() -> None:
    """By name it is one line, and big tables that begin as zero would not be found."""
    file = [mapping(0x1000, KI, "r-xp", "/lib/a.so", inode=7), mapping(0x2000, 8 * MI)]
    usages = [Usage(pss=MI), Usage(pss=6 * MI)]
    kinds = [Attribution(kind, "/lib/a.so") for kind in (Kind.LIBRARY_CODE, Kind.LIBRARY_BSS)]
    told = list(zip(map(MappingUsage, file, usages), kinds, strict=True))
    (line,) = break_down(told).top
    assert (line.sum.size, aside(line)) == (7 * MI, "6 144 Ki of it .bss")
    assert aside(break_down(told[:1]).top[0]) == ""


def test_nothing_that_is_0() -> None:
    """Where all of it is 0 or not told there is no line."""
    assert beside(total(Usage(rss=MI, swap=0, locked=None)), Reading(swap=0)) == []


def test_sums_over_mappings() -> None:
    """Each is added up; RSS without what is lazily freed is what stays under pressure."""
    lines = beside(
        total(
            Usage(rss=8 * MI, swap=45 * MI, swap_pss=40 * MI, lazy_free=3 * MI, locked=KI),
            Usage(rss=MI, swap=MI, swap_pss=MI, private_hugetlb=4 * MI, shared_hugetlb=2 * MI),
        )
    )
    assert sizes(lines) == {
        "in swap, not in RSS:": 46 * MI,
        "in swap, divided by how many share it:": 41 * MI,
        "in huge pages (hugetlb), not in RSS:": 6 * MI,
        "of RSS: lazily freed (MADV_FREE):": 3 * MI,
        "of PSS: locked:": KI,
        "RSS without what is lazily freed:": 6 * MI,
    }


def test_what_status_tells() -> None:
    """Kernels whose smaps does not tell swap: the process's own figure stands there."""
    lines = beside(total(Usage(rss=MI)), Reading(swap=45 * MI, hugetlb=2 * MI))
    assert sizes(lines) == {
        "in swap, not in RSS:": 45 * MI,
        "in huge pages (hugetlb), not in RSS:": 2 * MI,
    }


HUGE = Usage(rss=0, pss=0, private_clean=0, private_dirty=0, private_hugetlb=4 * MI)
RESIDENT = Usage(rss=MI, pss=MI, private_clean=0, private_dirty=MI, swap=8 * KI, swap_pss=4 * KI)


def test_a_line_says_what_its_size_leaves_out() -> None:
    """Huge pages, swap, and what of RSS was lazily freed; nothing where there is none."""
    usages = (HUGE, HUGE._replace(shared_hugetlb=2 * MI), RESIDENT._replace(lazy_free=12 * KI))
    assert aside(total(*usages)) == "+ 10 240 Ki hugetlb, + 8 Ki swap, 12 Ki of RSS lazily freed"
    assert aside(total(HUGE, HUGE._replace(shared_hugetlb=2 * MI)), "uss") == "+ 2 048 Ki hugetlb"
    assert aside(total(Usage(rss=MI, pss=MI, private_hugetlb=0, swap=0))) == ""


def test_huge_pages_of_kernels_that_report_none() -> None:
    """Before 4.4 how many are in use is not known: the mapping is the most there can be."""
    flags, page_size = Usage(rss=0, vm_flags="rd wr ht sd"), Usage(rss=0, kernel_page_size=2 * MI)
    plain = Usage(rss=0, kernel_page_size=65536), Usage(rss=0, vm_flags="rd wr"), Usage(rss=0)
    for usage in (flags, page_size):
        group = total(usage, *plain)
        size = group.entries[0].mapping.size
        assert aside(group) == f"+ up to {size // 1024} Ki hugetlb"
        assert sizes(beside(group)) == {"in huge pages (hugetlb), at most, not in RSS:": size}
        assert beside(total(*plain)) == []


def test_several_processes() -> None:
    """What several share counts once; what may not be added up over processes is left out."""
    shared = HUGE._replace(shared_hugetlb=6 * MI)
    group = total(shared, RESIDENT._replace(lazy_free=2 * MI, locked=KI))
    group = group._replace(entries=(*group.entries, group.entries[0]))
    assert aside(group, several=True) == "+ 14 336 Ki hugetlb, + 4 Ki swap"
    assert sizes(beside_several(group, (14 * MI, 20 * MI))) == {
        "in huge pages (hugetlb), not in PSS, at least:": 14 * MI,
        "- at most:": 20 * MI,
        "of PSS: lazily freed (MADV_FREE), at most:": MI,
        "of PSS: locked:": KI,
    }
    assert beside_several(total(Usage(rss=MI, pss=MI, swap=MI)), (0, 0)) == []


def test_activity() -> None:
    """CPU time in all, its share of one CPU since the reading before, faults and switches."""
    before = Reading(user_time=100, system_time=50)
    now = Reading(
        user_time=190,
        system_time=60,
        minor_faults=12345,
        major_faults=6,
        voluntary_switches=7,
        involuntary_switches=8000,
    )
    assert cpu_ns(now) == 2_500_000_000
    assert cpu_share(now, before, 2 * SECOND) == 0.5
    assert activity(now, (before, 2 * SECOND)) == [
        ("CPU time", "2.5 s, 50 % of a CPU since the reading before"),
        ("page faults", "12 345 minor, 6 major"),
        ("switches", "7 waits, 8 000 preemptions (of its first thread)"),
    ]
    assert activity(Reading(), (before, SECOND)) == []
    assert cpu_share(before, now, SECOND) is None, "a process does not give CPU time back"


def test_what_the_memory_of_a_machine_is() -> None:
    """Parts that add up to MemTotal: no page in two of them, what is not told as other."""
    memory = SystemMemory(
        {
            name: size * MI
            for name, size in {
                "MemTotal": 1000,
                "MemFree": 300,
                "Buffers": 10,
                "Cached": 250,
                "Shmem": 50,
                "SwapCached": 5,
                "AnonPages": 200,
                "SReclaimable": 40,
                "SUnreclaim": 20,
                "KernelStack": 4,
                "PageTables": 8,
                "VmallocUsed": 10,
                "Percpu": 2,
                "Hugetlb": 64,
            }.items()
        }
    )
    parts = {part.key: part.size // MI for part in memory.parts}
    assert parts == {
        "anonymous": 200,
        "shared": 50,
        "cache": 200,
        "buffers": 10,
        "swap_cache": 5,
        "hugetlb": 64,
        "slab_reclaimable": 40,
        "slab_unreclaimable": 20,
        "page_tables": 8,
        "kernel_stacks": 4,
        "vmalloc": 6,
        "per_cpu": 2,
        "free": 300,
        "other": 91,
    }
    assert sum(parts.values()) == 1000
    assert memory.kernel == (40 + 20 + 8 + 4 + 6 + 2) * MI


def test_an_old_kernels_meminfo() -> None:
    """Huge pages are counted and not sized before 4.19; without MemTotal there is nothing."""
    pages = {"MemTotal": 100 * MI, "HugePages_Total": 8, "Hugepagesize": 2 * MI}
    assert [(part.key, part.size) for part in SystemMemory(pages).parts] == [
        ("hugetlb", 16 * MI),
        ("other", 84 * MI),
    ]
    assert SystemMemory({"MemFree": MI}).parts == ()
    assert SystemMemory({"MemFree": MI}).kernel is None
