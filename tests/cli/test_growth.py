"""memory-watcher growth: text, JSON, Markdown, and errors in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from memory_watcher.model import Usage

from ..programs import run
from ..recordings import KI, MI, RecordingBuilder, mapping

#: What each group of the JSON has, in the order of docs/growth.md.
KEYS = [
    *("kind", "name", "verdict", "rate_per_hour", "rate_low", "rate_high", "rise", "held"),
    *("since_ns", "first", "last", "highest", "mappings_first", "mappings_last"),
]
HOSTILE = "/a|b<b>\x1b[31m\n`x`"


@pytest.fixture(name="path")
def leaking(tmp_path: Path) -> str:
    """A heap that grows by 64 KiB a tick, and a file of a hostile name that does not."""
    builder = RecordingBuilder(tmp_path / "leak.db")
    process = builder.process(7, "server")
    heap, file = (
        mapping(0x1000000, 64 * MI, pathname="[heap]"),
        mapping(0x8000000, pathname=HOSTILE),
    )
    for tick in range(120):
        builder.tick()
        sizes = ((heap, MI + tick * 64 * KI), (file, 64 * KI))
        builder.layout(process, [(header, Usage(rss=size, pss=size)) for header, size in sizes])
    return str(builder.close())


def shown(*arguments: str) -> str:
    done = run("memory-watcher", "growth", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_text(path: str) -> None:
    """A line a group, the growing one first with its rate; below it where, and what shows more."""
    out = shown(path)
    lines = out.splitlines()
    (first,) = [line for line in lines if line.startswith("growing") and line.endswith("heap")]
    (low, high) = re.findall(r"\((\d+) MiB to (\d+) MiB\)", first)[0]
    assert int(low) <= 225 <= int(high) <= 235
    assert " ▁" in first and "█ " in first
    assert re.search(
        r"mapping has most of it, from 1.75 MiB to 8.44 MiB, mapped since \d\d:\d\d:\d\d:\n", out
    )
    assert "malloc_trim(0)" in out
    assert "leak" not in out
    assert "and 1 more group" in out
    every = shown(path, "--top", "9")
    assert "\x1b" not in every and r"\x1b" in every
    (flat,) = [line for line in every.splitlines() if line.startswith("flat")]
    assert " to " not in flat


def test_who_is_judged(path: str, tmp_path: Path) -> None:
    """The first line names the one process, whatever it is called, or counts several."""
    builder = RecordingBuilder(tmp_path / "several.db")
    two = [builder.process(7, "PID"), builder.process(8, "other")]
    for _ in range(40):
        builder.tick()
        for process in two:
            builder.layout(process, [(mapping(0x1000000, MI), Usage(rss=MI, pss=MI))])
    several = str(builder.close())
    first = [
        shown(*each).splitlines()[0].split(":", 1)
        for each in ((path,), (several, "-p", "7"), (several,))
    ]
    assert [(word, rest.strip()) for word, rest in first] == [
        ("process", "server (7)"),
        ("process", "PID (7)"),
        ("processes", "2 processes"),
    ]


def test_json(path: str) -> None:
    """The documented keys, bytes and nanoseconds; all groups, and the same of the total."""
    found = json.loads(shown(path, "--json"))
    assert {"format_version", "span", "figure", "by", "groups", "total"} <= found.keys()
    assert (found["figure"], found["by"]) == ("pss", "name")
    assert [list(each)[: len(KEYS)] for each in (*found["groups"], found["total"])] == [KEYS] * 3
    heap = found["groups"][0]
    assert (heap["kind"], heap["verdict"]) == ("heap", "growing")
    assert heap["rate_low"] <= heap["rate_per_hour"] <= heap["rate_high"]
    assert heap["rate_per_hour"] == pytest.approx(3600 * 64 * KI, rel=0.01)
    assert found["span"]["begin_ns"] < heap["since_ns"] < found["span"]["end_ns"]


def test_markdown(path: str) -> None:
    """A table whose names can be no markup."""
    out = shown(path, "--md", "--top", "2")
    rows = [line for line in out.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| growing", "| flat", "| growing"]
    assert "<b>" not in out and r"a\|b" in out


def test_top(path: str) -> None:
    """What is left out is counted."""
    assert "and 1 more group" in shown(path, "--top", "1")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--from", "+1h"], 1, "nothing was recorded in that time"),
        (["-p", "8"], 1, "8"),
        (["--process-memory", "size"], 2, "invalid choice"),
        (["--from", "yesterday"], 2, "--from"),
        (["--json", "--md"], 2, "not allowed with"),
    ],
)
def test_errors_are_one_line(path: str, arguments: list[str], code: int, text: str) -> None:
    """What is wrong, and no traceback."""
    done = run("memory-watcher", "growth", path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
