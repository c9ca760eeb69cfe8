"""memory-watcher export: arguments to a file, or to one clear line and nothing half."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from memory_watcher.export.registry import FORMATS
from tests.exports import hard_recording
from tests.programs import PATIENCE, command, environment, run

#: Others are tested where what they need is there.
OF_ONE_FILE = [name for name, each in FORMATS.items() if each.makes not in ("folder", "requests")]


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


@pytest.mark.parametrize("form", OF_ONE_FILE)
def test_each_format_writes_beside_the_recording(path: Path, form: str) -> None:
    """Without -o the file bears the recording's name and the format's ending; one line tells."""
    done = run("memory-watcher", "export", form, path)
    out = path.with_suffix(FORMATS[form].ending)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{out}: ")
    assert len(done.stderr.splitlines()) == 1
    assert out.stat().st_size > 0
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("form", OF_ONE_FILE)
def test_standard_output_gets_the_same(path: Path, form: str, tmp_path: Path) -> None:
    """`-o -` writes the very bytes of the file, and nothing is told."""
    done = subprocess.run(
        command("memory-watcher", "export", form, path, "-o", "-"),
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=True,
    )
    run("memory-watcher", "export", form, path, "-o", tmp_path / "file")
    assert done.stderr == b""
    assert done.stdout == (tmp_path / "file").read_bytes()


def test_an_unknown_format_lists_those_that_there_are(path: Path) -> None:
    """One line, exit code 2."""
    done = run("memory-watcher", "export", "xls", path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert all(form in done.stderr for form in FORMATS)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["csv", "--at", "peak"], "--at has no effect on csv"),
        (["pprof", "--ticks"], "--changes or --ticks has no effect on pprof"),
        (["pprof", "--from", "50%"], "--from has no effect on pprof"),
        (["openmetrics", "--changes"], "--changes has no effect on openmetrics"),
        (["openmetrics", "--by", "mapping"], "--by mapping: openmetrics is written by kind or"),
        (["datasette-metadata", "--redact"], "--redact has no effect"),
        (["datasette-metadata", "--at", "peak"], "--at has no effect"),
        (["datasette-metadata", "--by", "kind"], "--by has no effect"),
        (["csv", "--ticks", "--changes"], "--changes"),
        (["csv", "--from", "nonsense"], "--from: 'nonsense'"),
        (["folded", "--at", "#99"], "no measurement 99"),
        (["csv", "-p", "99"], "99"),
        (["csv", "-o", ""], "its value is empty"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_meant(path: Path, arguments: list[str], named: str) -> None:
    """One line that names the option; nothing is written."""
    form, *options = arguments
    before = set(os.listdir(path.parent))
    done = run("memory-watcher", "export", form, path, *options)
    assert done.returncode in (1, 2)
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert named in done.stderr
    assert set(os.listdir(path.parent)) == before


def test_the_recording_itself_is_never_written_over(path: Path) -> None:
    """Whatever format it would be."""
    before = path.read_bytes()
    done = run("memory-watcher", "export", "csv", path, "-o", path)
    assert done.returncode == 2
    assert "the recording itself" in done.stderr
    assert path.read_bytes() == before


def test_an_earlier_file_stays_if_the_new_one_cannot_be_written(path: Path, tmp_path: Path) -> None:
    """No file is larger than the limit says, as on a disk that fills: the old one is left whole."""
    out = tmp_path / "out.jsonl"
    out.write_text("before")
    done = run(
        *("memory-watcher", "export", "jsonl", path, "--by", "mapping", "-o", out),
        before=["prlimit", "--fsize=4096"],
    )
    assert done.returncode == 1
    assert done.stderr == f"memory-watcher export: {out}: cannot write: File too large\n"
    assert out.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_a_folder_that_is_not_there(path: Path, tmp_path: Path) -> None:
    """The remedy is named."""
    done = run("memory-watcher", "export", "csv", path, "-o", tmp_path / "no" / "a.csv")
    assert done.returncode == 1
    assert done.stderr.endswith(f"no folder {tmp_path / 'no'}; create it, or choose another\n")


def test_a_reader_that_goes_away(path: Path) -> None:
    """As `| head` does: no traceback, and nothing is told."""
    line = " ".join(command("memory-watcher", "export", "jsonl", path, "--by", "mapping"))
    done = subprocess.run(
        ["sh", "-c", f"{line} -o - | head -n 1"],
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1
