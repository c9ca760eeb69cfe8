"""The questions for Datasette, asked by Datasette."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.render.escape import escape
from memory_watcher.store.canned_queries import QUERIES
from tests.exports import HOSTILE, PID, exported, hard_recording, peak
from tests.programs import PATIENCE
from tests.recordings import MI

pytest.importorskip("datasette", reason="the extra dev brings it")


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = hard_recording(tmp_path_factory.mktemp("export") / "hard.db")
    path.with_name("metadata.json").write_bytes(exported("datasette-metadata", path))
    return path


def asked(path: Path, question: str) -> list[dict[str, Any]]:
    """What Datasette answers, without a server."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "datasette", path, "-m", path.with_name("metadata.json")),
            *("--get", f"/hard/{question}{'&' if '?' in question else '?'}_shape=array"),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def url(name: str) -> str:
    return f"{name}.json"


def mib(size: int) -> float:
    return round(size / MI, 2)


def test_processes(path: Path) -> None:
    """Who was recorded, with the peaks that memory-peak has."""
    totals = peak(path)["measurement"]["totals"]
    (process,) = asked(path, url("process_list"))
    assert (process["process"], process["pid"]) == (1, PID)
    assert process["peak_pss_mib"] == mib(totals["pss"])
    assert process["peak_rss_mib"] == mib(totals["rss"])


def test_a_process_over_time(path: Path) -> None:
    """Each measurement with a layout, and how good it is; what was not reported is null."""
    rows = asked(path, url("process_over_time") + "?process=1")
    assert [row["state"] for row in rows] == ["exact", "torn", "exact", "exact"]
    assert rows[0]["time"] == "2018-08-17 13:58:03.942"
    for row in rows:
        totals = peak(path, "--measurement-time", f"#{row['measurement']}")["measurement"]["totals"]
        assert row["pss_mib"] == mib(totals["pss"])
        assert row["swap_mib"] == mib(totals["swap"])


@pytest.mark.parametrize("question", ["peak_by_name", "layout_by_name"])
def test_by_name(path: Path, question: str) -> None:
    """Names of the peak, hostile ones as well, with sizes that come to its sum."""
    asks = "?process=1" if question == "peak_by_name" else "?measurement=3"
    rows = asked(path, url(question) + asks)
    shown = {row["name"] for row in rows}
    assert {HOSTILE[0], HOSTILE[1]} <= shown
    assert next(row for row in rows if row["name"] == "[heap]")["pss_mib"] == 3.0
    assert rows == sorted(rows, key=lambda row: -row["pss_mib"])
    assert escape(HOSTILE[2])[-8:] in next(name for name in shown if "red" in name)


def test_mapping_by_mapping(path: Path) -> None:
    """In the order of addresses, as smaps prints them, also above 2^63."""
    rows = asked(path, url("layout_mappings") + "?measurement=3")
    addresses = [int(row["address"].split("-")[0], 16) for row in rows]
    assert addresses == sorted(addresses)
    assert rows[-1]["pathname"] == "[vsyscall]"
    assert len(rows) == peak(path)["measurement"]["totals"]["mappings"]


def test_every_question_has_a_test() -> None:
    """A new one is tested with Datasette, too."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{query.name}"' in source for query in QUERIES)
