"""Parquet files, written by pyarrow and read back by DuckDB."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.errors import MissingExtra
from memory_watcher.export import parquet
from memory_watcher.export.names import names_of
from memory_watcher.export.request import Request
from memory_watcher.metrics import READING
from memory_watcher.model import Usage
from memory_watcher.render.escape import escape
from memory_watcher.store.recording import Recording
from tests.exports import HOSTILE, PID, PROGRAM, exported, hard_recording, peak
from tests.programs import run
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

pyarrow = pytest.importorskip("pyarrow", reason="the extra parquet brings it")
parquet_files = pytest.importorskip("pyarrow.parquet")
duckdb = pytest.importorskip("duckdb")


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("export") / "hard.db")


@pytest.fixture(name="folder", scope="module")
def tables(path: Path) -> Path:
    return written(path)


def written(path: Path, *options: str) -> Path:
    folder = path.with_name(f"{path.stem}-{len(os.listdir(path.parent))}.parquet")
    done = run("memory-watcher", "export", "parquet", path, "-o", folder, *options)
    assert done.returncode == 0, done.stderr
    return folder


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers; a table is the file of its name."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for file in folder.iterdir():
        connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM '{file}'")
    found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found


@pytest.mark.parametrize("by", ["kind", "name", "mapping"])
@pytest.mark.parametrize("tick", [1, 2, 3])
def test_figures_are_those_of_memory_peak(path: Path, by: str, tick: int) -> None:
    """At a quiet layout, a torn one and the peak: of what holds then, each kind's sums."""
    folder = written(path, "--by", by)
    shown = peak(path, "--by", by, "--measurement-time", f"#{tick}")["groups"]
    figures = ("rss", "pss", "uss", "swap", "swap_pss", "ksm")
    found = asked(
        folder,
        f"SELECT kind, {', '.join(f'sum({name})::BIGINT' for name in figures)} FROM changes"
        f" WHERE epoch_ns(first_time) <= {START + (tick - 1) * SECOND}"
        f" AND epoch_ns(last_time) >= {START + (tick - 1) * SECOND} GROUP BY kind",
    )
    expected: dict[str, list[int | None]] = {}
    for group in shown:
        told = [group["figures"][name] for name in figures]
        before = expected.setdefault(group["kind"], [0] * len(figures))
        pairs = zip(before, told, strict=True)
        expected[group["kind"]] = [None if None in (a, b) else a + b for a, b in pairs]
    assert {kind: list(sums) for kind, *sums in found} == expected


def test_every_table_is_told_what_it_means(folder: Path) -> None:
    """Types are those of numbers and times; the metadata has units and meanings."""
    assert {file.stem for file in folder.iterdir()} == {
        *("processes", "changes", "layouts", "readings", "system"),
    }
    schema = parquet_files.read_schema(folder / "changes.parquet")
    assert schema.field("rss").type == pyarrow.int64()
    assert schema.field("first_time").type == pyarrow.timestamp("ns", tz="UTC")
    assert schema.field("pss").metadata[b"unit"] == b"bytes"
    assert b"divided" in schema.field("pss").metadata[b"meaning"]
    assert oct(os.stat(folder).st_mode)[-3:] == "700"
    assert {oct(file.stat().st_mode)[-3:] for file in folder.iterdir()} == {"600"}


def test_processes_layouts_and_readings(folder: Path) -> None:
    """One row for each; what was not reported is null, a tick without a layout has a reading."""
    assert asked(folder, "SELECT pid, name, uid, parent_pid, ended, hostname FROM processes") == [
        (PID, escape(PROGRAM), 1000, 1, False, "host")
    ]
    layouts = asked(
        folder, "SELECT epoch_ns(time), layout_state, mappings FROM layouts ORDER BY time"
    )
    assert [row[:2] for row in layouts] == [
        *((START, "exact"), (START + SECOND, "torn")),
        *((START + 2 * SECOND, "exact"), (START + 3 * SECOND, "exact")),
    ]
    readings = asked(
        folder, "SELECT layout_state, resident, threads, swap FROM readings ORDER BY time"
    )
    assert readings[-1] == ("not taken", 2 * MI, None, None)
    assert readings[0] == ("exact", MI + 100 * KI, 3, None)
    columns = {row[0] for row in asked(folder, "DESCRIBE readings")}
    assert columns >= {metric.name for metric in READING}


def test_hostile_names(path: Path) -> None:
    """They come through, escaped as the views of a recording have them."""
    folder = written(path, "--by", "mapping")
    found = {row[0] for row in asked(folder, "SELECT pathname FROM changes")}
    assert {escape(name) for name in HOSTILE} <= found


def test_builds_of_a_library_are_apart(tmp_path: Path) -> None:
    """A library that is replaced under its name is two groups, each with its build ID."""
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for inode, build in ((1, "aa"), (2, "bb")):
        builder.execute("INSERT INTO build_ids VALUES (1, 0, ?, ?)", inode, build)
    builder.tick()
    layout = [
        (mapping(start, perms="r-xp", pathname="/lib/a.so", inode=inode), Usage(rss=size, pss=size))
        for start, inode, size in ((0x1000000, 1, 4 * KI), (0x2000000, 2, 8 * KI))
    ]
    builder.layout(process, layout)
    builder.meminfo(1, MemFree=5, Odd=-1)
    folder = written(builder.close())
    assert asked(folder, "SELECT name, build_id, rss FROM changes ORDER BY rss") == [
        ("/lib/a.so", "aa", 4 * KI),
        ("/lib/a.so", "bb", 8 * KI),
    ]
    assert asked(folder, "SELECT field, value FROM system ORDER BY field") == [
        ("MemFree", 5),
        ("Odd", None),
    ]


def test_standard_output_gets_an_arrow_stream(path: Path) -> None:
    """`-o -` is the table of changes, as other programs take it from a pipe."""
    with pyarrow.ipc.open_stream(io.BytesIO(exported("parquet", path))) as reader:
        table = reader.read_all()
    heap = [row["rss"] for row in table.to_pylist() if row["kind"] == "heap"]
    assert heap == [MI, 2 * MI, 3 * MI, MI]


def test_redacted_tables_hold_no_name(path: Path) -> None:
    """In none of the files."""
    folder = written(path, "--redact", "--by", "mapping")
    for table in ("processes", "changes"):
        text = str(asked(folder, f"SELECT * FROM {table}"))
        for word in ("srv", "HYPERLINK", "secret", "cmd", "libc", "server", "slice", "'host'"):
            assert word not in text, (table, word)


def test_a_folder_that_is_there_is_left_alone(path: Path, tmp_path: Path) -> None:
    """It cannot be exchanged at once, so another name is asked for; nothing is left beside it."""
    taken = tmp_path / "a.parquet"
    taken.mkdir()
    done = run("memory-watcher", "export", "parquet", path, "-o", taken)
    assert done.returncode == 1
    assert done.stderr.endswith("it exists; remove it, or choose another with -o\n")
    assert os.listdir(tmp_path) == ["a.parquet"]


def test_nothing_half_is_left(path: Path, tmp_path: Path) -> None:
    """A file that cannot be written ends all: there is no folder."""
    done = run(
        *("memory-watcher", "export", "parquet", path, "-o", tmp_path / "a"),
        before=["prlimit", "--fsize=2000"],
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "cannot write: File too large" in done.stderr
    assert os.listdir(tmp_path) == []


def test_the_missing_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow the error says what brings it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with Recording(path) as recording:
        request = Request(recording, recording.processes(), names_of(recording, False), "name")
        with pytest.raises(MissingExtra, match=r"pip install 'memory-watcher\[parquet\]'"):
            parquet.write(request, io.BytesIO())
