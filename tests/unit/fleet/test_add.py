"""What a dataset gets of a recording, and what becomes of it when it is added again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("pyarrow.parquet", reason="the extra fleet brings it")
pytest.importorskip("duckdb", reason="the extra fleet brings it")

from memory_watcher.errors import CannotWrite
from memory_watcher.fleet import writing
from memory_watcher.fleet.dataset import listing, reading
from memory_watcher.fleet.schema import TABLES
from tests.exports import HOSTILE, PID, hard_recording, peak
from tests.fleets import DAY, added, asked, every_file, files, grown
from tests.recordings import KI, MI, SECOND, START


@pytest.fixture(name="path", scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hard_recording(tmp_path_factory.mktemp("fleet") / "hard.db")


def test_every_table_has_the_columns_that_are_declared(path: Path, tmp_path: Path) -> None:
    """In their order, in a folder of the day and the host."""
    added(tmp_path, path)
    for table, columns in TABLES.items():
        (file,) = files(tmp_path, table)
        assert file.parent.relative_to(tmp_path) == Path(table, "date=2018-08-17", "host=host")
        found = asked(tmp_path, f"DESCRIBE {table}")
        assert [row[0] for row in found] == [column.name for column in columns]


@pytest.mark.parametrize("figure", ["pss", "rss", "uss", "swap"])
def test_the_peak_is_that_of_memory_peak(path: Path, tmp_path: Path, figure: str) -> None:
    """All mappings of that layout; a torn one is none. Changes sum up to the same."""
    added(tmp_path, path)
    told = peak(path)["measurement"]["totals"][figure]
    when = START + 2 * SECOND
    assert asked(tmp_path, f"SELECT sum({figure}), min(time_ns), min(pid) FROM peaks") == [
        (told, when, PID)
    ]
    at = f"WHERE first_ns <= {when} AND last_ns >= {when}"
    assert asked(tmp_path, f"SELECT sum({figure}) FROM changes {at}") == [(told,)]


def test_every_layout_is_kept_where_that_is_asked_for(path: Path, tmp_path: Path) -> None:
    """`--every` shorter than a tick: also the torn one, which says so."""
    added(tmp_path, path, every_ns=1)
    found = asked(tmp_path, "SELECT rss, state FROM changes WHERE kind = 'heap' ORDER BY first_ns")
    assert found == [(MI, "exact"), (2 * MI, "torn"), (3 * MI, "exact"), (MI, "exact")]


def test_hostile_names_are_printable(path: Path, tmp_path: Path) -> None:
    """Whatever a program calls a file or itself: escaped as in exports, never raw."""
    added(tmp_path, path)
    names = [row[0] for row in asked(tmp_path, "SELECT pathname FROM peaks")]
    assert len(names) == len(HOSTILE) + 5
    names += [row[0] for row in asked(tmp_path, "SELECT process FROM processes")]
    assert all(name.isprintable() for name in names)


def test_a_row_of_a_host_and_of_a_process(tmp_path: Path) -> None:
    """What the day came to; labels beside it, `release` in a column of its own."""
    fleet, last = tmp_path / "fleet", START + 2 * SECOND
    added(fleet, grown(tmp_path / "a.db", 3), {"release": "1.2", "area": 'a "b"'})
    assert asked(
        fleet,
        "SELECT hostname, kernel, cpus, memory_total, release, labels, machine FROM hosts",
    ) == [("host", "6.1", 2, 8 * MI, "1.2", '{"area": "a \\"b\\"", "release": "1.2"}', None)]
    assert asked(
        fleet, "SELECT day::TEXT, first_ns, last_ns, ticks, last_tick, processes FROM hosts"
    ) == [("2018-08-17", START, last, 3, 3, 1)]
    assert asked(
        fleet, "SELECT pid, process, program, readings, layouts, ended, exit_code FROM processes"
    ) == [(7, "server", "/usr/bin/server", 3, 3, False, None)]
    assert asked(
        fleet, "SELECT max_pss, max_rss, max_uss, max_swap, max_mappings, peak_ns FROM processes"
    ) == [(3 * MI, 3 * MI, 3 * MI, KI, 1, last)]
    assert asked(fleet, "SELECT time_ns, mem_available, mem_total, swap_free FROM system") == [
        (last, 8 * MI - 2 * KI, 8 * MI, None)
    ]


def test_what_was_added_is_not_added_again(path: Path, tmp_path: Path) -> None:
    """Its files stay as they are, to the byte; other labels are something new."""
    added(tmp_path, path)
    before = {file: file.read_bytes() for file in every_file(tmp_path)}
    assert [day.rows for day in added(tmp_path, path)] == [0]
    assert {file: file.read_bytes() for file in every_file(tmp_path)} == before
    assert added(tmp_path, path, {"release": "2"})[0].rows > 0
    assert asked(tmp_path, "SELECT release FROM hosts") == [("2",)]
    assert len(every_file(tmp_path)) == len(TABLES)


def test_a_recording_that_grew_replaces_what_there_was(tmp_path: Path) -> None:
    """Of a day that goes on; days that are over stay as they are."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 2, apart=DAY // 2))
    first = files(fleet)
    assert [day.rows > 0 for day in added(fleet, grown(tmp_path / "a.db", 4, apart=DAY // 2))] == [
        *(False, True, True)
    ]
    assert asked(fleet, "SELECT day::TEXT, ticks FROM hosts ORDER BY day") == [
        *(("2018-08-17", 1), ("2018-08-18", 2), ("2018-08-19", 1)),
    ]
    assert files(fleet)[0] == first[0]
    assert len(files(fleet)) == 3
    assert asked(fleet, "SELECT max(pss) FROM peaks") == [(4 * MI,)]


def test_an_older_state_of_a_recording_replaces_nothing(tmp_path: Path) -> None:
    """A copy that was made before."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 4))
    assert [day.rows for day in added(fleet, grown(tmp_path / "b.db", 2))] == [0]
    assert asked(fleet, "SELECT ticks FROM hosts") == [(4,)]


def test_who_reads_keeps_the_files_that_it_chose(tmp_path: Path) -> None:
    """What replaced them counts all the same; the next who adds removes them."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 2))
    (old,) = files(fleet)
    with reading(str(fleet)):
        added(fleet, grown(tmp_path / "a.db", 3))
        assert old.exists()
        assert asked(fleet, "SELECT ticks FROM hosts") == [(3,)]
        assert [part.name for part in listing(str(fleet)).stale] == [old.name]
    added(fleet, grown(tmp_path / "a.db", 4))
    assert len(files(fleet)) == 1


@pytest.mark.parametrize("reached", range(len(TABLES)))
def test_killed_at_any_rename_nothing_of_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: int
) -> None:
    """What was there before is still all; added again it is whole."""
    fleet = tmp_path / "fleet"
    added(fleet, grown(tmp_path / "a.db", 2))
    renamed: list[str] = []

    class KilledError(BaseException):
        pass

    def rename(source: str, target: str) -> None:
        if len(renamed) == reached:
            raise KilledError
        renamed.append(target)
        os.replace(source, target)

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr("memory_watcher.fleet.writing.os.rename", rename)
        patched.setattr(writing.NewFiles, "__exit__", lambda *_: None)
        added(fleet, grown(tmp_path / "a.db", 3))
    assert len(renamed) == reached
    assert asked(fleet, "SELECT ticks FROM hosts") == [(2,)]
    assert listing(str(fleet)).bad == ()
    added(fleet, grown(tmp_path / "a.db", 3))
    assert asked(fleet, "SELECT ticks FROM hosts") == [(3,)]
    assert asked(fleet, "SELECT max(pss) FROM changes") == [(3 * MI,)]


def test_an_error_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full at the last rename: what has its name already is taken back."""
    fleet = tmp_path / "fleet"

    def rename(source: str, target: str) -> None:
        if "hosts" in target:
            raise OSError(28, "No space left on device")
        os.replace(source, target)

    monkeypatch.setattr("memory_watcher.fleet.writing.os.rename", rename)
    with pytest.raises(CannotWrite, match="No space left"):
        added(fleet, grown(tmp_path / "a.db", 2))
    assert every_file(fleet) == []


def test_files_are_as_open_as_the_folder(tmp_path: Path) -> None:
    """A folder that is made is private; of one that a group may read, so are the files."""
    path = grown(tmp_path / "a.db", 1)
    added(tmp_path / "private", path)
    assert {oct(file.stat().st_mode)[-3:] for file in every_file(tmp_path / "private")} == {"600"}
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    added(shared, path)
    assert {oct(file.stat().st_mode)[-3:] for file in every_file(shared)} == {"640"}
    assert oct((shared / "hosts").stat().st_mode)[-3:] == "750"
