"""Every command on a recording of every format, and with a figure that older ones do not have."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import memory_watcher
from memory_watcher.store import schema

from ..every_command import AFTER, READERS
from ..programs import PATIENCE, environment

TESTS = Path(__file__).parents[1]
RECORDINGS = sorted(TESTS.glob("data/recordings/*.sql"))
PROC = TESTS / "data" / "odd-proc" / "guardpage"
PID = "4242"


def recording(script: Path, folder: Path) -> Path:
    path = folder / f"{script.stem}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
    return path


def run_all(path: Path, package: Path | None = None) -> dict[str, Any]:
    """What all commands answer, by another package's code if there is one."""
    variables = {} if package is None else {"PYTHONPATH": str(package)}
    done = subprocess.run(
        [sys.executable, TESTS / "every_command.py", path.name, PROC, PID],
        cwd=path.parent,
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    where = Path(answers.pop("package"))
    assert where == (package or Path(memory_watcher.__file__).parents[1]) / "memory_watcher"
    return answers


def assert_all_answer(answers: dict[str, Any], path: Path) -> None:
    named = {name: answer for name, answer in answers.items() if answer[0] != 0}
    assert named == {}
    assert {*READERS, "record", *AFTER} - {"chart", "fleet"} <= set(answers)
    for name in ("verify", "verify repaired", "verify after"):
        assert answers[name][1].endswith("all is as it was written\n")
    assert json.loads(answers["ls"][1])["processes"]
    before, after = (json.loads(answers[name][1]) for name in ("mappings", "mappings after"))
    assert before == after
    assert (path.parent / "report.html").stat().st_size > 100_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] >= schema.VERSION


def test_every_format_has_a_recording() -> None:
    versions = set()
    for script in RECORDINGS:
        versions.add(int(script.read_text().rpartition("user_version = ")[2].partition(";")[0]))
    assert versions == set(range(1, schema.VERSION + 1))


@pytest.mark.parametrize("script", RECORDINGS, ids=lambda script: script.stem)
def test_every_command(script: Path, tmp_path: Path) -> None:
    """All answer, a recorder adds to it, and what was recorded reads the same afterwards."""
    path = recording(script, tmp_path)
    assert_all_answer(run_all(path), path)


# -- a figure that no recording has yet ------------------------------------------------------------

_STEP = """from __future__ import annotations

BEFORE: dict[str, str | None] = {{}}
ADDED = (("{table}", "guarded"),)
STATEMENTS = {statements!r}
"""
_ADD = "ALTER TABLE {table} ADD COLUMN guarded INTEGER"
_METRIC = '_memory("guarded", "guarded", "Guarded", "After a guard"),'


def replace(file: Path, *changes: tuple[str, str]) -> None:
    """Each text stands there once."""
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, (file.name, before)
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def add_figure(package: Path, after: str) -> None:
    """To the model and the metrics, after another figure."""
    field = f"    {after}: int | None = None\n"
    replace(package / "model.py", (field, f"{field}    guarded: int | None = None\n"))
    text = (package / "metrics.py").read_text(encoding="utf-8")
    (metric,) = re.findall(rf'^    \w+\("{after}", .*\),\n', text, re.MULTILINE)
    replace(package / "metrics.py", (metric, f"{metric}    {_METRIC}\n"))


def add_step(package: Path, table: str, *statements: str) -> None:
    """The next version, and how recordings get there."""
    store, version = package / "store", schema.VERSION
    name = f"v{version}_to_v{version + 1}"
    replace(store / "schema.py", (f"\nVERSION = {version}\n", f"\nVERSION = {version + 1}\n"))
    step = _STEP.format(table=table, statements=(_ADD.format(table=table), *statements))
    (store / "migrations" / f"{name}.py").write_text(step, encoding="utf-8")


def add_detail(package: Path) -> None:
    """A figure that rarely changes, as a newcomer would add it."""
    add_figure(package, "protection_key")
    other = "    other TEXT                  -- lines"
    replace(
        package / "store" / "schema.py",
        (other, other.replace("TEXT ", "TEXT,")),
        ("does not know, as read\n);", "does not know, as read\n    guarded INTEGER\n);"),
    )
    add_step(package, "details")


def add_changing_figure(package: Path) -> None:
    """A figure that changes often. What an older recording did not tell does not equal its RSS."""
    add_figure(package, "anonymous")
    replace(package / "model.py", ("VOLATILE_FIELDS = 9", "VOLATILE_FIELDS = 10"))
    column = "    anonymous INTEGER,\n"
    replace(package / "store" / "schema.py", (column, f"{column}    guarded INTEGER,\n"))
    add_step(package, "usage_rows", "UPDATE usage_rows SET guarded = -1")


@pytest.fixture(name="later", params=[add_detail, add_changing_figure], scope="module")
def package_with_one_more_figure(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """This program as it will be with one more field of smaps."""
    place = tmp_path_factory.mktemp("later")
    package = place / "memory_watcher"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(memory_watcher.__file__).parent, package, ignore=ignored)
    request.param(package)
    return place


@pytest.mark.parametrize("script", RECORDINGS, ids=lambda script: script.stem)
def test_what_an_older_recording_lacks_was_not_told(
    script: Path, later: Path, tmp_path: Path
) -> None:
    """It reads as before, and as not told; so it does once a recorder has added the column."""
    path = recording(script, tmp_path)
    answers = run_all(path, later)
    assert_all_answer(answers, path)
    assert rows(path, "SELECT DISTINCT guarded FROM layouts") == [(None,)]
    assert guarded(path, later) == "{None}\n"  # and by now it has the column


def test_a_recording_without_the_column(later: Path, tmp_path: Path) -> None:
    """Every layout is read from today's recording as it is, with nothing told in its place."""
    path = recording(RECORDINGS[-1], tmp_path)
    before = path.read_bytes()
    assert guarded(path, later) == "{None}\n"
    assert path.read_bytes() == before


_GUARDED = """
import sys, memory_watcher
from memory_watcher.model import Usage
assert "guarded" in Usage._fields
with memory_watcher.open(sys.argv[1]) as recording:
    measurements = [m for p in recording.processes() for m in recording.measurements(p.id)]
    layouts = [recording.layout(m.id) for m in measurements if m.has_layout]
print({entry.usage.guarded for layout in layouts for entry in layout})
"""


def guarded(path: Path, later: Path) -> str:
    """The values of the new figure in all layouts, as a script gets them."""
    command = [sys.executable, "-c", _GUARDED, str(path)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env=environment(PYTHONPATH=str(later)),
    ).stdout


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()
