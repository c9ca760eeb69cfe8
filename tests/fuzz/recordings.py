"""Good recordings of every sort, and seeded ways to damage them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from random import Random

from memory_watcher.model import LayoutState, Reading, Usage

from ..cli.test_main import CAPTURE
from ..programs import run
from ..recordings import KI, MI, START, RecordingBuilder, mapping

DATA = Path(__file__).parents[1] / "data" / "recordings"
#: Grows and shrinks in steps, with children: fast readings, peaks, starts and exits.
_FAMILY = (
    "import subprocess, sys, time\n"
    "child = 'import time; x = bytearray(%d << 20); time.sleep(0.25)'\n"
    "for size in (4, 12, 6):\n"
    "    held = bytearray(size << 20)\n"
    "    started = subprocess.Popen([sys.executable, '-S', '-c', child % size])\n"
    "    time.sleep(0.1)\n"
    "started.wait()\n"
)
#: What a damaged value may be instead.
_ODD = (
    *(None, -1, 0, 1, 2**31 - 1, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)),
    *(1e30, -1.5, float("nan"), float("inf"), "", "text", "\x1b]0;evil\x07\nline", "9" * 400),
    *(b"", b"\xff\x00blob", "x" * 100_000),
)


def good_recordings(folder: Path) -> dict[str, Path]:
    """Make one of each sort: of all formats, of one process, a tree, a machine, captures, torn."""
    found = {}
    for version in (1, 2):
        found[f"version-{version}"] = path = folder / f"version-{version}.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript((DATA / f"version-{version}.sql").read_text())
    found["built"] = _built(folder / "built.db")
    found["loaded"] = folder / "loaded.db"
    for time in ("2018-08-17T15:58:03", "2018-08-17T15:59:03"):
        _record("memory-load-smaps", "-p", "7", "--time", time, "-", file=found["loaded"])
    found["command"] = folder / "command.db"
    options = ("--period", "50ms", "--max-cpu", "0")
    _record("memory-record", *options, file=found["command"], command=("python3", "-c", _FAMILY))
    found["machine"] = folder / "machine.db"
    _record("memory-record", *options, "--duration", "0.4s", file=found["machine"])
    return found


def _record(*words: str, file: Path, command: tuple[str, ...] = ()) -> None:
    behind = ("--", *command) if command else ()
    done = run(words[0], "--database-file", str(file), *words[1:], *behind, stdin=CAPTURE)
    assert done.returncode == 0, done.stderr


def _built(path: Path) -> Path:
    """One process: exact, torn and missing layouts, meminfo, a second image."""
    builder = RecordingBuilder(path)
    process = builder.process(42)
    for number in range(12):
        tick = builder.tick(START + number * 10**9)
        builder.meminfo(tick, MemTotal=8 * MI, MemAvailable=(20 - number) * 100 * KI)
        if number % 4 == 3:
            builder.reading(process, Reading(resident=MI, high_water_mark=2 * MI))
            continue
        entries = [
            (mapping(0x1000_0000 * (at + 1), pathname=name), _usage((number + at) * 4 * KI))
            for at, name in enumerate(("/bin/a", "[heap]", "", "[stack]"))
        ]
        state = LayoutState.TORN if number % 4 == 2 else LayoutState.EXACT
        builder.layout(process, entries, state=state)
    builder.image(process, "second", 6)
    builder.end_run()
    return builder.close()


def _usage(size: int) -> Usage:
    return Usage(rss=size, pss=size, private_clean=0, private_dirty=size, swap=0, swap_pss=0)


def flip_bytes(path: Path, random: Random) -> str:
    """Change 1 to 40 bytes anywhere; tells what was done."""
    data = bytearray(path.read_bytes())
    count = random.choice((1, 2, 4, 40))
    # The first page, and what lies at a page's beginning, steer most.
    for _ in range(count):
        at = random.randrange(len(data))
        if random.random() < 0.3:
            at = at // 4096 * 4096 + at % 120
        data[min(at, len(data) - 1)] ^= 1 << random.randrange(8)
    path.write_bytes(data)
    return f"{count} bytes"


def change_values(path: Path, random: Random) -> str:
    """Change 1 to 3 values, rows or tables, as no recorder would; tells what was done."""
    told = []
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for _ in range(random.choice((1, 1, 2, 3))):
            table = random.choice(_filled_tables(connection))
            with contextlib.suppress(sqlite3.Error):  # NOT NULL, UNIQUE: then it is not changed
                told.append(random.choice(_WAYS)(connection, table, random))
    return "; ".join(told)


def _filled_tables(connection: sqlite3.Connection) -> list[str]:
    return [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
    ]


def _one_value(connection: sqlite3.Connection, table: str, random: Random) -> str:
    column = random.choice(_columns(connection, table))
    value = random.choice(_ODD)
    where, key = _some_row(connection, table, random)
    connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', (value, *key))
    return f"{table}.{column} = {value!r:.40} where {where} {key}"


def _whole_column(connection: sqlite3.Connection, table: str, random: Random) -> str:
    column = random.choice(_columns(connection, table))
    value = random.choice(_ODD)
    connection.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ?', (value,))
    return f"{table}.{column} = {value!r:.40}"


def _swapped(connection: sqlite3.Connection, table: str, random: Random) -> str:
    """The order of a column is turned round: swapped ticks, times, ids."""
    numbers = [
        c for c in _columns(connection, table) if c.endswith(("tick", "_ns", "id", "keyframe"))
    ]
    column = random.choice(numbers or _columns(connection, table))
    (highest,) = connection.execute(f'SELECT max("{column}") FROM {table}').fetchone()
    connection.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ? - "{column}"', (highest,))
    return f"{table}.{column} turned round"


def _row_gone(connection: sqlite3.Connection, table: str, random: Random) -> str:
    where, key = _some_row(connection, table, random)
    connection.execute(f"DELETE FROM {table} WHERE {where}", key)
    return f"{table} without {where} {key}"


def _emptied(connection: sqlite3.Connection, table: str, _random: Random) -> str:
    connection.execute(f"DELETE FROM {table}")
    return f"{table} emptied"


def _dropped(connection: sqlite3.Connection, table: str, _random: Random) -> str:
    connection.execute(f"DROP TABLE {table}")
    return f"{table} dropped"


_WAYS = (_one_value, _one_value, _one_value, _whole_column, _swapped, _row_gone, _emptied, _dropped)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _some_row(
    connection: sqlite3.Connection, table: str, random: Random
) -> tuple[str, tuple[object, ...]]:
    key = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
    names = ", ".join(f'"{name}"' for name in key)
    rows = connection.execute(f"SELECT {names} FROM {table} ORDER BY {names}").fetchall()
    return " AND ".join(f'"{name}" IS ?' for name in key), random.choice(rows)
