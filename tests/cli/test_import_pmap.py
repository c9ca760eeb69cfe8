"""memory-watcher import of what `pmap -X` printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memory_watcher.store.recording import Recording
from tests.programs import PATIENCE, run

#: The program ends lines with a blank.
TEXT = """\
8882:   /usr/bin/bash -i
         Address Perm   Offset Device  Inode Size  Rss Pss Swap THPeligible     VmFlags Mapping
    55ee6561c000 r-xp 0002f000  fe:00 260104  772  724  35    0           0 rd ex mr mw bash
    55ee65736000 rw-p 00000000  00:00      0   40   20  20    4           1    rd wr mr{blank}
    55ee65740000 rw-p 00000000  00:00      0   40   20  20    4           1    rd wr mr [heap]
    55ee65750000 r--p 00000000  fe:00     77    4    4   4    0           0          rd a b;\x1b
ffffffffff600000 --xp 00000000  00:00      0    4    0   0    0           0             [vsyscall]
                                             ==== ==== === ==== ==========={blank}
                                              860  768  79    8           2 KB{blank}
""".replace("{blank}", " ")


def written(path: Path, text: str = TEXT) -> Path:
    path.write_text(text)
    os.utime(path, ns=(1_534_514_283_942_000_000,) * 2)
    return path


def imported(path: Path) -> Path:
    out = path.with_name("new.db")
    done = run("memory-watcher", "import", path, "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return out


def test_columns_are_lines_of_smaps(tmp_path: Path) -> None:
    """Sizes, flags and names are those of the text; what has no column is not reported."""
    with Recording(imported(written(tmp_path / "a.txt"))) as recording:
        process = recording.process()
        assert (process.pid, process.name) == (8882, "bash")
        (measurement,) = recording.measurements(process.id)
        assert measurement.time == 1_534_514_283_942_000_000
        assert measurement.totals is not None
        totals = measurement.totals
        assert (totals.mappings, totals.size, totals.rss, totals.pss, totals.swap, totals.uss) == (
            *(5, 856 << 10, 768 << 10, 79 << 10, 8 << 10, None),
        )
        first, nameless, heap, odd, gate = recording.layout(measurement.id)
    assert first.mapping[:6] == (
        *(0x55EE6561C000, 0x55EE6561C000 + (772 << 10), "r-xp", 0x2F000),
        *(0xFE << 20, 260104),
    )
    assert (first.mapping.pathname, first.usage.vm_flags) == ("/.../bash", "rd ex mr mw")
    assert (nameless.mapping.pathname, nameless.usage.thp_eligible) == ("", 1)
    assert heap.mapping.pathname == "[heap]"
    assert odd.mapping.pathname == "/.../a b;\x1b"
    assert (gate.mapping.pathname, gate.usage.vm_flags) == ("[vsyscall]", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT + TEXT, "line 10: a second capture of PID 8882; import them one by one"),
        (TEXT.replace(" 724  35 ", " 724     "), "line 3: 'rd' is no figure"),
        (TEXT[:160], "it holds no mappings"),
        (TEXT.replace("  772 ", "  x72 "), "line 3: 'x72' is no figure"),
    ],
)
def test_what_makes_no_sense(text: str, said: str, tmp_path: Path) -> None:
    """One line that names the line of the text; nothing is written."""
    path = written(tmp_path / "a.txt", text)
    done = run("memory-watcher", "import", path, "-o", tmp_path / "new.db")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert said in done.stderr
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.live
@pytest.mark.skipif(shutil.which("pmap") is None, reason="pmap is not installed (procps)")
@pytest.mark.parametrize("option", ["-X", "-XX", "-Xp"])
def test_output_of_pmap_itself(tmp_path: Path, option: str) -> None:
    """The sums are those of its columns."""
    program = "m = bytearray(b'x') * (40 << 20); print(flush=True); input()"
    target = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert target.stdout is not None
        target.stdout.readline()
        text = subprocess.run(
            ["pmap", option, str(target.pid)], capture_output=True, timeout=PATIENCE, check=True
        ).stdout.decode()
    finally:
        target.communicate(b"\n", timeout=PATIENCE)
    heads = text.splitlines()[1].split()
    rows = [line.split() for line in text.splitlines()[2:-2]]
    sums = {key: sum(int(row[heads.index(key)]) for row in rows) for key in ("Rss", "Pss", "Swap")}
    with Recording(imported(written(tmp_path / "a.txt", text))) as recording:
        (measurement,) = recording.measurements(recording.process(pid=target.pid).id)
        totals = measurement.totals
        layout = recording.layout(measurement.id)
    assert totals is not None
    assert (totals.rss, totals.pss) == (sums["Rss"] << 10, sums["Pss"] << 10)
    assert totals.swap == sums["Swap"] << 10
    assert totals.rss is not None
    assert totals.rss > 40 << 20
    names = {entry.mapping.pathname for entry in layout}
    assert "[heap]" in names
    assert any(re.search(r"/libc\.so\.6$|/python", name) for name in names)
    flags = [entry.usage.vm_flags for entry in layout if entry.mapping.pathname != "[vsyscall]"]
    assert all(flags) if option == "-XX" else not any(flags)
