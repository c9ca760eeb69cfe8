"""The limits of cgroups above one: the least of each, and how far above it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.procfs.cgroup import CgroupReader
from memory_watcher.procfs.cgroup_above import LimitsAbove

MAX = "9223372036854771712"


@pytest.fixture(name="folders")
def nested(tmp_path: Path) -> list[Path]:
    """The root of a hierarchy, and three cgroups, each in the one before."""
    folders = [tmp_path / "root"]
    for name in ("slice", "pod", "container"):
        folders.append(folders[-1] / name)
    folders[-1].mkdir(parents=True)
    return folders


def test_version_2(folders: list[Path]) -> None:
    """The least of all above, not its own; changes are seen; the root has no limits."""
    _, high, pod, own = folders
    for folder, most, soft in ((high, "max", "3"), (pod, "700", "max"), (own, "5", "1")):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.high").write_text(f"{soft}\n")
    found = LimitsAbove(str(own), 2)
    assert found.read() == {
        "above.max": 700,
        "above.max_levels": 1,
        "above.high": 3,
        "above.high_levels": 2,
    }
    (high / "memory.max").write_text("600\n")
    (high / "memory.high").write_text("max\n")
    assert found.read() == {"above.max": 600, "above.max_levels": 2}
    found.close()
    assert found.read() == {}


def test_version_1(folders: list[Path]) -> None:
    """Its largest number is no limit; the kernel's own word for what holds is a figure, too."""
    for folder, most in zip(folders, (MAX, "900", MAX, "5"), strict=True):
        (folder / "memory.limit_in_bytes").write_text(f"{most}\n")
    found = LimitsAbove(str(folders[-1]), 1)
    assert found.read() == {"above.max": 900, "above.max_levels": 2}
    found.close()
    for told, expected in ((MAX, -1), ("900", 900)):
        (folders[-1] / "memory.stat").write_text(f"hierarchical_memory_limit {told}\n")
        reader = CgroupReader(str(folders[-1]), 1)
        assert reader.read()["stat.hierarchical_memory_limit"] == expected
        reader.close()


def test_none_above(folders: list[Path]) -> None:
    """A cgroup at the top, or one of which nothing above is shown, as in a container."""
    (folders[-1] / "memory.max").write_text("5\n")
    found = LimitsAbove(str(folders[-1]), 2)
    assert found.read() == {}
    found.close()
