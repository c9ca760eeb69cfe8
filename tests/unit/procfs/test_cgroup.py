"""Cgroups: names as people write them, /proc/PID/cgroup, mounts, the memory controller's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.errors import SourceError
from memory_watcher.procfs.cgroup import (
    Cgroup,
    CgroupReader,
    Membership,
    find_folder,
    memory_cgroup,
    parse_cgroup,
    parse_memberships,
    parse_number,
    parse_stat,
)

HYBRID = b"""\
9:name=systemd:/user.slice
4:memory:/docker/0123
3:cpu,cpuacct:/a b:c
0::/init.scope
nonsense
"""
MOUNTS = rb"""25 1 8:1 / / rw - ext4 /dev/sda1 rw
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
"""


def test_memberships() -> None:
    """Each line gives controllers and path; a path may hold blanks and colons."""
    assert parse_memberships(HYBRID) == [
        Membership(("name=systemd",), "/user.slice"),
        Membership(("memory",), "/docker/0123"),
        Membership(("cpu", "cpuacct"), "/a b:c"),
        Membership((), "/init.scope"),
    ]
    assert parse_memberships(b"") == []


def test_memory_is_charged_to_version_1_where_that_has_the_controller() -> None:
    """Both versions may be mounted; the memory controller is in one of them only."""
    assert memory_cgroup(parse_memberships(HYBRID)) == Cgroup("memory", "/docker/0123")
    assert memory_cgroup(parse_memberships(b"0::/a.service\n")) == Cgroup(None, "/a.service")
    assert memory_cgroup([]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("system.slice/a.service", Cgroup(None, "/system.slice/a.service")),
        ("/system.slice/a.service/", Cgroup(None, "/system.slice/a.service")),
        ("/", Cgroup(None, "/")),
        ("memory:/docker/0123", Cgroup("memory", "/docker/0123")),
        ("name=systemd:x", Cgroup("name=systemd", "/x")),
        ("/a:b/c", Cgroup(None, "/a:b/c")),
        ("/sys/fs/cgroup/unified/x", Cgroup(None, "/x")),
        ("/sys/fs/cgroup/memory/x/y", Cgroup("memory", "/x/y")),
        ("/sys/fs/cgroup/memory", Cgroup("memory", "/")),
    ],
)
def test_names(text: str, expected: Cgroup) -> None:
    """A path below version 2's root, CONTROLLER:PATH, and a folder of the mounted hierarchy."""
    assert parse_cgroup(text, MOUNTS) == expected


def test_holds() -> None:
    """A cgroup holds what is in it and below it, in its own hierarchy, not what begins alike."""
    cgroup = Cgroup(None, "/a/b")
    assert cgroup.holds(Membership((), "/a/b"))
    assert cgroup.holds(Membership((), "/a/b/c"))
    assert not cgroup.holds(Membership((), "/a/bc"))
    assert not cgroup.holds(Membership((), "/a"))
    assert not cgroup.holds(Membership(("memory",), "/a/b"))
    assert Cgroup("cpu", "/").holds(Membership(("cpu", "cpuacct"), "/x"))
    assert not Cgroup("memory", "/").holds(Membership((), "/x"))


def test_folders() -> None:
    """The folder comes from the mount of the cgroup's hierarchy; None if that is not mounted."""
    assert find_folder(Cgroup("memory", "/x"), MOUNTS) == "/sys/fs/cgroup/memory/x"
    assert find_folder(Cgroup("cpuacct", "/"), MOUNTS) == "/sys/fs/cgroup/cpu"
    assert find_folder(Cgroup(None, "/x"), MOUNTS) == "/sys/fs/cgroup/unified/x"
    assert find_folder(Cgroup("hugetlb", "/x"), MOUNTS) is None
    inside = rb"1 1 0:1 /docker/01 /sys/fs/my\040cg rw - cgroup2 cgroup2 rw" + b"\n"
    assert find_folder(Cgroup(None, "/docker/01/x"), inside) == "/sys/fs/my cg/x"
    assert find_folder(Cgroup(None, "/x"), inside) == "/sys/fs/my cg/x"


def test_outside_of_the_cgroup_namespace() -> None:
    """In a container another's path begins with /..: that is no folder beside the mount."""
    assert find_folder(Cgroup(None, "/../docker-0123.scope"), MOUNTS) is None
    assert find_folder(Cgroup(None, "/a..b"), MOUNTS) == "/sys/fs/cgroup/unified/a..b"


def test_numbers() -> None:
    """`max` is no limit, which is no number; memory.stat is a name and a number a line."""
    assert parse_number(b"4096\n") == 4096
    assert parse_number(b"max\n") is None
    assert parse_stat(b"anon 12\nfile 0\nodd line here\n\nworkingset_x -1\n") == {
        "anon": 12,
        "file": 0,
    }


def test_reader_of_version_2(tmp_path: Path) -> None:
    """Every figure has its name; files that a kernel lacks are passed over; changes are seen."""
    (tmp_path / "memory.current").write_text("8192\n")
    (tmp_path / "memory.swap.current").write_text("0\n")
    (tmp_path / "memory.stat").write_text("anon 4096\nfile 100\npgfault 7\n")
    (tmp_path / "memory.events").write_text("low 0\noom_kill 2\nsock_throttled 1\n")
    reader = CgroupReader(str(tmp_path), 2)
    assert reader.read() == {
        "current": 8192,
        "swap_current": 0,
        "stat.anon": 4096,
        "stat.file": 100,
        "events.low": 0,
        "events.oom_kill": 2,
    }
    (tmp_path / "memory.current").write_text("4096\n")
    assert reader.read()["current"] == 4096
    reader.close()
    assert reader.read() == {}


def test_reader_of_version_1(tmp_path: Path) -> None:
    """Usage and its highest have the names of version 2; memory.stat gives the subtree's totals."""
    (tmp_path / "memory.usage_in_bytes").write_text("10\n")
    (tmp_path / "memory.max_usage_in_bytes").write_text("20\n")
    told = "cache 1\nrss 2\nshmem 1\ntotal_cache 3\ntotal_rss 4\ntotal_shmem 5\n"
    (tmp_path / "memory.stat").write_text(told)
    reader = CgroupReader(str(tmp_path), 1)
    assert reader.read() == {
        "current": 10,
        "peak": 20,
        "stat.total_cache": 3,
        "stat.total_rss": 4,
        "stat.total_shmem": 5,
    }
    reader.close()


def test_what_a_file_says_anew_counts(tmp_path: Path) -> None:
    """Each file that says what it said stands as it was; one that changes, also back, is read."""
    (tmp_path / "memory.current").write_text("8192\n")
    stat, first, second = tmp_path / "memory.stat", "anon 4096\nfile 100\n", "anon 8192\n"
    reader = None
    for text, figures in (
        (first, {"stat.anon": 4096, "stat.file": 100}),
        (first, {"stat.anon": 4096, "stat.file": 100}),
        (second, {"stat.anon": 8192}),
        (first, {"stat.anon": 4096, "stat.file": 100}),
    ):
        stat.write_text(text)
        reader = reader or CgroupReader(str(tmp_path), 2)
        assert reader.read() == {"current": 8192, **figures}
    assert reader is not None
    reader.close()


def test_limits(tmp_path: Path) -> None:
    """A limit that there is not is -1: `max` of version 2, the largest number of version 1."""
    for name, text in (("max", "max\n"), ("high", "1048576\n"), ("swap.max", "0\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    (tmp_path / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    first, second = CgroupReader(str(tmp_path), 2), CgroupReader(str(tmp_path), 1)
    assert {k: v for k, v in first.read().items() if not k.startswith("events")} == {
        "max": -1,
        "high": 1 << 20,
        "swap_max": 0,
    }
    assert second.read() == {"max": -1, "events.oom_kill": 3}
    (tmp_path / "memory.limit_in_bytes").write_text("4096\n")
    assert second.read()["max"] == 4096
    first.close()
    second.close()


def test_folder_without_the_controller(tmp_path: Path) -> None:
    """A cgroup whose memory controller is off is an error that says so."""
    with pytest.raises(SourceError, match="memory controller"):
        CgroupReader(str(tmp_path), 2)
