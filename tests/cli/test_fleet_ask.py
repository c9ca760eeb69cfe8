"""memory-watcher fleet ask: questions to answers, or to one clear line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from memory_watcher.fleet.asked import PACKAGED, available
from tests import small_fleet
from tests.programs import PATIENCE, command, environment, run
from tests.small_fleet import HELPER, MI, SERVER

pytest.importorskip("duckdb")


@pytest.fixture(name="fleet", scope="module")
def written_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_fleet.write(tmp_path_factory.mktemp("fleet") / "fleet")


def ask(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run("memory-watcher", "fleet", "ask", *arguments)


def test_list_and_show() -> None:
    """Every question stands in the list with its title; --show prints its file as it is."""
    done = ask("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(available([PACKAGED]))
    assert "Who grew most, by program" in done.stdout
    assert ask("cost", "--show").stdout == (PACKAGED / "cost.sql").read_text()


def test_a_table(fleet: Path) -> None:
    """Sizes and times as people read them; names as they stand in the dataset."""
    done = ask("percentiles", fleet)
    assert (done.returncode, done.stderr) == (0, "")
    header, server, helper = done.stdout.splitlines()
    assert header.split() == ["program", "hosts", "p50", "p90", "p99", "highest"]
    assert server.split() == [SERVER, "6", *["105", "MiB"], *["448", "MiB"] * 3]
    assert helper.startswith(HELPER)


def test_json(fleet: Path) -> None:
    """Bytes, times in nanoseconds and as text, what was asked, and the version of the format."""
    done = ask("outliers", fleet, "--set", "times=3", "--set", "least=32M", "--format", "json")
    found = json.loads(done.stdout)
    assert found["format_version"] == 1
    assert (found["question"], found["engine"], found["left_out"]) == ("outliers", "duckdb", [])
    assert found["parameters"] == {
        "program": "",
        "times": 3.0,
        "hosts": 5,
        "least": 32 * MI,
        "top": 20,
    }
    assert {"name": "held", "unit": "bytes"} in found["columns"]
    (row,) = found["rows"]
    assert (row["hostname"], row["held"]) == ("h5", 448 * MI)
    assert row["peak_utc"] == "2026-11-14T23:00:00.000000Z"
    assert row["peak_ns"] % 10**9 == 0


def test_csv(fleet: Path) -> None:
    """As the csv export: bytes, UTC, and no formula for a spreadsheet."""
    done = subprocess.run(
        command("memory-watcher", "fleet", "ask", "first-seen", fleet, "--format", "csv"),
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=True,
    )
    text = done.stdout.decode()
    assert text.endswith("\r\n")
    newest, *_ = csv.DictReader(io.StringIO(text))
    assert (newest["first_ns"], newest["most"]) == ("2026-11-14T01:00:00.000000Z", str(MI))
    done = subprocess.run(
        command("memory-watcher", "fleet", "ask", "growth-programs", fleet, "--format", "csv"),
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=True,
    )
    _, helper = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert helper["program"] == f"'{HELPER}"


def test_plain_sql(fleet: Path) -> None:
    """One SELECT on the tables of the dataset; what it prints is harmless on a terminal."""
    sql = "SELECT chr(27) || '[31m' AS \"a\nb\", count(*) AS n, 1.5 AS x, NULL AS y FROM hosts"
    done = ask("--sql", sql, fleet)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["a\\x0ab", "n", "x", "y"]
    assert done.stdout.splitlines()[1].split() == ["\\x1b[31m", "12", "1.5", "–"]


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_chart(fleet: Path, tmp_path: Path, ending: str) -> None:
    """A picture in a file, and nothing else."""
    pytest.importorskip("matplotlib")
    out = tmp_path / f"a.{ending}"
    done = ask("growth-programs", fleet, "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    data = out.read_bytes()
    assert data.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    if ending == "svg":
        assert b"Who grew most, by program" in data


def test_questions_of_ones_own(fleet: Path, tmp_path: Path) -> None:
    """Those of a folder and of the dataset; where one is from is said."""
    (tmp_path / "how-many.sql").write_text(
        "-- How many hosts\n-- set release text = 1.0 -- which\n"
        "SELECT count(DISTINCT hostname) AS hosts FROM hosts WHERE release = :release\n"
    )
    done = ask("how-many", fleet, "--questions", tmp_path, "--set", "release=1.1")
    assert (done.returncode, done.stdout.split()) == (0, ["hosts", "3"])
    assert done.stderr == f"question how-many: {tmp_path / 'how-many.sql'}\n"
    assert f"({tmp_path / 'how-many.sql'})" in ask("list", "--questions", tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["nix", "DIR"], 2, "there is no question 'nix'; there are cost"),
        (["cost"], 2, "DIR is missing"),
        ([], 2, "name a question"),
        (["cost", "DIR", "--set", "top"], 2, "--set: 'top' has no value"),
        (["cost", "DIR", "--set", "top=x"], 2, "--set: top: 'x' is not a whole number"),
        (["cost", "DIR", "--set", "nix=1"], 2, "takes no 'nix'"),
        (["cost", "DIR", "--engine", "mysql"], 2, "--engine: 'mysql'"),
        (["cost", "DIR", "--engine", "spark://x"], 2, "--engine: 'spark://x'"),
        (["cost", "DIR", "--memory", "lots"], 2, "--memory: 'lots'"),
        (["cost", "DIR", "-o", "a.txt"], 2, "'a.txt' must end in .png"),
        (["cost", "DIR", "-o", "a.png", "--format", "csv"], 2, "--format has no effect"),
        (["--sql", "SELECT 1", "cost", "DIR"], 2, "--sql asks instead"),
        (["--sql", "SELECT 1", "DIR", "--show"], 2, "no effect with --sql"),
        (["--sql", "SELECT :a", "DIR"], 2, ":a is not declared"),
        (["--sql", "DROP VIEW hosts", "DIR"], 1, "one SELECT"),
        (["--sql", "SELECT nix FROM hosts", "DIR"], 1, "nix"),
        (["cost", "/nix"], 1, "no dataset"),
        (["cost", "DIR", "--questions", "/nix"], 2, "'/nix' is not a folder"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_meant(fleet: Path, arguments: list[str], code: int, named: str) -> None:
    """One line that names the option or the remedy."""
    done = ask(*(str(fleet) if each == "DIR" else each for each in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """On stderr and in JSON; the answer comes from the others."""
    fleet = small_fleet.write(tmp_path / "fleet")
    part = small_fleet.part(fleet, "hosts", "h1")
    part.write_bytes(b"PAR1")
    done = ask("cost", fleet, "--format", "json")
    assert done.returncode == 0
    assert done.stderr.startswith(f"{part}: damaged, left out: ")
    assert len(done.stderr.splitlines()) == 1
    found = json.loads(done.stdout)
    assert found["left_out"] == [str(part)]
    assert {row["hostname"]: row["days"] for row in found["rows"]}["h1"] == 1
