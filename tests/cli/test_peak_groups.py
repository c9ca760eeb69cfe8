"""`peak machine.db --by name` and `--by user`: the processes of a whole machine, added up."""

from __future__ import annotations

import json
import os
import pwd
import re
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.model import Rollup, Usage
from tests.recordings import MI, RecordingBuilder, mapping

from ..programs import run

#: (name, user, PSS in MiB) of each process at the pass; what each had later is nine times as much.
PROCESSES = (
    *(("web", 1000, size) for size in (10, 20, 30)),
    ("db", 1001, 50),
    ("db", 0, 5),
    ("idle", 1001, 0),
    ("x\x1b[2J\nsum of PSS:", None, 1),
)
SUMS_BY_NAME = {"web": (3, 60), "db": (2, 55), "x\x1b[2J\nsum of PSS:": (1, 1), "idle": (1, 0)}
SUMS_BY_USER = {1000: (3, 60), 1001: (2, 50), 0: (1, 5), None: (1, 1)}


def machine(path: Path, hostname: str = "elsewhere") -> Path:
    """A whole machine with one pass at tick 1, when the least memory was available."""
    builder = RecordingBuilder(path)
    builder.execute("UPDATE machines SET hostname = ?", hostname)
    numbers = []
    for pid, (name, uid, _) in enumerate(PROCESSES, 10):
        process = builder.process(pid, name)
        builder.execute("UPDATE processes SET uid = ? WHERE id = ?", uid, process)
        numbers.append(process)
    for tick, available in enumerate((100, 900), 1):
        builder.meminfo(builder.tick(), MemTotal=1000 * MI, MemAvailable=available * MI)
        for process, (_, _, size) in zip(numbers, PROCESSES, strict=True):
            pss = size * MI * (1 if tick == 1 else 9)
            usage = Usage(rss=pss, pss=pss, private_clean=0, private_dirty=pss)
            builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage)])
        if tick == 1:
            builder.take_pass(
                {
                    process: Rollup(size * MI, size * MI, size * MI, 0)
                    for process, (_, _, size) in zip(numbers, PROCESSES, strict=True)
                }
            )
    builder.end_run()
    return builder.close()


@pytest.fixture(name="file")
def recording(tmp_path: Path) -> Path:
    return machine(tmp_path / "machine.db")


def peak(*arguments: object) -> str:
    done = run("memory-watcher", "peak", *map(str, arguments))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def peak_json(*arguments: object) -> Any:
    return json.loads(peak(*arguments, "--json"))


def sizes(text: str) -> dict[str, int]:
    """What stands before each size of a text, and that size in MiB."""
    found = re.findall(r"^(\S.*?)  +(\d[\d\W]*)Ki$", text, re.MULTILINE)
    return {name: int(re.sub(r"\D", "", size)) // 1024 for name, size in found}


def test_by_name(file: Path) -> None:
    """Lines of a name each, the biggest first; they add up to the sum of the pass."""
    text = peak(file, "--by", "name")
    found = sizes(text)
    assert found["web (3 processes)"] == 60
    assert found["db (2 processes)"] == 55
    assert found["sum of PSS:"] == 116
    assert text.index("web (3") < text.index("db (2")
    assert "\x1b" not in text
    assert sum(line.startswith("sum of PSS:") for line in text.splitlines()) == 1


def test_by_user_of_another_machine(file: Path) -> None:
    """What its users are called is not known here: their numbers."""
    found = sizes(peak(file, "--by", "user"))
    assert found["user 1000 (3 processes)"] == 60
    assert found["user 1001 (2 processes)"] == 50
    assert found["user 0 (1 process)"] == 5
    assert found["user unknown (1 process)"] == 1
    assert found["sum of PSS:"] == 116


def test_by_user_of_this_machine(tmp_path: Path) -> None:
    """Here they have names."""
    file = machine(tmp_path / "here.db", os.uname().nodename)
    assert sizes(peak(file, "--by", "user"))[f"{pwd.getpwuid(0).pw_name} (0) (1 process)"] == 5


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("name", SUMS_BY_NAME),
        (
            "user",
            {
                "user unknown" if uid is None else f"user {uid}": each
                for uid, each in SUMS_BY_USER.items()
            },
        ),
    ],
)
def test_json(file: Path, by: str, expected: dict[str, tuple[int, int]]) -> None:
    """All groups in bytes, with how many processes each has, at one pass."""
    found = peak_json(file, "--by", by)
    groups = {each["name"]: (each["processes"], each["bytes"] / MI) for each in found["groups"]}
    assert groups == expected
    assert [each["bytes"] for each in found["groups"]] == sorted(
        (size * MI for _, size in expected.values()), reverse=True
    )
    assert (found["sum"]["bytes"], found["tick"]) == (116 * MI, 1)
    assert peak_json(file)["groups"] is None


@pytest.mark.parametrize("by", ["name", "user"])
def test_the_rest_is_others(file: Path, by: str) -> None:
    """However few lines are asked for, they and the others make up the sum."""
    for top in (0, 1, 2):
        found = sizes(peak(file, "--by", by, "--top", top))
        groups = [size for name, size in found.items() if "process" in name]
        assert len(groups) == top
        assert sum(groups) + found["others:"] == found["sum of PSS:"] == 116


def test_lines_of_nothing_are_left_out(file: Path) -> None:
    """Neither a group nor a process of 0 Ki has a line of its own in the text."""
    for arguments in ((), ("--by", "name"), ("--by", "user")):
        lines = peak(file, *arguments).splitlines()
        assert not [
            line
            for line in lines
            if "process" in line and re.search(r"\s0\sKi$", line) and not line.startswith("other")
        ]
        assert not any(line.startswith("idle") for line in lines)


@pytest.mark.parametrize("by", ["name", "user"])
@pytest.mark.parametrize("figure", ["rss", "statm"])
def test_other_figures_are_no_sum(file: Path, by: str, figure: str) -> None:
    """Only PSS may be added up over processes: refused, with the reason."""
    done = run("memory-watcher", "peak", str(file), "--by", by, "--process-memory", figure)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--by {by}: only PSS can be added up" in done.stderr


def test_without_a_pass(tmp_path: Path) -> None:
    """Where there is no sum there is none of a group either, and the reason is told."""
    builder = RecordingBuilder(tmp_path / "none.db")
    process = builder.process(1)
    other = builder.process(2)
    builder.meminfo(builder.tick(), MemTotal=9 * MI, MemAvailable=MI)
    builder.layout(process, [(mapping(0x1000), Usage(rss=1, pss=1))])
    builder.reading(other)
    none = builder.close()
    for by in ("name", "user"):
        done = run("memory-watcher", "peak", str(none), "--by", by)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"--by {by}: " in done.stderr
        assert "sum" in done.stderr
