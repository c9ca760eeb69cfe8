"""memory-peak of several processes that belong together, from recordings made by plain SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import LayoutState, Usage

from ..programs import run
from ..recordings import MI, SECOND, START, RecordingBuilder, mapping


def usage(pss: int, uss: int | None = None) -> Usage:
    """RSS is twice the PSS: whoever adds it up is found out."""
    return Usage(
        rss=2 * pss, pss=pss, private_clean=0, private_dirty=pss if uss is None else uss,
        private_hugetlb=0, swap=0, swap_pss=pss // 8,
    )  # fmt: skip


@pytest.fixture(name="file")
def recording_of_a_server(tmp_path: Path) -> Path:
    """A server, a worker that is largest at tick 2, one that comes at 3, one never readable."""
    builder = RecordingBuilder(tmp_path / "tree.db")
    server = builder.process(100, "server")
    worker = builder.process(101, "worker")
    late = builder.process(102, "late")
    secret = builder.process(103, "secret")
    for process, parent in ((server, 7), (worker, 100), (late, 101), (secret, 100)):
        builder.execute("UPDATE processes SET parent_pid = ? WHERE id = ?", parent, process)
    heap = mapping(0x1000, pathname="[heap]")
    library = mapping(0x90000, perms="r-xp", pathname="/lib/libx.so", inode=5)
    for tick, (first, second) in enumerate(((10, 20), (10, 90), (60, 5)), start=1):
        builder.tick()
        builder.layout(server, [(heap, usage(first * MI)), (library, usage(MI, uss=0))])
        if tick < 3:
            builder.layout(worker, [(heap, usage(second * MI)), (library, usage(MI, uss=0))])
        else:
            builder.layout(late, [(heap, usage(second * MI))])
        builder.reading(secret, state=LayoutState.NO_PERMISSION)
    builder.end(worker, 3)
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'server --flag', 100, 3)")
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    builder.execute("INSERT INTO cgroup_fields VALUES (1, 'current'), (2, 'peak')")
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 1, 1, 5000), (1, 1, 3, 9216)")
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 2, 2, 8192)")
    builder.end_run()
    return builder.close()


def shown(file: Path, *options: str) -> Any:
    done = run("memory-watcher", "peak", file, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_peak(file: Path) -> None:
    """The tick of the highest sum of PSS, its processes as a tree, and sums that add up."""
    view = shown(file)
    assert (view["view"], view["is_peak"], view["tick"]) == ("tree", True, 2)
    assert (view["kind"], view["description"], view["root_pid"]) == (
        "command",
        "server --flag",
        100,
    )
    tree = [(each["depth"], each["process"]["pid"], each["bytes"]) for each in view["processes"]]
    assert tree == [(0, 100, 11 * MI), (1, 101, 91 * MI), (1, 103, None)]
    assert view["sums"]["pss"] == {"bytes": 102 * MI, "lacking": 1}
    assert view["sums"]["uss"] == {"bytes": 100 * MI, "lacking": 1}
    assert view["recorded"] == 4
    assert view["too_short"] == 3


def test_mappings_of_all(file: Path) -> None:
    """Mappings of the same kind and name are one line over all processes."""
    view = shown(file)
    sizes = {group["name"]: (group["bytes"], group["mappings"]) for group in view["groups"]}
    assert sizes["heap"] == (100 * MI, 2)
    assert sizes["/lib/libx.so"] == (2 * MI, 2)
    assert view["sum"]["bytes"] == view["sums"]["pss"]["bytes"]
    kinds = {group["name"]: group["bytes"] for group in shown(file, "--by", "kind")["groups"]}
    assert kinds == {"heap": 100 * MI, "library": 2 * MI}


def test_moment_that_was_asked_for(file: Path) -> None:
    """Who had ended by then is not there; an orphan stands below who is left of its ancestors."""
    view = shown(file, "--measurement-time", "2018-08-17T13:58:05.942Z")
    assert (view["is_peak"], view["tick"], view["time_ns"]) == (False, 3, START + 2 * SECOND)
    tree = [(each["depth"], each["process"]["pid"]) for each in view["processes"]]
    assert tree == [(0, 100), (1, 102), (1, 103)]


def test_cgroup_beside_it(file: Path) -> None:
    """A cgroup's figures are those that were valid at the tick."""
    assert shown(file)["cgroups"] == [{"path": "/a.service", "current": 5000, "peak": 8192}]
    late = shown(file, "--measurement-time", "2018-08-17T13:58:05.942Z")
    assert late["cgroups"] == [{"path": "/a.service", "current": 9216, "peak": 8192}]


def test_text(file: Path) -> None:
    """The tree by indentation, sums of PSS, USS and swap, and in words what the sums lack."""
    done = run("memory-peak", file)
    lines = done.stdout.splitlines()
    assert lines[0] == "command:          server --flag"
    (server,) = [line for line in lines if line.startswith("server (100)")]
    (worker,) = [line for line in lines if line.startswith("  worker (101)")]
    assert f"{11 * 1024 // 1000} {11 * 1024 % 1000} Ki" in server
    assert "93 184 Ki" in worker
    assert any(line.startswith("sum of PSS:") and "104 448 Ki" in line for line in lines)
    assert any(line.startswith("sum of USS") for line in lines)
    assert any(line.startswith("sum of swap") for line in lines)
    assert any(line.startswith("cgroup /a.service memory in use:") for line in lines)
    assert "The sums lack 1 process whose PSS could not be read: no permission." in lines
    assert "3 processes were too short to read." in lines
    assert "RSS" not in done.stdout


def test_one_of_them(file: Path) -> None:
    """With -p the view is that of one process."""
    view = shown(file, "-p", "101")
    assert view["view"] == "process"
    assert view["measurement"]["totals"]["pss"] == 91 * MI


@pytest.mark.parametrize("figure", ["rss", "statm"])
def test_rss_is_never_added_up(file: Path, figure: str) -> None:
    """Asked for RSS of several processes, it says why not, and what to do."""
    done = run("memory-peak", file, "--process-memory", figure)
    assert done.returncode == 2
    assert "--pid" in done.stderr
    assert done.stderr.count("\n") == 1


def test_vfork_child(tmp_path: Path) -> None:
    """What shows its parent's memory is marked, and in no sum."""
    builder = RecordingBuilder(tmp_path / "vfork.db")
    parent = builder.process(10, "java")
    child = builder.process(11, "java")
    builder.execute("UPDATE processes SET parent_pid = 10 WHERE id = ?", child)
    builder.tick()
    for process in (parent, child):
        builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage(80 * MI))])
    builder.execute("INSERT INTO selections VALUES (1, 'children', '-p 10 --children', NULL, 0)")
    file = builder.close()
    view = shown(file)
    assert view["sums"]["pss"]["bytes"] == view["sum"]["bytes"] == 80 * MI
    assert [each["shows_parents_memory"] for each in view["processes"]] == [False, True]
    assert "java (11) = its parent's memory" in run("memory-peak", file).stdout


def test_top(file: Path) -> None:
    """--top is about mappings; what it leaves out is in one line, and the sum stays."""
    view = shown(file, "--top", "0")
    assert view["other_groups"]["bytes"] == 2 * MI
    assert view["sum"]["bytes"] == 102 * MI
