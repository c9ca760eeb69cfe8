"""memory-peak: a cgroup beside its processes, and the moment at which its memory was highest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Usage

from ..programs import run
from ..recordings import MI, RecordingBuilder, mapping

HEAP = mapping(0x1000, pathname="[heap]")


def usage(size: int) -> Usage:
    return Usage(rss=size, pss=size, private_dirty=size)


def add_cgroup(builder: RecordingBuilder, changes: list[tuple[int, str, int]]) -> None:
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    names = list(dict.fromkeys(name for _, name, _ in changes))
    for number, name in enumerate(names, 1):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
    for tick, name, size in changes:
        number = names.index(name) + 1
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, ?, ?)", number, tick, size)


#: Highest at tick 3, when the process itself is smallest; removed after tick 4.
STORY = [
    *((1, "current", 100 * MI), (3, "current", 300 * MI), (4, "current", 90 * MI)),
    *((1, "peak", 100 * MI), (3, "peak", 340 * MI)),
    *((1, "stat.anon", 50 * MI), (3, "stat.anon", 10 * MI)),
    *((1, "stat.file", 40 * MI), (3, "stat.file", 280 * MI)),
    *((1, "stat.shmem", 0), (3, "stat.shmem", 200 * MI)),
    *((1, "stat.file_mapped", 5 * MI), (1, "max", 512 * MI), (1, "high", -1)),
    *((1, "events.max", 0), (3, "events.max", 4), (5, "current", -1), (5, "max", -1)),
]


@pytest.fixture(name="single")
def recording_of_one(tmp_path: Path) -> Path:
    builder = RecordingBuilder(tmp_path / "one.db")
    server, other = builder.process(100, "server"), builder.process(200, "other")
    builder.execute("UPDATE processes SET cgroup = '0::/a.service/below' WHERE id = ?", server)
    builder.execute("UPDATE processes SET cgroup = '0::/ab.service' WHERE id = ?", other)
    for size in (50, 40, 10, 20, 30):
        builder.tick()
        builder.layout(server, [(HEAP, usage(size * MI))])
        builder.layout(other, [(HEAP, usage(MI))])
    add_cgroup(builder, STORY)
    builder.end_run()
    return builder.close()


def shown(file: Path, *options: str) -> Any:
    done = run("memory-watcher", "peak", file, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_highest_of_the_cgroup_chooses_the_moment(single: Path) -> None:
    """Not that of the process; its mappings are those of that moment, by PSS."""
    own = shown(single, "-p", "100")
    assert (own["measurement"]["tick"], own["is_peak"]) == (1, True)
    view = shown(single, "-p", "100", "--process-memory", "cgroup")
    assert (view["measurement"]["tick"], view["is_peak"], view["moment"]) == (
        3,
        False,
        "cgroup peak",
    )
    assert (view["figure"], view["sum"]["bytes"]) == ("pss", 10 * MI)
    (cgroup,) = view["cgroups"]
    assert (cgroup["path"], cgroup["current"], cgroup["max"]) == (
        "/a.service",
        300 * MI,
        512 * MI,
    )
    assert cgroup["high"] is None
    assert view["cgroup_peaks"] == [
        {"path": "/a.service", "peak": 340 * MI, "current": 300 * MI},
    ]


def test_text_of_one_process(single: Path) -> None:
    """Tmpfs and page cache that no process maps stand there as what they are, with the limit."""
    text = run("memory-watcher", "peak", single, "-p", "100", "--process-memory", "cgroup").stdout
    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert "moment: where the memory of the cgroup was highest" in lines
    for title, size in (
        ("memory in use", "307 200"),
        ("of it anonymous memory", "10 240"),
        ("of it tmpfs and shared memory", "204 800"),
        ("of it page cache", "81 920"),
        ("of it mapped by no process (page cache, tmpfs)", "281 600"),
        ("limit", "524 288"),
    ):
        assert f"cgroup /a.service {title}: {size} Ki" in lines
    assert not any("high limit" in line for line in lines)
    assert "Cgroup /a.service came to its limit 4 times since it was made." in lines
    assert (
        "By the kernel, cgroup /a.service had at most 348 160 Ki, 307 200 Ki at this moment."
        in lines
    )


def test_a_limit_of_a_cgroup_above(tmp_path: Path) -> None:
    """The least limit is the one that holds, and whose it is stands beside it."""
    builder = RecordingBuilder(tmp_path / "above.db")
    server = builder.process(100, "server")
    builder.execute("UPDATE processes SET cgroup = '0::/a.service'")
    builder.tick()
    builder.layout(server, [(HEAP, usage(MI))])
    story = [(1, "current", 9 * MI), (1, "max", 900 * MI), (1, "above.max", 512 * MI)]
    add_cgroup(builder, [*story, (1, "above.max_levels", 2)])
    builder.execute("UPDATE cgroups SET path = '/shop.slice/web.slice/\x1ba.service'")
    builder.execute("UPDATE processes SET cgroup = '0::' || (SELECT path FROM cgroups)")
    builder.end_run()
    path = builder.close()
    (cgroup,) = shown(path)["cgroups"]
    assert (cgroup["max"], cgroup["limit"], cgroup["limit_of"]) == (
        900 * MI,
        512 * MI,
        "/shop.slice",
    )
    text = " ".join(run("memory-watcher", "peak", path).stdout.split())
    name = "cgroup /shop.slice/web.slice/\\x1ba.service"
    assert f"{name} limit: 524 288 Ki of /shop.slice, above it" in text


def test_only_beside_a_process_that_is_in_it(single: Path) -> None:
    """A process of another cgroup has neither its figures nor its moment."""
    assert shown(single, "-p", "200")["cgroups"] == []
    done = run("memory-watcher", "peak", single, "-p", "200", "--process-memory", "cgroup")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no memory of a cgroup was recorded" in done.stderr


def test_a_cgroup_that_was_removed_has_no_figures_any_more(single: Path) -> None:
    """What it had last does not go on to stand."""
    (cgroup,) = shown(single, "-p", "100", "--measurement-time", "end")["cgroups"]
    assert (cgroup["current"], cgroup["max"]) == (None, None)


def test_what_ended_it_is_told_at_the_peak(tmp_path: Path) -> None:
    """An OOM kill after the moment that is shown is told, and counts until the cgroup's end."""
    path = recording_of_kill(tmp_path, [(1, "events.max", 0), (3, "events.max", 2)])
    text = " ".join(run("memory-watcher", "peak", path, "-p", "100").stdout.split())
    assert "Cgroup /a.service came to its limit 2 times and lost a process to it" in text
    assert "By the kernel, cgroup /a.service had at most 348 160 Ki" in text
    found = json.loads(run("memory-watcher", "explain", path, "--json").stdout)["findings"][0]
    assert (found["id"], found["figures"]) == ("oom-kills", {"kills": 1, "reached": 1})


def test_a_kill_without_a_limit_of_its_own(tmp_path: Path) -> None:
    """Nobody is told that the cgroup came to its limit where it did not."""
    path = recording_of_kill(tmp_path, [(1, "events.max", 0)])
    text = " ".join(run("memory-watcher", "peak", path, "-p", "100").stdout.split())
    assert "its limit" not in text
    assert "Cgroup /a.service lost a process" in text
    text = " ".join(run("memory-watcher", "explain", path).stdout.split())
    assert "had reached its limit" not in text
    assert "not its own limit" in text


def recording_of_kill(folder: Path, more: list[tuple[int, str, int]]) -> Path:
    """Highest at tick 1; a kill at tick 3, after which the cgroup is removed."""
    builder = RecordingBuilder(folder / "kill.db")
    server = builder.process(100, "server")
    builder.execute("UPDATE processes SET cgroup = '0::/a.service'")
    for size in (50, 40, 10, 5):
        builder.tick()
        builder.layout(server, [(HEAP, usage(size * MI))])
    story = [
        *((1, "current", 100 * MI), (1, "peak", 340 * MI), (1, "events.oom_kill", 0)),
        *((3, "events.oom_kill", 1), (4, "current", -1), (4, "peak", -1)),
        *((4, "events.oom_kill", -1), *more, (4, "events.max", -1)),
    ]
    add_cgroup(builder, story)
    builder.end_run()
    return builder.close()


def test_each_names_the_moment(single: Path) -> None:
    """The highest of the cgroup and a time are two moments."""
    options = ("-p", "100", "--process-memory", "cgroup", "--measurement-time", "end")
    done = run("memory-watcher", "peak", single, *options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--measurement-time" in done.stderr


def test_several_processes(tmp_path: Path) -> None:
    """The sums are of the pass at the highest memory of the cgroup, or of the last before it."""
    builder = RecordingBuilder(tmp_path / "tree.db")
    one, two = builder.process(100, "one"), builder.process(101, "two")
    for first, second in ((90, 90), (10, 20), (30, 30)):
        builder.tick()
        builder.layout(one, [(HEAP, usage(first * MI))])
        builder.layout(two, [(HEAP, usage(second * MI))])
    builder.execute("INSERT INTO selections VALUES (1, 'selection', '--unit a', NULL, 0)")
    add_cgroup(builder, [(1, "current", 200 * MI), (2, "current", 250 * MI), (3, "current", 9)])
    builder.end_run()
    path = builder.close()
    assert shown(path)["sums"]["pss"]["bytes"] == 180 * MI
    view = shown(path, "--process-memory", "cgroup")
    assert (view["tick"], view["sums"]["pss"]["bytes"], view["is_peak"]) == (2, 30 * MI, False)
    assert view["cgroups"] == [{"path": "/a.service", "current": 250 * MI}], "and no limit"
    text = run("memory-watcher", "peak", path, "--process-memory", "cgroup").stdout
    assert "where the memory of the cgroup was highest" in text
