"""A layout that is torn is stored as read, and breaks nothing that reads it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.kinds import attribute, hints_from
from memory_watcher.answers.usages import timeline
from memory_watcher.model import LayoutState
from memory_watcher.units import format_time

from ..fakeproc import KI, SMALL, Area, FakeProc, FakeProcess
from ..live.targets import Ticks
from ..programs import run

PID = 4321
#: As read while mappings merged, split and moved: one that begins below its predecessor, one that
#: overlaps it, one that is there twice with different figures, one twice with the same.
TORN = (
    *SMALL[:2],
    Area(0x7F0000400000, 1024, 512, "/usr/lib/library.so"),
    Area(0x7F0000342000, 1024, 100),
    Area(0x7F0000420000, 2048, 300, "/usr/lib/library.so"),
    Area(0x7F0000800000, 64, 64),
    Area(0x7F0000800000, 64, 32),
    Area(0x7F0000900000, 64, 16, "/usr/lib/twin.so"),
    Area(0x7F0000900000, 64, 16, "/usr/lib/twin.so"),
    SMALL[2],
)


@pytest.fixture(name="file")
def torn_recording(tmp_path: Path) -> Path:
    """Three layouts of one process: whole, torn, whole."""
    file = tmp_path / "torn.db"
    proc = FakeProc(tmp_path / "proc")
    whole = proc.put(FakeProcess(PID))
    with Ticks(file, [PID], root=str(proc.root)) as recording:
        recording.tick()
        torn = FakeProcess(PID, areas=TORN)
        torn.changed["statm"] = b"5000 400 0 5000 0 5000 0\n"
        proc.put(torn)
        recording.tick()
        proc.put(whole)
        recording.tick()
    return file


def test_stored_as_read(file: Path) -> None:
    """Every mapping is there with its own figures, in the order of addresses, marked torn."""
    with memory_watcher.open(file) as recording:
        found = list(recording.measurements(recording.process().id))
        assert [each.state for each in found] == [
            LayoutState.EXACT,
            LayoutState.TORN,
            LayoutState.EXACT,
        ]
        layouts = [recording.layout(each.id) for each in found]
        rss = sum(area.rss for area in TORN) * KI
        assert found[1].totals
        assert found[1].totals.rss == layouts[1].totals.rss == rss
        assert found[1].reading.resident == 400 * 4 * KI
    expected = sorted((area.start, area.size * KI, area.rss * KI, area.pathname) for area in TORN)
    stored = [
        (each.mapping.start, each.mapping.size, each.usage.rss, each.mapping.pathname)
        for each in layouts[1]
    ]
    assert sorted(stored, key=str) == sorted(expected, key=str)
    assert [start for start, *_ in stored] == sorted(start for start, *_ in stored)
    for whole in (layouts[0], layouts[2]):
        assert [(each.mapping.start, each.usage.rss) for each in whole] == [
            (area.start, area.rss * KI) for area in SMALL
        ]


@pytest.mark.parametrize("by", ["name", "kind", "mapping"])
def test_shown(file: Path, by: str) -> None:
    """memory-peak shows it when asked for its time, and its lines add up to its sum."""
    with memory_watcher.open(file) as recording:
        torn = list(recording.measurements(recording.process().id))[1]
    asked = ("--by", by, "--process-memory", "rss", "--measurement-time", format_time(torn.time))
    shown = run("memory-peak", file, "--json", *asked)
    assert shown.returncode == 0, shown.stderr
    told = json.loads(shown.stdout)
    assert told["measurement"]["layout_state"] == "torn"
    rss = sum(area.rss for area in TORN) * KI
    assert sum(group["bytes"] for group in told["groups"]) == told["sum"]["bytes"] == rss
    text = run("memory-peak", file, *asked)
    assert text.returncode == 0, text.stderr
    assert "torn" in text.stdout


def test_no_peak(file: Path) -> None:
    """What it counts twice is no peak, for there are layouts that are whole."""
    shown = run("memory-peak", file, "--json", "--process-memory", "rss")
    assert shown.returncode == 0, shown.stderr
    told = json.loads(shown.stdout)
    assert told["measurement"]["layout_state"] == "exact"
    assert told["sum"]["bytes"] == sum(area.rss for area in SMALL) * KI


def test_analysed(file: Path) -> None:
    """Kinds and timelines of it are told; a timeline's column is the sum of its mappings."""
    with memory_watcher.open(file) as recording:
        process = recording.process()
        torn = list(recording.measurements(process.id))[1]
        layout = recording.layout(torn.id)
        facts = hints_from(layout.entries, recording.kind_evidence(process.id, torn.tick))
        assert len(attribute(layout.entries, facts)) == len(TORN)
        whole, broken, last = timeline(recording, process, "rss").total
    assert broken == sum(area.rss for area in TORN) * KI
    assert whole == last == sum(area.rss for area in SMALL) * KI


def test_views(file: Path) -> None:
    """The views give a row for each of its mappings."""
    with closing(sqlite3.connect(file)) as connection:
        counts = connection.execute(
            "SELECT count(*) FROM data GROUP BY measurement_id ORDER BY measurement_id"
        ).fetchall()
        sums = connection.execute(
            "SELECT sum(rss) FROM layouts GROUP BY measurement_id ORDER BY measurement_id"
        ).fetchall()
    assert counts == [(len(SMALL),), (len(TORN),), (len(SMALL),)]
    assert sums[1] == (sum(area.rss for area in TORN) * KI,)
