"""A simulated fleet, and what each question to it takes: time, and memory of the whole process.

    python -m benchmarks.fleet [--hosts 200] [--days 7] [--rows 20000000] [--folder DIR]

A few real programs are recorded and put into a dataset by `fleet add`. Each simulated host runs
many of them under names and builds of its own, each day stretched over a day, with sizes of its
own, and one release grows. All days but the last are compacted. With --folder the dataset is kept
there, or taken if it is there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from memory_watcher.fleet.add import add
from memory_watcher.fleet.asked import PACKAGED, available
from memory_watcher.fleet.names import ALL_HOSTS, all_name, part_name
from memory_watcher.fleet.schema import TABLES
from memory_watcher.fleet.unit import Told
from memory_watcher.store.recording import Recording

#: What the bars are: seconds, and bytes of the whole process.
MOST_SECONDS, MOST_BYTES = 5.0, 1_000_000_000
_DAY_NS = 86_400 * 10**9
_FIRST_DAY = 20_770  # 2026-11-13
_LEAK = 24 << 20  # bytes a day, of the newer release's heaps
_PROGRAMS: Mapping[str, str] = {
    "grows": "examples/grow_free_spike.py",
    "server": "examples/forgetful_server.py",
}
_QUIET = "import re, time; x = [re.compile(str(i)) for i in range(3000)]; time.sleep(20)"
_FIGURES_AFTER = "size"
_TIMES = ("first_ns", "last_ns", "time_ns", "peak_ns")
RELEASES = ("1.0", "1.1", "1.2", "1.3")
_OPTIONS: Any = {"compression": "zstd", "compression_level": 3}


# Real recordings ----------------------------------------------------------------------------------


def seeds(folder: Path) -> dict[str, pa.Table]:
    """The tables of a dataset of some real programs, recorded now."""
    dataset = folder / "real"
    for name, program in _PROGRAMS.items():
        arguments = ["25"] if name == "server" else []
        _record(folder / f"{name}.db", [sys.executable, program, *arguments])
    _record(folder / "quiet.db", [sys.executable, "-c", _QUIET])
    files = [str(folder / f"{name}.db") for name in (*_PROGRAMS, "quiet")]
    for file in files:
        with Recording(file) as recording:
            list(add(str(dataset), recording, Told({}, 100_000_000)))
    return {
        name: pa.concat_tables(
            [pq.read_table(path) for path in sorted(dataset.glob(f"{name}/*/*/*.parquet"))]
        ).unify_dictionaries()
        for name in TABLES
    }


def _record(path: Path, command: list[str]) -> None:
    _run("record", "--period", "100ms", "--output", str(path), "--", *command)


def _run(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "memory_watcher", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


# A fleet of them ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Host:
    """A simulated host: `scale` is how large its sizes are, in per cent of the recorded ones."""

    name: str
    number: int
    release: str
    scale: int

    @property
    def recording(self) -> str:
        """Its one recording."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:16]


def hosts(count: int) -> Iterator[Host]:
    """Some of each release; a few need much more than the others."""
    choose = random.Random(1)
    for number in range(count):
        scale = 400 if number % 67 == 66 else choose.randrange(85, 116)
        yield Host(f"node-{number:05d}", number, RELEASES[number % len(RELEASES)], scale)


class Fleet:
    """Writes the files of days out of the real tables."""

    def __init__(self, real: Mapping[str, pa.Table], rows_a_day: int) -> None:
        copies = -(-rows_a_day // real["changes"].num_rows)
        self._first = pc.min(real["changes"]["first_ns"]).as_py()
        last = pc.max(real["changes"]["last_ns"]).as_py()
        self._stretch = (_DAY_NS - 10**9) // (last - self._first + 1)
        self._of_release = {
            release: {name: _copied(name, table, release, copies) for name, table in real.items()}
            for release in RELEASES
        }

    def write_apart(self, folder: Path, day: int, of: Sequence[Host]) -> int:
        """Write a day as it is added: files for each host. How many changes there are."""
        rows = 0
        for host in of:
            part = part_name(host.recording, day, 1)
            for name in TABLES:
                table = self._of_day(name, host, day)
                rows += table.num_rows if name == "changes" else 0
                place = _place(folder, name, day, f"host={host.name}")
                pq.write_table(table, place / part, **_OPTIONS)
        return rows

    def write_compacted(self, folder: Path, day: int, of: Sequence[Host]) -> int:
        """Write a day as `fleet compact` leaves it. How many changes there are."""
        rows = 0
        file = all_name(1)
        for name in TABLES:
            schema = self._of_day(name, of[0], day).schema
            path = _place(folder, name, day, ALL_HOSTS) / file
            with pq.ParquetWriter(path, schema, **_OPTIONS) as writer:
                for host in of:
                    table = self._of_day(name, host, day)
                    rows += table.num_rows if name == "changes" else 0
                    writer.write_table(table)
        return rows

    def _of_day(self, name: str, host: Host, day: int) -> pa.Table:
        """The rows with the names, times and sizes of a host and a day."""
        real = self._of_release[host.release][name]
        begin = (_FIRST_DAY + day) * _DAY_NS
        columns = {}
        sizes = False
        for field in real.schema:
            sizes = sizes or field.name == _FIGURES_AFTER
            column = real[field.name]
            if field.name in _TIMES:
                # The clock of a recording starts at its own first change.
                since = pc.max_element_wise(pc.subtract(column, self._first), 0)
                column = pc.add(pc.multiply(since, self._stretch), begin)
            elif (sizes and pa.types.is_int64(field.type)) or field.name.startswith("max_"):
                column = pc.divide(pc.multiply(column, host.scale), 100)
            columns[field.name] = column
        constants: dict[str, Any] = {
            "day": pa.scalar(_FIRST_DAY + day, pa.int32()).cast(pa.date32()),
            "recording": pa.scalar(host.recording),
            "hostname": pa.scalar(host.name),
            "started_ns": pa.scalar(_FIRST_DAY * _DAY_NS - 3600 * 10**9),
        }
        for key in constants.keys() & columns.keys():
            columns[key] = pa.repeat(constants[key], real.num_rows)
        if name == "changes" and host.release == RELEASES[-1]:
            columns["pss"] = _leaking(real["kind"], columns["pss"], day)
        if name == "hosts":
            columns |= _facts(host, day, real)
        if name == "system":
            columns["time_ns"] = pa.array([begin + n * 60 * 10**9 for n in range(1440)])
        return pa.table(columns).cast(real.schema)


def _place(folder: Path, table: str, day: int, host: str) -> Path:
    date = time.strftime("%Y-%m-%d", time.gmtime((_FIRST_DAY + day) * 86_400))
    place = folder / table / f"date={date}" / host
    place.mkdir(parents=True, exist_ok=True)
    return place


def _copied(name: str, real: pa.Table, release: str, copies: int) -> pa.Table:
    """The rows of one host: many copies of the programs, under names of their own."""
    if name == "hosts":
        return real.slice(0, 1)
    if name == "system":
        return real.take(pa.array([n % real.num_rows for n in range(1440)]))
    # What was a process of one of several recordings is one of a single one.
    known = {each: number for number, each in enumerate(sorted(set(real["recording"].to_pylist())))}
    numbers = pa.array([known[each] * 1000 for each in real["recording"].to_pylist()])
    own = pc.add(numbers, real["process_id"].cast(pa.int64()))
    tables = []
    for copy in range(copies):
        columns = {each: real[each] for each in real.schema.names}
        columns["process_id"] = pc.add(own, copy * 10_000)
        for each in ("program", "name", "build_id"):
            if each in columns:
                columns[each] = _renamed(columns[each], each, release, copy)
        tables.append(pa.table(columns).cast(real.schema))
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _renamed(column: Any, name: str, release: str, copy: int) -> Any:
    """Each text as a release has it: programs by copy, files and builds by release."""
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()

    def varied(text: str | None) -> str | None:
        if not text:
            return text
        if name == "build_id":
            return hashlib.sha1(f"{text} {release} {copy % 5}".encode()).hexdigest()
        if name == "program":
            return f"/srv/service-{copy:03d}/bin/{os.path.basename(text)}"
        if not text.startswith("/"):
            return text
        return f"{text}.{copy % 5}" if copy % 2 else text

    words = pa.array([varied(each) for each in encoded.dictionary.to_pylist()], pa.string())
    return words.take(encoded.indices)


def _leaking(kind: Any, pss: Any, day: int) -> Any:
    """PSS with what a leak has added to heaps by a day."""
    is_heap = pc.equal(kind.cast(pa.string()), "heap")
    return pc.add(pss, pc.multiply(is_heap.cast(pa.int64()), day * _LEAK))


def _facts(host: Host, day: int, real: pa.Table) -> dict[str, Any]:
    begin = (_FIRST_DAY + day) * _DAY_NS
    values: dict[str, Any] = {
        "release": host.release,
        "labels": json.dumps({"release": host.release}),
        "machine": host.recording,
        "first_ns": begin,
        "last_ns": begin + _DAY_NS - 10**9,
        "recorder_lasted_ns": _DAY_NS,
        "recorder_cpu_ns": host.scale * 10**9 // 10,
        "fingerprint": f"{host.recording} {day}",
    }
    known = set(real.schema.names)
    return {name: pa.array([value]) for name, value in values.items() if name in known}


# Questions ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """What a question took: seconds, those of CPU, bytes at its highest, rows that came out."""

    seconds: float
    cpu: float
    peak: int
    rows: int


def asked(question: str, folder: Path) -> Taken:
    """Ask in a process of its own. Raises SystemExit if it fails."""
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        command = ["-m", "memory_watcher", "fleet", "ask", question, str(folder), "--format=json"]
        process = subprocess.Popen([sys.executable, *command], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"{question}: exit code {process.returncode}")
        rows = len(json.load(out)["rows"])
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, rows)


def make(folder: Path, count: int, days: int, rows: int) -> int:
    """Write the fleet; how many rows of changes it has."""
    with tempfile.TemporaryDirectory() as recorded:
        fleet = Fleet(seeds(Path(recorded)), -(-rows // (count * days)))
    of = list(hosts(count))
    rows = sum(fleet.write_compacted(folder, day, of) for day in range(days - 1))
    return rows + fleet.write_apart(folder, days - 1, of)


def _size(folder: Path, table: str) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.glob(f"{table}/*/*/*.parquet")]
    return len(sizes), sum(sizes)


def main() -> int:
    """Exit code 1 if a question takes longer or more memory than its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--questions", nargs="*", default=sorted(available([PACKAGED])))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = args.folder or Path(temporary) / "fleet"
        if not folder.exists():
            made = time.monotonic()
            rows = make(folder, args.hosts, args.days, args.rows)
            print(f"{rows} rows of changes, made in {time.monotonic() - made:.0f} s")
        for table in TABLES:
            files, size = _size(folder, table)
            print(f"{table:10} {files:6} files {size / 1e6:10.1f} MB")
        print(f"\n{'question':20} {'seconds':>8} {'CPU':>8} {'peak MB':>8} {'rows':>6}")
        missed = 0
        for question in args.questions:
            taken = asked(question, folder)
            held = taken.seconds <= MOST_SECONDS and taken.peak <= MOST_BYTES and taken.rows > 0
            missed += not held
            verdict = "held" if held else "MISSED"
            figures = (
                f"{taken.seconds:8.2f} {taken.cpu:8.2f} {taken.peak / 1e6:8.0f} {taken.rows:6}"
            )
            print(f"{question:20} {figures} {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
