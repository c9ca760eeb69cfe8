"""What a cgroup's memory consists of, in the words of both versions."""

from __future__ import annotations

from memory_watcher.analysis.cgroup_parts import parts, told, unmapped

MI = 1 << 20


def sizes(figures: dict[str, int | None]) -> dict[str, int]:
    return {part.key: part.size // MI for part in parts(figures)}


def test_parts_add_up_to_the_memory_in_use() -> None:
    """Tmpfs is told apart from page cache, of which the kernel counts it; the rest is shown."""
    figures: dict[str, int | None] = {
        "current": 100 * MI,
        "stat.anon": 40 * MI,
        "stat.file": 35 * MI,
        "stat.shmem": 20 * MI,
        "stat.file_mapped": 5 * MI,
        "stat.kernel": 10 * MI,
        "stat.sock": 3 * MI,
    }
    assert sizes(figures) == {
        "anonymous": 40,
        "shared": 20,
        "cache": 15,
        "kernel": 10,
        "sockets": 3,
        "rest": 12,
    }
    assert unmapped(figures) == 30 * MI


def test_version_1() -> None:
    """Its lines have other names; those without the cgroups below do not count."""
    figures: dict[str, int | None] = {
        "current": 50 * MI,
        "stat.shmem": MI // 2,
        "stat.total_rss": 10 * MI,
        "stat.total_cache": 30 * MI,
        "stat.total_shmem": 30 * MI,
        "stat.total_mapped_file": MI,
        "kernel_current": 2 * MI,
        "stat.total_swap": 7 * MI,
    }
    assert sizes(figures) == {
        "anonymous": 10,
        "shared": 30,
        "cache": 0,
        "kernel": 2,
        "sockets": 0,
        "rest": 8,
    }
    assert told(figures, "swap") == 7 * MI


def test_counters_that_lag_leave_nothing_below_0() -> None:
    """memory.stat may be ahead of memory.current; kernel memory before 5.18 is added up."""
    figures: dict[str, int | None] = {
        "current": 10 * MI,
        "stat.anon": 11 * MI,
        "stat.file": 0,
        "stat.slab": 2 * MI,
        "stat.pagetables": MI,
    }
    assert sizes(figures) == {
        "anonymous": 11,
        "shared": 0,
        "cache": 0,
        "kernel": 3,
        "sockets": 0,
        "rest": 0,
    }


def test_nothing_is_made_up() -> None:
    """Where the kernel told no parts, or they were lost, there are none."""
    assert parts({"current": MI}) == ()
    assert parts({"current": None, "stat.anon": None, "stat.file": MI}) == ()
    assert unmapped({"stat.file": MI}) is None
