"""What a dataset gets of a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow.parquet", reason="the extra fleet brings it")
pytest.importorskip("duckdb", reason="the extra fleet brings it")

from memory_watcher.fleet.schema import TABLES
from tests.exports import PID, hard_recording, peak
from tests.fleets import added, asked, files
from tests.recordings import SECOND, START


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
