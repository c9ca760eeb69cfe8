"""Options of `check` that write for programs: each gets its form, GitHub its summary as well."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from memory_watcher.cli import check_outputs
from memory_watcher.errors import CannotWrite
from tests.unit.render.checks import checked, judged, over

FOUND = checked(over(), judged("total"))


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    check_outputs.add_options(parser)
    parser.add_argument("--report-only", action="store_true")
    return parser.parse_args(arguments)


def written(*arguments: str) -> str:
    """What is shown in the log."""
    shown: list[str] = []
    check_outputs.write(parsed(*arguments), FOUND, 10**9, shown.append)
    return "".join(shown)


def test_nothing_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an option nothing is written, on GitHub neither."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    assert written() == ""
    assert list(tmp_path.iterdir()) == []


def test_files(tmp_path: Path) -> None:
    """Each option's file holds its form."""
    names = ("junit", "markdown", "bmf", "benchmark-json")
    arguments = [part for name in names for part in (f"--{name}", str(tmp_path / name))]
    assert written(*arguments) == ""
    junit, markdown, bmf, benchmark = ((tmp_path / name).read_text() for name in names)
    assert 'failures="1"' in junit
    assert 'time="1.000"' in junit
    assert markdown.startswith("**Memory: over**.")
    assert set(json.loads(bmf)) == {"heap", "total"}
    assert [each["name"] for each in json.loads(benchmark)] == ["heap", "total"]


def test_report_only(tmp_path: Path) -> None:
    """It reaches every form that could fail a pipeline."""
    junit = tmp_path / "junit.xml"
    assert written("--github", "--junit", str(junit), "--report-only").startswith("::warning")
    assert 'failures="0"' in junit.read_text()


def test_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is added to what other steps wrote, and never too large for GitHub."""
    summary = tmp_path / "summary"
    summary.write_text("a line without an end")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert written("--github").startswith("::error file=memory-budget.toml,line=3,title=")
    assert summary.read_text().startswith("a line without an end\n**Memory: over**.")
    for room in (300, 50, 0):
        summary.write_text("x" * ((1 << 20) - room))
        written("--github")
        assert summary.stat().st_size <= 1 << 20
    assert summary.stat().st_size == 1 << 20


def test_github_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of GitHub there is no summary to write, and that is no error."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert written("--github").count("\n") == 1


def test_missing_folder(tmp_path: Path) -> None:
    """A mistyped folder is said at once, not after the command has run."""
    with pytest.raises(CannotWrite, match="no folder"):
        check_outputs.require_places(parsed("--junit", str(tmp_path / "missing" / "a.xml")), [])
    check_outputs.require_places(parsed("--junit", "a.xml", "--bmf", str(tmp_path / "a.json")), [])
