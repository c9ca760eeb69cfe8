"""memory-watcher import of texts of smaps_rollup: totals, and nothing that they do not tell."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState, Reading
from memory_watcher.store.recording import Recording
from tests.programs import run

TEXT = """\
00400000-7ffffffff000 ---p 00000000 00:00 0                              [rollup]
Rss:               10112 kB
Pss:                9000 kB
Shared_Clean:       6524 kB
Shared_Dirty:          0 kB
Private_Clean:        12 kB
Private_Dirty:      3576 kB
Referenced:        10112 kB
Anonymous:          3576 kB
Swap:                  8 kB
SwapPss:               4 kB
"""
KI = 1024
TIME = 1_534_514_283_942_000_000


def written(path: Path, text: str = TEXT) -> Path:
    path.write_text(text)
    os.utime(path, ns=(TIME, TIME))
    return path


def imported(path: Path, *options: str) -> Path:
    out = path.with_name("new.db")
    done = run("memory-watcher", "import", path, "-o", out, *options)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return out


def test_totals_are_those_of_the_text(tmp_path: Path) -> None:
    """PID and name are as the options say; what smaps_rollup lacks is not told, and not 0."""
    path = imported(written(tmp_path / "a.txt"), "-p", "77", "--name", "server")
    with Recording(path) as recording:
        process = recording.process()
        (measurement,) = recording.measurements(process.id)
        assert (process.pid, process.name) == (77, "server")
        assert (measurement.time, measurement.state) == (TIME, LayoutState.UNCHECKED)
        assert measurement.reading == Reading()
        assert measurement.rollup_pss == 9000 * KI
        totals = measurement.totals
        assert totals is not None
        assert (totals.rss, totals.pss, totals.uss, totals.swap, totals.swap_pss) == (
            *(10112 * KI, 9000 * KI, 3588 * KI, 8 * KI, 4 * KI),
        )
        (entry,) = recording.layout(measurement.id)
        assert (entry.usage.locked, entry.usage.ksm, entry.usage.vm_flags) == (None, None, None)
    shown = json.loads(run("memory-peak", path, "--json").stdout)
    assert [(each["kind"], each["bytes"]) for each in shown["groups"]] == [("totals", 9000 * KI)]
    assert run("memory-watcher", "verify", path).returncode == 0


def test_the_name_of_the_file_tells_the_pid(tmp_path: Path) -> None:
    """As with databases of 2018."""
    with Recording(imported(written(tmp_path / "rollup.4711.txt"))) as recording:
        assert recording.process().pid == 4711


def test_grep_tells_the_pids_of_several(tmp_path: Path) -> None:
    """`grep '' /proc/[0-9]*/smaps_rollup` names each: they stand side by side at one instant."""
    text = "".join(
        f"/proc/{pid}/smaps_rollup:{line}\n" for pid in (5, 6) for line in TEXT.splitlines()
    )
    with Recording(imported(written(tmp_path / "a.txt", text))) as recording:
        assert [each.pid for each in recording.processes()] == [5, 6]
        assert len(recording.tick_rows()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT * 2, "line 12: a second capture of PID 1; import them one by one"),
        (TEXT[:300], "cut"),
        (
            "00001000-00002000 rw-p 00000000 00:00 0 \nSize:      4 kB\n"
            + "".join(TEXT.splitlines(keepends=True)[1:])
            + TEXT,
            "it holds mappings, too; use memory-watcher load-smaps",
        ),
    ],
    ids=["two", "cut", "mappings"],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """One line with the file and the remedy; nothing is written."""
    path = written(tmp_path / "a.txt", text)
    done = run("memory-watcher", "import", path, "-o", tmp_path / "new.db")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert str(path) in done.stderr
    assert said in done.stderr
    assert os.listdir(tmp_path) == ["a.txt"]
