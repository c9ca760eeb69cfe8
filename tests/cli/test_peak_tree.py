"""memory-peak of several processes that belong together, from recordings made by plain SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.answers.group import tree_view
from memory_watcher.errors import UsageError
from memory_watcher.model import LayoutState, Reading, Rollup, Usage
from memory_watcher.store.recording import Recording

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
    assert kinds == {"heap": 100 * MI, "library code": 2 * MI}


def test_json_adds_up_over_processes_only_what_may_be(file: Path) -> None:
    """RSS of several processes is no figure, nor is what they have in huge pages."""
    (heap,) = (group for group in shown(file)["groups"] if group["name"] == "heap")
    assert heap["figures"]["pss"] == heap["bytes"] == 100 * MI
    assert heap["figures"]["swap_pss"] == (10 * MI) // 8 + (90 * MI) // 8
    assert {heap["figures"][name] for name in ("rss", "swap", "held", "hugetlb")} == {None}


def test_huge_pages_that_several_map(tmp_path: Path) -> None:
    """A page counts once however many map it; those of one process alone count beside it."""
    builder = RecordingBuilder(tmp_path / "huge.db")
    server, worker = builder.process(100, "server"), builder.process(101, "worker")
    segment = mapping(0x90000000, 128 * MI, "rw-s", "/SYSV00000000 (deleted)", inode=5)
    heap = mapping(0x1000, pathname="[heap]"), usage(8 * MI)._replace(lazy_free=3 * MI)
    builder.tick()
    for process, private, common in ((server, 16, 64), (worker, 8, 60)):
        huge = usage(0)._replace(private_hugetlb=private * MI, shared_hugetlb=common * MI)
        layout = [heap, (segment, huge._replace(vm_flags="rd wr sh ht sd"))]
        builder.layout(process, layout, Reading(hugetlb=(private + common) * MI))
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'server', 100, 0)")
    builder.end_run()
    path = builder.close()
    view = shown(path, "--by", "kind")
    assert view["sums"]["pss"]["bytes"] == 16 * MI
    assert view["sums"]["hugetlb_at_least"] == (16 + 8 + 64) * MI
    groups = {group["name"]: group["hugetlb_at_least"] for group in view["groups"]}
    assert groups == {"huge pages": (16 + 8 + 64) * MI, "heap": 0}
    text = run("memory-watcher", "peak", path, "--by", "kind").stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "huge pages 0 Ki + 90 112 Ki hugetlb" in lines
    assert view["sums"]["hugetlb_at_most"] == 128 * MI, "all that is mapped of the segment"
    assert "in huge pages (hugetlb), not in PSS, at least: 90 112 Ki" in lines
    assert "- at most: 131 072 Ki" in lines
    assert "of PSS: lazily freed (MADV_FREE), at most: 6 144 Ki" in lines
    assert "sum of USS (private to one process, hugetlb too): 40 960 Ki" in lines


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
    """The tree by indentation, sums of PSS, USS and swap, and in words what the sums lack.

    What lacks a process is the least that it can be, and is called so.
    """
    done = run("memory-peak", file)
    lines = done.stdout.splitlines()
    assert lines[0] == "command:          server --flag"
    (server,) = [line for line in lines if line.startswith("server (100)")]
    (worker,) = [line for line in lines if line.startswith("  worker (101)")]
    assert f"{11 * 1024 // 1000} {11 * 1024 % 1000} Ki" in server
    assert "93 184 Ki" in worker
    sums = [line for line in lines if line.startswith("sum of PSS, at least:")]
    assert len(sums) == 2
    assert all("104 448 Ki" in line for line in sums)
    assert "sum of PSS:" not in done.stdout
    assert any(line.startswith("sum of USS (private to one process), at least:") for line in lines)
    assert any(line.startswith("sum of swap (PSS), at least:") for line in lines)
    assert "2 of 3 processes read\n" in done.stdout  # made up: it is not told how long it took
    assert any(line.startswith("cgroup /a.service memory in use:") for line in lines)
    assert "The sums lack 1 process whose PSS could not be read: no permission." in lines
    assert "3 processes exited before they could be read." in lines
    assert "RSS" not in done.stdout


def test_floor_in_text(file: Path) -> None:
    """The lowest sum is called that, and not just a moment that somebody asked for."""
    done = run("memory-peak", file, "--measurement-time", "floor")
    assert (
        "tree:             tick 3, the lowest PSS of all together in the last fifth\n"
        in done.stdout
    )


def test_one_of_them(file: Path) -> None:
    """With -p the view is that of one process."""
    view = shown(file, "-p", "101")
    assert view["view"] == "process"
    assert view["measurement"]["totals"]["pss"] == 91 * MI


@pytest.mark.parametrize("figure", ["rss", "statm"])
def test_rss_is_never_added_up(file: Path, figure: str) -> None:
    """Asked for RSS of several processes, it says why not, and what to do; a script as well."""
    done = run("memory-peak", file, "--process-memory", figure)
    assert done.returncode == 2
    why = f"{figure} cannot be added up over processes, because shared pages would count in each;"
    remedy = "choose pss, or one process"
    assert f"--process-memory: {why} {remedy} with --pid" in done.stderr
    assert done.stderr.count("\n") == 1
    with Recording(file) as recording, pytest.raises(UsageError, match=f"{why} {remedy}"):
        tree_view(recording, figure=figure)


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
    assert "java (11) (parent's memory)" in run("memory-peak", file).stdout


def test_top(file: Path) -> None:
    """--top is about mappings; what it leaves out is in one line, and the sum stays."""
    view = shown(file, "--top", "0")
    assert view["other_groups"]["bytes"] == 2 * MI
    assert view["sum"]["bytes"] == 102 * MI


# -- passes -------------------------------------------------------------------------------------


def rollup(pss: int, uss: int | None = None) -> Rollup:
    return Rollup(2 * pss, pss, pss if uss is None else uss, pss // 8)


@pytest.fixture(name="passes")
def recording_of_a_fork(tmp_path: Path) -> Path:
    """A server of 100 MiB forks at an extra tick: half is the child's. The peak is a pass later.

    Layouts of both were read at tick 3; at the peak (tick 5) only the server's was.
    """
    builder = RecordingBuilder(tmp_path / "passes.db")
    server, child = builder.process(100, "server"), builder.process(101, "child")
    builder.execute("UPDATE processes SET parent_pid = 100 WHERE id = ?", child)
    heap = mapping(0x1000, pathname="[heap]")
    builder.tick()
    builder.layout(server, [(heap, usage(100 * MI))])
    builder.take_pass({server: rollup(100 * MI)}, private=100 * MI)
    builder.tick()
    builder.execute("UPDATE ticks SET cause = 'start' WHERE id = 2")
    builder.layout(child, [(heap, usage(50 * MI, uss=0))])  # the server's figure is of before
    builder.tick()
    builder.layout(server, [(heap, usage(50 * MI, uss=0))])
    builder.layout(child, [(heap, usage(50 * MI, uss=0))])
    both = {server: rollup(50 * MI, uss=0), child: rollup(50 * MI, uss=0)}
    builder.take_pass(both, private=0)
    builder.tick()
    builder.take_pass({**both, server: rollup(300 * MI)}, moved=90 * MI)
    builder.tick()
    builder.layout(server, [(heap, usage(60 * MI, uss=10 * MI))])
    builder.take_pass(
        {server: rollup(60 * MI, uss=10 * MI), child: rollup(55 * MI, uss=5 * MI)},
        private=15 * MI, layouts=1, wall_ns=2_500_000,
    )  # fmt: skip
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'server', 100, 0)")
    builder.execute("INSERT INTO group_marks VALUES (?, 1, ?, 2)", START + 7 * SECOND // 2, 40 * MI)
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    builder.execute("INSERT INTO cgroup_fields VALUES (1, 'current'), (2, 'peak')")
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 1, 1, ?)", 120 * MI)
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 2, 4, ?)", 150 * MI)
    builder.end_run()
    return builder.close()


def test_peak_is_a_pass(passes: Path) -> None:
    """Neither what different moments would come to, nor a pass in which too much moved."""
    view = shown(passes)
    assert (view["tick"], view["sums"]["pss"]["bytes"]) == (5, 115 * MI)
    assert view["sums"]["uss"]["bytes"] == 15 * MI
    assert [each["bytes"] for each in view["processes"]] == [60 * MI, 55 * MI]
    assert view["pass"]["wall_ns"] == 2_500_000
    assert view["pass"]["moved"] == 0
    assert "moved while" in view["refused_passes"]


def test_age_of_the_breakdown(passes: Path) -> None:
    """The mappings are those of the standing layouts; how old, and what they lack, is told."""
    view = shown(passes)
    assert view["sum"]["bytes"] == 110 * MI
    assert view["layouts"] == {
        "of_this_pass": 1, "oldest_ns": 2 * SECOND, "without": 0, "difference": 5 * MI,
    }  # fmt: skip
    text = run("memory-peak", passes).stdout
    assert "pass:             all 2 processes read within 2.5 ms\n" in text
    assert "The mappings were read up to 2.0 s before it." in text
    (rest,) = [line for line in text.splitlines() if line.startswith("not in these layouts")]
    assert "5 120 Ki" in rest
    assert "118 784" not in text


def test_private_memory_between_passes(passes: Path) -> None:
    """How much higher the sum of private memory was seen in between, and when."""
    between = shown(passes)["private_between_passes"]
    assert (between["bytes"], between["higher_by"]) == (40 * MI, 25 * MI)
    assert between["time_ns"] == START + 7 * SECOND // 2
    assert "was seen 25 600 Ki higher than at this one, at " in run("memory-peak", passes).stdout


def test_the_kernel_judges(passes: Path) -> None:
    """Beside a cgroup's figures at the pass stands the kernel's own highest of the whole run."""
    assert shown(passes)["cgroup_peaks"] == [
        {"path": "/a.service", "peak": 150 * MI, "current": 120 * MI}
    ]
    assert (
        "By the kernel, cgroup /a.service had at most 153 600 Ki"
        in run("memory-peak", passes).stdout
    )


def test_nearest_pass_before_a_time(passes: Path) -> None:
    """Of a time between passes the one before is shown, and how far away it is."""
    view = shown(passes, "--measurement-time", "2018-08-17T13:58:06.942Z")
    assert (view["tick"], view["sums"]["pss"]["bytes"]) == (3, 100 * MI)
    text = run("memory-peak", passes, "--measurement-time", "2018-08-17T13:58:06.942Z").stdout
    assert "1.0 s before the time asked for" in text


def test_no_pass_at_all(tmp_path: Path) -> None:
    """Processes with their own figures, no sum, and one sentence why."""
    builder = RecordingBuilder(tmp_path / "none.db")
    one, two = builder.process(100, "server"), builder.process(101, "child")
    heap = mapping(0x1000, pathname="[heap]")
    for process in (one, two):
        builder.tick()
        builder.layout(process, [(heap, usage(100 * MI))])
        if process == one:
            builder.reading(two)
        else:
            builder.reading(one)
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'server', 100, 0)")
    file = builder.close()
    view = shown(file)
    assert (view["sums"], view["pass"], view["groups"], view["sum"]) == (None, None, None, None)
    assert [each["bytes"] for each in view["processes"]] == [100 * MI] * 2
    text = run("memory-peak", file).stdout
    assert "No sum: at no moment were all of them read in one pass." in text.splitlines()
    assert "sum of" not in text


def test_all_passes_refused(tmp_path: Path) -> None:
    """Who was in the pass is there with its own figure, also if no layout of it was read."""
    builder = RecordingBuilder(tmp_path / "moved.db")
    one, two = builder.process(100, "server"), builder.process(101, "child")
    builder.tick()
    builder.layout(one, [(mapping(0x1000, pathname="[heap]"), usage(100 * MI))])
    builder.take_pass({one: rollup(100 * MI), two: rollup(50 * MI)}, moved=90 * MI, layouts=1)
    builder.execute("INSERT INTO selections VALUES (1, 'selection', '--name x', NULL, 0)")
    file = builder.close()
    view = shown(file)
    assert view["sums"] is None
    assert [each["bytes"] for each in view["processes"]] == [100 * MI, 50 * MI]
    text = run("memory-peak", file).stdout
    assert "processes:        2 alive then, 2 recorded in all\n" in text
    assert "No sum: 1 pass in which memory moved" in text


def test_those_without_a_layout_are_recorded_too(tmp_path: Path) -> None:
    """Whom only the passes read counts among the recorded; what their layouts lack is said so."""
    builder = RecordingBuilder(tmp_path / "rollups.db")
    one, two = builder.process(100, "server"), builder.process(101, "child")
    builder.tick()
    builder.layout(one, [(mapping(0x1000, pathname="[heap]"), usage(100 * MI))])
    builder.take_pass({one: rollup(100 * MI), two: rollup(50 * MI)}, layouts=1)
    builder.execute("INSERT INTO selections VALUES (1, 'selection', '--name x', NULL, 0)")
    text = run("memory-peak", builder.close()).stdout
    assert "processes:        2 alive then, 2 recorded in all\n" in text
    (rest,) = [line for line in text.splitlines() if line.startswith("not in these layouts")]
    assert "(missing, older, or cut to KiB)" in rest
    assert "51 200 Ki" in rest


def test_older_layouts_that_have_more(tmp_path: Path) -> None:
    """What a fork has made less since the layout is taken off, in words that say so."""
    builder = RecordingBuilder(tmp_path / "more.db")
    one, two = builder.process(100, "server"), builder.process(101, "child")
    builder.tick()
    builder.layout(one, [(mapping(0x1000, pathname="[heap]"), usage(100 * MI))])
    builder.tick()
    builder.take_pass({one: rollup(60 * MI), two: rollup(30 * MI)}, layouts=0)
    builder.execute("INSERT INTO selections VALUES (1, 'selection', '--name x', NULL, 0)")
    text = run("memory-peak", builder.close()).stdout
    (rest,) = [line for line in text.splitlines() if line.startswith("more in these layouts")]
    assert "(of another moment):" in rest
    assert "-10 240 Ki" in rest


def test_roles_and_groups(tmp_path: Path) -> None:
    """Each line tells its role. Where not all have a line of their own, those alike share one."""
    builder = RecordingBuilder(tmp_path / "many.db")
    lines = ["browser --profile=a", "browser --type=zygote"]
    lines += [f"browser --type=renderer --client-id={number}" for number in range(40)]
    lines += ["browser --type=gpu-process"]
    processes = []
    for pid, line in enumerate(lines, 100):
        process = builder.process(pid, "browser")
        processes.append(process)
        parent = 1 if pid == 100 else 101 if "renderer" in line else 100
        builder.execute("UPDATE processes SET parent_pid = ? WHERE id = ?", parent, process)
        builder.command_line(process, line)
    builder.tick()
    for size, process in enumerate(processes, 1):
        builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage(size * MI))])
    builder.execute("INSERT INTO selections VALUES (1, 'command', 'browser', 100, 0)")
    builder.end_run()
    file = builder.close()
    view = shown(file)
    roles = [each["process"]["role"] for each in view["processes"]]
    assert sorted(set(roles)) == ["gpu-process", "main", "renderer", "zygote"]
    assert len(view["processes"]) == 43
    text = run("memory-peak", file).stdout.split("\n\n")[1].splitlines()
    assert [line.split("  ")[0] or line.strip().split("   ")[0] for line in text] == [
        "browser main (100)",
        "browser gpu-process (142)",
        "browser zygote (101)",
        "browser renderer ×40",
    ]
    assert f"{sum(range(3, 43)) * 1024:,}".replace(",", " ") in text[3]
