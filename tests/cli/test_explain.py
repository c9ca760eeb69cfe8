"""memory-watcher explain: arguments to output and exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import memory_watcher
from memory_watcher.model import Reading, Usage
from tests.programs import run
from tests.recordings import KI, MI, START, RecordingBuilder, mapping


@pytest.fixture(name="builder")
def recording_of_one(tmp_path: Path) -> RecordingBuilder:
    """Three ticks of a server; the second one is its peak."""
    builder = RecordingBuilder(tmp_path / "a.db")
    server = builder.process(4711, "server")
    for heap in (10, 30, 20):
        builder.tick()
        nothing = Usage(private_clean=0, private_dirty=0, swap=0)
        builder.layout(
            server,
            [
                (
                    mapping(0x1000, 64 * MI, pathname="[heap]"),
                    nothing._replace(rss=heap * MI, pss=heap * MI),
                ),
                (
                    mapping(0x7F00_0000_0000, 8 * MI, "r-xp", "/lib/a.so (deleted)", inode=7),
                    nothing._replace(rss=4 * MI, pss=2 * MI),
                ),
            ],
            Reading(resident=(heap + 4) * MI, high_water_mark=34 * MI),
        )
    return builder


def page(file: Path, *arguments: str) -> str:
    done = run("memory-watcher", "explain", file, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def facts(file: Path, *arguments: str) -> Any:
    return json.loads(page(file, *arguments, "--json"))


def test_page_of_one_process(builder: RecordingBuilder) -> None:
    """A head, then numbered findings at the peak, each with its place in the documentation."""
    text = page(builder.close())
    assert re.match(
        r"server \(4711\) at 2018-08-17T\S+: 32 MiB PSS, the highest of 3 ticks in 2.0 s,"
        r"\smeasurement #2, exact.\n\n 1. ",
        text,
    )
    assert "94 % of the memory is in the heap: 30 MiB of 32 MiB PSS." in text
    assert "The highest layout has 34 MiB RSS: nothing higher was missed" in text
    assert "1 is a program or library: replaced on disk" in text.replace("\n    ", " ")
    pointers = re.findall(r"^    docs/explain.md#([a-z-]+)$", text, re.MULTILINE)
    assert pointers == ["dominates", "deleted-files", "peak", "growth"]
    assert max(map(len, text.splitlines())) <= 96


def test_what_grows(tmp_path: Path) -> None:
    """The group that grows comes first, with its rate, and in the JSON its time."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(4711, "server")
    for second in range(120):
        builder.tick()
        size = 10 * MI + second * 100 * KI
        entry = mapping(0x1000, 64 * MI, pathname="[heap]"), Usage(rss=size, pss=size)
        builder.layout(process, [entry], Reading(resident=size, high_water_mark=size))
    file = builder.close()
    assert re.search(
        r"^ 1. The heap grows by 35\d MiB an hour since 2018-", page(file), re.MULTILINE
    )
    first = facts(file)["findings"][0]
    assert (first["id"], first["case"], first["rank"]) == ("growth", "growing", "act")
    assert first["figures"]["rate_per_hour"] == pytest.approx(3600 * 100 * KI, rel=0.02)
    assert first["figures"]["since_ns"] >= START


def test_json(builder: RecordingBuilder) -> None:
    """The same findings, with figures in bytes beside the sentences."""
    found = facts(builder.close())
    assert list(found)[:3] == ["format_version", "view", "who"]
    assert (found["memory"], found["figure"]) == (32 * MI, "pss")
    first = found["findings"][0]
    assert first["id"] == "dominates"
    assert first["rank"] == "main"
    assert first["figures"] == {"memory": 32 * MI, "most": 30 * MI, "kinds": 2}
    assert first["examples"][0] == {"name": "heap", "size": 30 * MI}
    assert first["text"][0].startswith("94 % of the memory")
    assert first["docs"] == "docs/explain.md#dominates"


def test_another_moment(builder: RecordingBuilder) -> None:
    """Any that peak takes, too."""
    found = facts(builder.close(), "--measurement-time", "end")
    assert (found["moment"], found["tick"], found["memory"]) == ("end", 3, 22 * MI)


def two_processes(builder: RecordingBuilder) -> Path:
    other = builder.process(4712, "other")
    builder.tick()
    for process in (1, other):
        builder.layout(
            process,
            [(mapping(0x5000, 64 * MI), Usage(rss=40 * MI, pss=20 * MI))],
            Reading(resident=40 * MI),
        )
    return builder.close()


def test_several_processes(builder: RecordingBuilder) -> None:
    """All together at their highest sum; one of them by its PID."""
    file = two_processes(builder)
    found = facts(file)
    assert (found["who"], found["processes"], found["memory"]) == ("the whole machine", 2, 40 * MI)
    figures = {each["id"]: each["figures"] for each in found["findings"]}
    assert figures["biggest-process"]["most"] == 20 * MI
    assert figures["sharing"] == {
        "processes": 2,
        "rss": 80 * MI,
        "pss": 40 * MI,
        "counted_again": 40 * MI,
    }
    assert facts(file, "-p", "4711")["who"] == "server (4711)"


def test_in_a_script(builder: RecordingBuilder) -> None:
    """A recording of one process needs no name for it."""
    with memory_watcher.open(builder.close()) as recording:
        found = memory_watcher.explain(recording)
        assert found == memory_watcher.explain(recording, recording.process(), "peak")
    assert found.is_one
    assert found.time == START + 10**9


def test_kills_before_the_recording_do_not_count(builder: RecordingBuilder) -> None:
    """A cgroup's events are counted since it was made."""
    cgroup = builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    builder.execute("INSERT INTO cgroup_fields VALUES (1, 'events.oom_kill')")
    builder.execute("INSERT INTO cgroup_readings VALUES (?, 1, 1, 5)", cgroup)
    assert "oom-kills" not in page(builder.path)
    builder.execute("INSERT INTO cgroup_readings VALUES (?, 1, 3, 7)", cgroup)
    found = facts(builder.close())["findings"][0]
    assert (found["id"], found["rank"], found["figures"]) == (
        "oom-kills",
        "act",
        {"kills": 2, "reached": 0},
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "9"), "no process with PID 9"),
        (
            ("--measurement-time", "2018-01-01T00:00"),
            "no layout was recorded at or before that time",
        ),
        (("--measurement-time", "#99"), "no measurement 99"),
    ],
)
def test_what_is_not_there(
    builder: RecordingBuilder, arguments: tuple[str, ...], words: str
) -> None:
    """One line says what there is."""
    done = run("memory-watcher", "explain", builder.close(), *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_layouts(tmp_path: Path) -> None:
    """Of a process whose mappings could not be read there is nothing to explain: one line."""
    builder = RecordingBuilder(tmp_path / "a.db")
    builder.tick()
    builder.reading(builder.process(1, "a"), Reading(resident=9 * KI))
    done = run("memory-watcher", "explain", builder.close())
    assert (done.returncode, done.stdout) == (1, "")
    assert "no layout was recorded" in done.stderr


def test_without_a_sum(tmp_path: Path) -> None:
    """Several processes that were never read together: the option that helps is named."""
    builder = RecordingBuilder(tmp_path / "a.db")
    for pid in (1, 2):
        builder.tick()
        builder.reading(builder.process(pid, "a"), Reading(resident=9 * KI))
    done = run("memory-watcher", "explain", builder.close())
    assert (done.returncode, done.stdout) == (1, "")
    assert "choose one process with --pid" in done.stderr
