"""Damaged recordings: one line, exit code 1, and no wrong figure without a word.

The quick part of `make fuzz`, and what it found.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..fuzz.commands import COMMANDS, run_in_fork, warm_up
from ..fuzz.damaged import DAMAGES, outcomes
from ..fuzz.recordings import good_recordings


@pytest.fixture(name="good", scope="module")
def make_good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    warm_up()
    yield good_recordings(tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_good_recordings_are_without_doubt(
    good: dict[str, Path], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """No command finds damage in what a recorder wrote."""
    for name, file in good.items():
        outcome = run_in_fork(words, file, tmp_path)
        assert not outcome.wrong, (name, outcome.wrong)
        assert "damaged" not in outcome.error, (name, outcome.error)
        assert outcome.code in (0, 1, 2), (name, outcome.error)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_recordings(good: dict[str, Path], tmp_path: Path, kind: str) -> None:
    """A few of each sort, seeded: no traceback, no hang, one line, nothing written elsewhere."""
    for what, words, outcome in outcomes(good, kind, range(12), 7, tmp_path):
        assert not outcome.wrong, f"{what}: {' '.join(words)}: {outcome.wrong}"


def altered(good: Path, folder: Path, *statements: str) -> Path:
    """A copy of a recording, changed by SQL."""
    path = folder / "altered.db"
    shutil.copyfile(good, path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE usage_rows SET rss = rss + 4096 WHERE rss > 0",
        "UPDATE usage_rows SET rss = rss + 4096, pss = ifnull(pss, rss - 4096) WHERE rss > 0",
        "DELETE FROM usage_rows WHERE mapping_id % 2",
        "UPDATE usage_rows SET mapping_id = 1000000 WHERE mapping_id = (SELECT max(id) FROM"
        " mapping_rows)",
        "UPDATE readings SET pss = pss + 4096, rss = rss - 4096",
        "UPDATE readings SET mappings = mappings + 1",
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("peak", "FILE", "--process-id", "1"),
        ("peak", "FILE", "--process-id", "1", "--json"),
        ("replay", "FILE", "--plain"),
        ("report", "FILE", "-o", "a.html"),
        # Compared is what is drawn, and how many mappings there are.
        ("chart", "FILE", "--process-id", "1", "--process-memory", "rss", "-o", "a.svg"),
    ],
    ids=" ".join,
)
def test_a_contradiction_is_told(
    good: dict[str, Path], tmp_path: Path, words: tuple[str, ...], statement: str
) -> None:
    """Where a layout does not add up to the sums stored beside it, a line says so."""
    out = tmp_path / "out"
    out.mkdir()
    outcome = run_in_fork(words, altered(good["built"], tmp_path, statement), out)
    assert not outcome.wrong
    assert "damaged" in outcome.error
    assert outcome.code == 1 or "add up" in outcome.error


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "FILE"),
        ("replay", "FILE", "--plain"),
        ("report", "FILE", "-o", "a.html"),
        ("chart", "FILE", "--process-id", "1", "-o", "a.svg"),
    ],
    ids=" ".join,
)
def test_a_missing_tick_is_told(
    good: dict[str, Path], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """A reading whose tick is gone is not left out without a word."""
    lost = "(SELECT tick FROM readings WHERE process_id = 1 ORDER BY tick DESC LIMIT 1 OFFSET 1)"
    file = altered(good["built"], tmp_path, f"DELETE FROM ticks WHERE id = {lost}")
    out = tmp_path / "out"
    out.mkdir()
    outcome = run_in_fork(words, file, out)
    assert not outcome.wrong
    said = outcome.error + outcome.out
    assert "tick" in said
    assert "missing" in said or "not there" in said


@pytest.mark.parametrize(
    "value",
    ["1e30", "-4096", "'text'", "x'00ff'", "9e999", "-1.5"],
)
@pytest.mark.parametrize("column", ["high_water_mark", "rss", "pss", "resident", "layout_state"])
def test_a_value_that_no_recorder_writes(
    good: dict[str, Path], tmp_path: Path, column: str, value: str
) -> None:
    """Types and ranges are checked as rows are read: the file and the column are named."""
    file = altered(good["built"], tmp_path, f"UPDATE readings SET {column} = {value} WHERE id = 1")
    out = tmp_path / "out"
    out.mkdir()
    outcome = run_in_fork(("replay", "FILE", "--plain"), file, out)
    assert not outcome.wrong
    assert (outcome.code, "damaged" in outcome.error) == (1, True), outcome.error
    assert outcome.error.startswith(f"memory-watcher replay: {file}: ")


_HOSTILE = r"char(27) || ']52;c;ZXZpbA==' || char(7) || char(10) || 'second' || char(155, 8238, 13)"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_hostile_texts(good: dict[str, Path], tmp_path: Path, words: tuple[str, ...]) -> None:
    """Whatever text a recording's sender wrote reaches no terminal as it is."""
    file = altered(
        good["command"],
        tmp_path,
        f"UPDATE image_rows SET name = {_HOSTILE}",
        f"UPDATE command_lines SET command_line = {_HOSTILE} || id",
        f"UPDATE paths SET pathname = {_HOSTILE} || id",
        f"UPDATE processes SET cgroup = {_HOSTILE}",
        f"UPDATE machines SET hostname = {_HOSTILE}, kernel = {_HOSTILE}",
        f"UPDATE selections SET kind = {_HOSTILE}, description = {_HOSTILE}",
        f"UPDATE runs SET command_line = {_HOSTILE}, end_reason = {_HOSTILE}",
    )
    out = tmp_path / "out"
    out.mkdir()
    outcome = run_in_fork(words, file, out)
    assert not outcome.wrong
    assert "Traceback" not in outcome.error


def test_an_error_after_a_doubt_is_one_line(good: dict[str, Path], tmp_path: Path) -> None:
    """What could not be shown need not be doubted."""
    file = altered(
        good["built"],
        tmp_path,
        "DELETE FROM machines",
        "UPDATE readings SET mappings = mappings + 1",
    )
    out = tmp_path / "out"
    out.mkdir()
    outcome = run_in_fork(("peak", "FILE", "--process-id", "1"), file, out)
    assert (outcome.code, len(outcome.error.splitlines())) == (1, 1), outcome.error
