"""memory-watcher diff: what is printed, and which error for which mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_watcher.model import Usage

from ..programs import run
from ..recordings import KI, MI, RecordingBuilder, mapping

HOSTILE = "/lib/a|b\n\x1b[2J<b>\udcff`x`.so"


def make(path: Path, *sizes: int, name: str = "app", library: str = "/lib/x.so.1.2") -> Path:
    """One process: heap of so many KiB at each tick, a library, and a file with a hostile name."""
    builder = RecordingBuilder(path)
    process = builder.process(7, name)
    for size in sizes:
        builder.tick()
        builder.layout(
            process,
            [
                (mapping(0x1000, 64 * MI, pathname="[heap]"), Usage(rss=size * KI, pss=size * KI)),
                (
                    mapping(0x7000000, pathname=library, perms="r-xp", inode=7),
                    Usage(rss=8 * KI, pss=len(library) * KI),
                ),
                (
                    mapping(0x9000000, pathname=HOSTILE, perms="r-xp", inode=8),
                    Usage(rss=size * KI // 2, pss=size * KI // 2),
                ),
            ],
        )
    builder.end_run()
    return builder.close()


@pytest.fixture(name="folder")
def two_recordings(tmp_path: Path) -> Path:
    make(tmp_path / "a.db", 1024, 4096, 2048)
    make(tmp_path / "b.db", 2048, 8192, 1024, library="/usr/lib/x.so.1.10")
    return tmp_path


def diff(folder: Path, *words: str) -> str:
    done = run("memory-watcher", "diff", *words, cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_two_recordings(folder: Path) -> None:
    """Peaks are compared; the biggest change first, by what it was matched, sums that are exact."""
    text = diff(folder, "a.db", "b.db")
    lines = [line for line in text.splitlines() if line.endswith((" Ki", "mapping", "noise"))]
    assert [" ".join(line.split()) for line in lines] == [
        "heap 4 096 Ki 8 192 Ki +4 096 Ki by kind, 1 mapping",
        r"/lib/a|b\x0a\x1b[2J<b>\xff`x`.so 2 048 Ki 4 096 Ki +2 048 Ki same name, 1 mapping",
        "x.so.1.2 → 1.10 13 Ki 18 Ki +5 Ki other version, 1 mapping, noise",
        "sum of PSS: 6 157 Ki 12 306 Ki +6 149 Ki",
    ]
    assert text.startswith("before:           a.db, peak (")
    assert "app (7), measurement 2" in text
    assert "Noise: at most 256 KiB" in text


def test_two_moments(folder: Path) -> None:
    """Without B.db and moments from the start to the end; what is unchanged is one line."""
    text = diff(folder, "a.db")
    assert "+1 024 Ki" in text
    assert "unchanged (1):" in text
    assert "/lib/x.so.1.2" not in text
    assert "/lib/x.so.1.2" in diff(folder, "a.db", "--all")
    assert "-2 048 Ki" in diff(folder, "a.db", "--at", "peak", "--at-b", "end")


def test_an_age_that_was_not_reached(folder: Path) -> None:
    """It is refused, not compared as if the last layout were as old; the last period is within."""
    assert "+3s (" in diff(folder, "a.db", "b.db", "--at", "+3s")
    done = run("memory-watcher", "diff", "a.db", "b.db", "--at", "+10m", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a.db: +10m is after the end" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_json(folder: Path) -> None:
    """The documented keys, in bytes; groups and what is left out add up to the totals."""
    found = json.loads(diff(folder, "a.db", "b.db", "--json"))
    assert next(iter(found)) == "format_version"
    assert found["groups"][0] == {
        "kind": "heap", "name": "heap", "before": 4 * MI, "after": 8 * MI, "change": 4 * MI,
        "match": "by kind", "mappings_before": 1, "mappings_after": 1, "noise": False,
    }  # fmt: skip
    assert found["groups"][1]["name_hex"] == HOSTILE.encode("utf-8", "surrogateescape").hex()
    assert [each["noise"] for each in found["groups"]] == [False, False, True]
    assert found["total_change"] == sum(each["change"] for each in found["groups"])
    assert found["total_change"] == found["after"]["bytes"] - found["before"]["bytes"]
    assert (found["figure"], found["by"]) == ("pss", "name")
    short = json.loads(diff(folder, "a.db", "b.db", "--json", "--top", "1"))
    rows = short["groups"] + short["others"]
    for key, side in (("before", "before"), ("after", "after")):
        assert sum(row[key] for row in rows) == short[side]["bytes"]
    assert [row["title"] for row in short["others"]] == ["other changes", "other noise"]
    every = json.loads(diff(folder, "a.db", "--json", "--all", "--by", "mapping"))
    assert [group["change"] for group in every["groups"]][-1] == 0
    assert {group["noise"] for group in every["groups"]} == {None}


def test_markdown(folder: Path) -> None:
    """A table whose cells hold any name as text: no new column, tag, escape or code."""
    text = diff(folder, "a.db", "b.db", "--md")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3 + 1
    (hostile,) = (row for row in rows if "2J" in row)
    assert "<b>" not in hostile
    assert "\x1b" not in text
    assert r"\`x\`" in hostile
    assert hostile.replace(r"\|", "").count("|") == 6


def test_several_runs(folder: Path) -> None:
    """`--runs` twice: medians, and noise by the spread."""
    for number, size in enumerate((1000, 1400, 1100)):
        make(folder / f"c{number}.db", size)
        make(folder / f"d{number}.db", size + 200)
    words = ["--runs", "c0.db", "c1.db", "c2.db", "--runs", "d0.db", "d1.db", "d2.db"]
    found = json.loads(diff(folder, *words, "--json"))
    (group,) = (each for each in found["groups"] if each["name"] == "heap")
    assert (group["before"], group["after"], group["noise"]) == (1100 * KI, 1300 * KI, True)
    assert len(found["before"]["runs"]) == 3
    assert "3 runs (c0.db, …), each at peak" in diff(folder, *words)


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (
            ["a.db", "a.db"],
            1,
            "same measurement; name two that differ with --at and --at-b",
        ),
        (["a.db", "--at", "peak", "--at-b", "+1s"], 1, "both moments are the same measurement"),
        (
            ["a.db", "other.db"],
            1,
            "a.db is of 'app', other.db is of 'other': they have no process name in common;"
            " choose a process of each with --process and --process-b",
        ),
        (["a.db", "b.db", "--at", "2000-01-01T00:00"], 1, "no layout was recorded at or before"),
        (["a.db", "b.db", "--at", "#99"], 1, "no measurement 99"),
        (["a.db", "b.db", "--at-b", "often"], 2, "--at-b: 'often' is not a time"),
        (["a.db", "b.db", "--process", "x"], 1, "a.db: no process 'x'; there is: 'app'"),
        (["a.db", "b.db", "--process-memory", "swap"], 1, "swap was not reported"),
        (["a.db", "--runs", "b.db", "--runs", "a.db"], 2, "--runs: name all recordings with it"),
        (["--runs", "b.db", "a.db"], 2, "--runs: give it twice"),
        (["a.db", "none.db"], 1, "none.db: no such recording"),
        (["a.db", "b.db", "--json", "--md"], 2, "not allowed with"),
        (["a.db", "b.db", "--top", "-1"], 2, "must not be negative"),
    ],
)
def test_mistakes(folder: Path, words: list[str], code: int, part: str) -> None:
    """One line on stderr each, that says what to do."""
    make(folder / "other.db", 5, name="other")
    done = run("memory-watcher", "diff", *words, cwd=folder)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert part in done.stderr
