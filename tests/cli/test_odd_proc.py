"""Proc filesystems that lack files or fields, or show figures that nothing can hold."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState

from ..programs import run

DATA = Path(__file__).parent.parent / "data" / "odd-proc"
PID = "4242"
RSS, SIZE, PSS, MARK = 9750 * 4096, 11169 * 4096, 36044800, 39000 * 1024


def copy(folder: Path, *, without: Iterable[str] = (), **instead: Path) -> Path:
    """The proc filesystem of a kernel with guard pages, with some files missing or replaced."""
    root = folder / "proc"
    shutil.copytree(DATA / "guardpage", root)
    for name in without:
        (root / name).unlink()
    for name, source in instead.items():
        shutil.copyfile(source, root / name if name == "meminfo" else root / PID / name)
    return root


def record(folder: Path, root: Path, *more: str) -> tuple[int, str, Path]:
    """Record a second of it; exit code, what was said, and the file."""
    file = folder / "x.db"
    done = run(
        "memory-record",
        *("--proc", str(root), "-p", PID, "--period", "200ms", "--duration", "1"),
        *("--database-file", str(file), *more),
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr, file


def readings(file: Path, columns: str) -> list[tuple[object, ...]]:
    """The different values of these columns, over all readings."""
    with closing(sqlite3.connect(file)) as database:
        return database.execute(f"SELECT DISTINCT {columns} FROM readings").fetchall()


FIGURES = "layout_state, rss, pss, layout_size, size, resident, high_water_mark, threads"


def test_guard_page(tmp_path: Path) -> None:
    """`Size:` is what totals are made of: the layout is exact, and no tick is a peak."""
    code, said, file = record(tmp_path, copy(tmp_path))
    assert code == 0, said
    assert readings(file, FIGURES) == [
        (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, MARK, 1),
    ]
    assert "torn" not in said
    assert "at RSS peaks" not in said
    with closing(sqlite3.connect(file)) as database:
        (header,) = database.execute(
            'SELECT sum(size) FROM mapping_rows WHERE "start" > 0'  # [vsyscall] is below 0
        ).fetchone()
    assert header == SIZE - 4096
    done = run("memory-watcher", "verify", str(file))
    assert (done.returncode, done.stderr) == (0, "")


def test_wsl1(tmp_path: Path) -> None:
    """No Rss and no VmHWM: they are None; PSS and statm's figures are right; no tick is a peak."""
    root = copy(tmp_path, smaps=DATA / "wsl1" / "smaps", status=DATA / "wsl1" / "status")
    code, said, file = record(tmp_path, root)
    assert code == 0, said
    assert readings(file, FIGURES) == [
        (LayoutState.UNCHECKED, None, PSS, SIZE, SIZE, RSS, None, 1),
    ]
    assert "at RSS peaks" not in said
    assert "highest RSS 38.1 MiB, high-water mark –" in said


def test_meminfo_beyond_63_bits(tmp_path: Path) -> None:
    """SwapFree of 2^64 less a bit costs that figure; all the others are told."""
    code, said, file = record(tmp_path, copy(tmp_path, meminfo=DATA / "overflow" / "meminfo"))
    assert code == 0, said
    assert readings(file, FIGURES) == [(LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, MARK, 1)]
    with closing(sqlite3.connect(file)) as database:
        told = dict(
            database.execute(
                "SELECT f.name, m.value FROM meminfo AS m JOIN meminfo_fields AS f"
                " ON f.id = m.field_id"
            ).fetchall()
        )
        assert told["SwapFree"] == -1
        assert told["SwapTotal"] == 0
        assert told["MemTotal"] == 24684092 * 1024
        (swap_free,) = database.execute("SELECT DISTINCT swap_free FROM system_memory").fetchone()
        assert swap_free is None
    shown = run("memory-peak", file)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "column", "said_of"),
    [
        (
            "status",
            "VmHWM:	   39000",
            "VmHWM:	18446744073709551615",
            "high_water_mark",
            "VmHWM",
        ),
        ("status", "VmSwap:	       0", "VmSwap:	9007199254740992", "swap", "VmSwap"),
        ("status", "Threads:	1", "Threads:	x", "threads", "Threads"),
        ("statm", "11169 9750 1377", "11169 9750 9223372036854775807", "shared", "shared"),
        ("stat", " 8541 ", " 9223372036854775808 ", "minor_faults", ""),
        ("oom_score", "", "99999999999999999999", "oom_score", ""),
    ],
)
def test_one_figure_beyond_63_bits(
    *, tmp_path: Path, name: str, old: str, new: str, column: str, said_of: str
) -> None:
    """It alone is not told; what can be said of it is said once; the layout is exact."""
    root = copy(tmp_path)
    file = root / PID / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else new)
    code, said, recording = record(tmp_path, root)
    assert code == 0, said
    assert readings(recording, f"{column}, layout_state, rss, resident") == [
        (None, LayoutState.EXACT, RSS, RSS)
    ]
    assert said.count("no figure in") == bool(said_of)
    assert said_of in said


@pytest.mark.parametrize("name", ["size", "resident"])
def test_statm_that_nothing_can_be_compared_with(tmp_path: Path, name: str) -> None:
    """Then the layout is not checked: it is neither torn nor exact."""
    root = copy(tmp_path)
    sizes = ["11169", "9750", "1377", "691", "0", "8904", "0"]
    sizes[["size", "resident"].index(name)] = str(2**63)
    (root / PID / "statm").write_text(" ".join(sizes) + "\n")
    code, said, file = record(tmp_path, root)
    assert code == 0, said
    assert readings(file, f"{name}, layout_state, rss") == [(None, LayoutState.UNCHECKED, RSS)]


def test_kernel_without_smaps(tmp_path: Path) -> None:
    """What can be read is recorded; one line and the exit code say that no layout was."""
    code, said, file = record(tmp_path, copy(tmp_path, without=[f"{PID}/smaps"]), "--quiet")
    assert code == 1
    assert said.count("\n") == 1
    assert f"process {PID}: this kernel, or this copy of /proc, has no smaps" in said
    assert readings(file, FIGURES) == [
        (LayoutState.NO_SMAPS, None, None, None, SIZE, RSS, MARK, 1),
    ]
    shown = run("memory-peak", file)
    assert shown.returncode == 1
    assert "no smaps" in shown.stderr


def test_name_of_another_machines_process(tmp_path: Path) -> None:
    """{name} in a file's name is what the given proc filesystem tells of the PID."""
    root = copy(tmp_path)
    (root / PID / "comm").write_text("of another\n")
    done = run(
        *("memory-record", "--proc", root, "-p", PID, "--duration", "0.3"),
        *("-o", "{name}-{pid}.db"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"of another-{PID}.db").exists(), list(tmp_path.iterdir())


@pytest.mark.parametrize("nothing", [b"", bytes(300), b"no sense\n"], ids=["empty", "NUL", "text"])
@pytest.mark.parametrize(
    ("names", "figures"),
    [
        (["statm"], (LayoutState.UNCHECKED, RSS, PSS, SIZE, None, None, MARK, 1)),
        (["stat"], (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, MARK, 1)),
        (["status"], (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, None, None)),
        (["smaps"], (LayoutState.UNREADABLE, None, None, None, SIZE, RSS, MARK, 1)),
        (["smaps", "statm"], (LayoutState.UNREADABLE, None, None, None, None, None, MARK, 1)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value[0], str) else "",
)
def test_files_that_hold_no_sense(
    *, tmp_path: Path, names: list[str], figures: tuple[object, ...], nothing: bytes
) -> None:
    """Each costs its own figures, with the reason; without any layout the exit code is 1."""
    root = copy(tmp_path)
    for name in names:
        (root / PID / name).write_bytes(nothing)
    code, said, file = record(tmp_path, root)
    assert code == int("smaps" in names), said
    assert readings(file, FIGURES) == [figures]
    for name in names:
        line = next(line for line in said.splitlines() if name in line or "mapping" in line)
        assert f"process {PID} cannot be read in full now: " in line


@pytest.mark.parametrize("name", ["stat", "statm", "status", "cmdline", "comm", "smaps"])
def test_pipes(tmp_path: Path, name: str) -> None:
    """A stranger's copy of proc with a pipe in it costs that file's figures, and no waiting."""
    root = copy(tmp_path, without=[f"{PID}/{name}"])
    os.mkfifo(root / PID / name)
    code, said, file = record(tmp_path, root)
    assert code == int(name == "smaps"), said
    ((state, *_),) = readings(file, FIGURES)
    assert (state == LayoutState.EXACT) == (name not in ("smaps", "statm"))


@pytest.mark.parametrize(
    ("without", "figures"),
    [
        (["stat"], (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, MARK, 1)),
        (["statm"], (LayoutState.UNCHECKED, RSS, PSS, SIZE, None, None, MARK, 1)),
        (["status"], (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, None, None)),
        (["cmdline"], (LayoutState.EXACT, RSS, PSS, SIZE, SIZE, RSS, MARK, 1)),
        (
            ["stat", "statm", "status", "cmdline", "comm"],
            (LayoutState.UNCHECKED, RSS, PSS, SIZE, None, None, None, None),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("alone", [True, False], ids=["only the process", "with the machine's"])
def test_part_of_a_copy_of_proc(
    *, tmp_path: Path, without: list[str], figures: tuple[object, ...], alone: bool
) -> None:
    """Each file that is there is used; a folder that holds one process is a proc filesystem."""
    left_out = [f"{PID}/{name}" for name in without]
    left_out += ["meminfo", "stat", "uptime", "version"] if alone else []
    code, said, file = record(tmp_path, copy(tmp_path, without=left_out))
    assert code == 0, said
    assert readings(file, FIGURES) == [figures]
