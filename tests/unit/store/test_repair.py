"""What verify finds of command lines and paths that are lost, and what repair makes of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.model import Mapping, Usage
from memory_watcher.store.recording import Recording
from memory_watcher.store.repair import repair
from memory_watcher.store.verify import findings
from tests.recordings import KI, RecordingBuilder


@pytest.fixture(name="file")
def recording(tmp_path: Path) -> Path:
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7, "server")
    builder.tick()
    usage = Usage(rss=KI, pss=KI, private_clean=0, private_dirty=KI)
    builder.layout(process, [(Mapping(0x1000, 0x2000, "rw-p", 0, 0, 0, "[heap]"), usage)])
    builder.end_run()
    return builder.close()


def change(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)


def images(file: Path) -> list[tuple[str, str | None, str | None]]:
    with Recording(file) as recording:
        (process,) = recording.processes()
        return [(image.name, image.command_line, image.exe) for image in process.images]


@pytest.mark.parametrize(
    ("table", "where", "left"),
    [
        ("command_lines", "1", ("server", None, "/usr/bin/server")),
        ("paths", "pathname LIKE '/usr/%'", ("server", "server --flag", None)),
    ],
)
def test_an_image_keeps_its_name(
    file: Path, table: str, where: str, left: tuple[str, str | None, str | None]
) -> None:
    """A command line or path that is lost is found; the process stays, with what is left of it."""
    assert not list(findings(str(file)))
    change(file, f"DELETE FROM {table} WHERE {where}")
    assert list(findings(str(file))) == [
        f"references: rows of image_rows whose rows of {table} are not there: 1"
    ]
    new = file.with_name("new.db")
    repair(str(file), str(new))
    assert not list(findings(str(new)))
    assert images(new) == [left]
    with Recording(new) as recording:
        (measurement,) = recording.measurements(1)
        assert len(list(recording.layout(measurement.id))) == 1


def test_an_image_of_no_process(file: Path) -> None:
    """It is found, and left out."""
    change(file, "INSERT INTO image_rows VALUES (9, 1, 'stray', 1, NULL)")
    assert any("image" in line for line in findings(str(file)))
    new = file.with_name("new.db")
    assert repair(str(file), str(new)).left_out == 1
    assert images(new) == [("server", "server --flag", "/usr/bin/server")]


def test_a_value_that_is_no_text(file: Path) -> None:
    """A command line that is a number is none that a recorder writes."""
    change(file, "UPDATE command_lines SET command_line = x'00ff'")
    assert any(line.startswith("types: values of command_lines") for line in findings(str(file)))
    new = file.with_name("new.db")
    repair(str(file), str(new))
    assert images(new) == [("server", None, "/usr/bin/server")]
