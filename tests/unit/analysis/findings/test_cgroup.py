"""What a control group counts besides its processes, and what it was denied."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.findings.base import Rank
from memory_watcher.analysis.findings.cgroup import cache, oom_kills
from memory_watcher.analysis.kinds import Kind

from .scenes import MIB, of_one, piece

HEAP = piece(Kind.HEAP, MIB)


def test_kills() -> None:
    """Urgent, with the cgroups concerned; silent without any."""
    groups: tuple[tuple[str, dict[str, int]], ...] = (
        ("/a", {"events.oom_kill": 2, "events.oom": 1}),
        ("/b", {"events.oom_kill": 0}),
        ("/c", {}),
    )
    found = oom_kills(of_one(HEAP, cgroups=groups))
    assert found is not None
    assert (found.rank, dict(found.figures)) == (Rank.ACT, {"kills": 2, "reached": 1})
    assert found.examples == (("/a", 2),)
    assert oom_kills(of_one(HEAP, cgroups=groups[1:])) is None


@pytest.mark.parametrize(
    ("files", "shared"), [("stat.file", "stat.shmem"), ("stat.total_cache", "stat.total_shmem")]
)
def test_cache(files: str, shared: str) -> None:
    """Of both versions; tmpfs, which the kernel counts as files, stands apart."""
    figures = {"current": 100 * MIB, files: 40 * MIB, shared: 10 * MIB}
    found = cache(of_one(HEAP, cgroups=(("/a", figures),)))
    assert found is not None
    assert found.figures == {"current": 100 * MIB, "cache": 30 * MIB, "shared": 10 * MIB}


def test_little_cache() -> None:
    """Under a tenth, or not reported: no sentence."""
    little = {"current": 100 * MIB, "stat.file": 9 * MIB}
    for figures in (little, {"current": 100 * MIB}, {"stat.file": 40 * MIB}, {}):
        assert cache(of_one(HEAP, cgroups=(("/a", figures),))) is None
