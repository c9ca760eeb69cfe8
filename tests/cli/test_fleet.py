"""memory-watcher fleet: recordings to a dataset, by the commands that users type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow.parquet", reason="the extra fleet brings it")
pytest.importorskip("duckdb", reason="the extra fleet brings it")

from memory_watcher import cli
from memory_watcher.cli.fleet import ACTIONS
from tests.fleets import DAY, added, asked, every_file, files, grown
from tests.programs import PATIENCE, command, environment, run


def called(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """The command in this process: its exit code and what it wrote."""
    before = sys.argv
    sys.argv = ["memory-watcher", "fleet", *map(str, words)]
    try:
        code = cli.main()
    finally:
        sys.argv = before
    return code, *capsys.readouterr()


def test_from_recordings_to_a_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Added, listed, compacted, forgotten: each says what it did in one line."""
    one, other = grown(tmp_path / "a.db", 3, "a"), grown(tmp_path / "b.db", 2, "b")
    fleet = tmp_path / "fleet"
    assert called(capsys, "add", fleet, one, other, "--label", "release=1.2")[:2] == (0, "")
    code, _, told = called(capsys, "add", fleet, one, "--label", "release=1.2")
    assert (code, told) == (0, f"{one}: nothing new\n")
    code, out, _ = called(capsys, "ls", fleet)
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert [line[:4] for line in lines] == [
        ["day", "(UTC)", "hosts", "recordings"],
        ["2018-08-17", "2", "2", "10"],
        ["all", "10", *lines[2][2:4]],
    ]
    _, out, _ = called(capsys, "ls", fleet, "--json")
    (day,) = json.loads(out)["days"]
    assert (day["day"], day["hosts"], day["files"]) == ("2018-08-17", 2, 10)
    _, out, _ = called(capsys, "ls", fleet, "--files", "changes")
    assert out.splitlines() == [str(path) for path in files(fleet, "changes")]
    code, out, told = called(capsys, "compact", fleet)
    assert (code, out) == (0, "")
    assert told.startswith(f"{fleet}: 10 files of ")
    assert called(capsys, "compact", fleet)[2] == f"{fleet}: nothing to compact\n"
    assert asked(fleet, "SELECT hostname, release FROM hosts ORDER BY 1") == [
        *(("a", "1.2"), ("b", "1.2")),
    ]
    code, _, told = called(capsys, "forget", fleet, "--older-than", "30d")
    assert code == 0
    assert told.startswith(f"{fleet}: 1 day before ")
    assert every_file(fleet) == []
    told = called(capsys, "add", fleet, one)[2]
    assert told == f"{one}: nothing new; 1 day left out, older than what is kept\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add", "DIR"], 2, "required: FILE"),
        (["add", "DIR", "none.db"], 1, "none.db"),
        (["add", "DIR", "a.db", "--label", "release"], 2, "--label: 'release': write NAME=VALUE"),
        (
            ["add", "DIR", "a.db", "--label", "a=1", "--label", "a=2"],
            2,
            "--label: 'a' is given twice",
        ),
        (["add", "DIR", "a.db", "--every", "soon"], 2, "--every: 'soon'"),
        (["add", "DIR", "a.db", "--every", ""], 2, "--every: its value is empty"),
        (["add", "", "a.db"], 2, "DIR: its value is empty"),
        (["add", "a.db", "a.db"], 1, "a.db: cannot write"),
        (["ls", "none"], 1, "none: no dataset: No such file or directory"),
        (["compact", "none"], 1, "none: no dataset"),
        (["forget", "none", "--older-than", "1d"], 1, "none: no dataset"),
        (["forget", "DIR"], 2, "required: --older-than"),
        (["weigh", "DIR"], 2, "weigh"),
        ([], 2, "required: ACTION"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_meant(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    told: str,
) -> None:
    """One line that names the option or the file; nothing is written."""
    monkeypatch.chdir(tmp_path)
    grown(tmp_path / "a.db", 1)
    found, out, error = called(capsys, *words)
    assert (found, out, len(error.splitlines())) == (code, "", 1)
    assert told in error
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_one_that_is_no_recording_keeps_nobody_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, the exit code is 1, and the others are added."""
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0 and no more")
    good = grown(tmp_path / "a.db", 2)
    code, _, told = called(capsys, "add", tmp_path / "fleet", tmp_path / "bad.db", good)
    assert code == 1
    assert "bad.db" in told.splitlines()[-1]
    assert asked(tmp_path / "fleet", "SELECT ticks FROM hosts") == [(2,)]


def test_a_bad_file_is_named_and_the_rest_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with the reason."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 2, "a"))
    added(fleet, grown(tmp_path / "b.db", 2, "b"))
    bad = files(fleet)[0]
    bad.write_bytes(b"PAR1")
    code, out, told = called(capsys, "ls", fleet)
    assert code == 0
    assert out.splitlines()[1].split()[:3] == ["2018-08-17", "1", "1"]
    assert told.startswith(f"memory-watcher fleet: {bad.relative_to(fleet)}: not used: ")


def test_a_disk_that_fills_leaves_nothing(tmp_path: Path) -> None:
    """No file may be larger than that: one line, and what was there stays."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 2))
    before = every_file(fleet)
    done = run(
        *("memory-watcher", "fleet", "add", fleet, grown(tmp_path / "a.db", 3)),
        before=["prlimit", "--fsize=2000"],
    )
    assert done.returncode == 1
    assert done.stderr == f"memory-watcher fleet: {fleet}: cannot write: File too large\n"
    assert every_file(fleet) == before


def test_writers_side_by_side(tmp_path: Path) -> None:
    """Four at once, two of each recording, on two days: each day is there once, and whole."""
    fleet = tmp_path / "fleet"
    paths = [grown(tmp_path / f"{host}.db", 4, host, apart=DAY // 3) for host in "ab"]
    running = [
        subprocess.Popen(
            command("memory-watcher", "fleet", "add", fleet, path),
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for path in (*paths, *paths)
    ]
    told = [process.communicate(timeout=2 * PATIENCE)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, told
    assert asked(fleet, "SELECT hostname, day::TEXT, ticks FROM hosts ORDER BY ALL") == [
        *(("a", "2018-08-17", 2), ("a", "2018-08-18", 2)),
        *(("b", "2018-08-17", 2), ("b", "2018-08-18", 2)),
    ]
    assert asked(fleet, "SELECT count(*) FROM processes") == [(4,)]


@pytest.mark.parametrize("action", ["add", "ls", "compact"])
def test_the_missing_extra_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    action: str,
) -> None:
    """Where pyarrow is not installed."""
    fleet = tmp_path / "fleet"
    path = grown(tmp_path / "a.db", 1)
    added(fleet, path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    code, _, told = called(capsys, action, fleet, *([path] if action == "add" else []))
    assert code == 1
    assert told.splitlines()[0].endswith("need pyarrow: pip install 'memory-watcher[fleet]'")


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_has_a_help_and_stands_in_the_docs(
    capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """By its command line."""
    code, out, _ = called(capsys, action, "--help")
    assert code == 0
    assert out.startswith(f"usage: memory-watcher fleet {action} ")
    page = (Path(__file__).resolve().parents[2] / "docs" / "fleet.md").read_text()
    assert f"memory-watcher fleet {action}" in page
