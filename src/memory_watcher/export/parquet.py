r"""Parquet files for DuckDB, pandas, Spark: a folder with a table in each; or one Arrow stream.

    processes.parquet   who was recorded
    changes.parquet     each group of mappings with its figures, from first_time to last_time
    layouts.parquet     each layout: how good it is, and its sums
    readings.parquet    the kernel's own figures of each process at each tick
    system.parquet      changes of /proc/meminfo

Sizes are bytes, times UTC nanoseconds, null is what was not reported. The metadata of a column says
its unit and meaning. What is not printable in a name is written as \xNN. Written by pyarrow, in
batches.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from ..answers.walk import FIGURES
from ..errors import MissingExtra
from ..metrics import READING, TOTALS
from ..model import Machine
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from .request import Request
from .rows import Row, rows

_BATCH = 16_384
#: Figures differ by few bytes from row to row: split by bytes they pack better than otherwise.
_OPTIONS: dict[str, Any] = {"compression": "zstd", "compression_level": 3}


class _Column(NamedTuple):
    """A column: its type (a name of pyarrow's, or of `_type`), its unit and what it means."""

    name: str
    type: str
    unit: str = ""
    meaning: str = ""


_FIGURES = tuple(_Column(m.name, "int64", m.unit, m.meaning) for m in FIGURES)
_PROCESS = _Column("process_id", "int32", "", "Number of the process in the recording")
_CHANGES = (
    _PROCESS,
    _Column("pid", "int32"),
    _Column("process", "text", "", "What the program was called"),
    _Column("first_time", "time", "ns", "The first layout at which it was so"),
    _Column("last_time", "time", "ns", "The last layout at which it was so"),
    _Column("state", "text", "", "How good the first layout is: exact, torn, unchecked"),
    _Column("kind", "text", "", "What the memory is for"),
    _Column("name", "text", "", "What it is summed up under"),
    _Column("build_id", "text", "", "Build ID of the file"),
    _Column("mappings", "int32", "count", "How many mappings there are"),
    _Column("size", "int64", "bytes", "Address space"),
    *_FIGURES,
)
_HEADER = (
    _Column("start", "uint64", "", "Address"),
    _Column("end", "uint64", "", "Address behind the last one"),
    _Column("perms", "text"),
    _Column("offset", "uint64", "bytes", "Into the file"),
    _Column("dev", "int64", "", "Device: major << 20 | minor"),
    _Column("inode", "uint64"),
    _Column("pathname", "text"),
)
_PROCESSES = (
    _PROCESS,
    _Column("pid", "int32"),
    _Column("start_time", "int64", "1/100 s", "Since boot"),
    _Column("parent_pid", "int32"),
    _Column("uid", "int64"),
    _Column("name", "text", "", "The last one it had"),
    _Column("command_line", "text"),
    _Column("exe", "text"),
    _Column("cgroup", "text"),
    _Column("first_seen", "time", "ns"),
    _Column("last_seen", "time", "ns"),
    _Column("ended", "bool", "", "Whether it was seen to end"),
    _Column("hostname", "text"),
    _Column("kernel", "text"),
)
_MEASURED = (
    _Column("measurement_id", "int64"),
    _PROCESS,
    _Column("time", "time", "ns", "When it was read"),
    _Column("state", "text", "", "How good the layout is, or why there is none"),
)
_LAYOUTS = (*_MEASURED, *(_Column(m.name, "int64", m.unit, m.meaning) for m in TOTALS))
_READINGS = (
    *_MEASURED,
    *(_Column(m.name, "text" if m.unit == "text" else "int64", m.unit, m.meaning) for m in READING),
)
_SYSTEM = (
    _Column("tick", "int64"),
    _Column("time", "time", "ns", "When the value changed"),
    _Column("field", "text", "", "The kernel's own name in /proc/meminfo"),
    _Column("value", "int64", "bytes", "Bytes; a count for HugePages_*"),
)


def write(request: Request, out: BinaryIO) -> None:
    """Write the changes as an Arrow stream. Raises MissingExtra."""
    arrow = _module("pyarrow")
    columns = _columns_of_changes(request)
    with arrow.ipc.new_stream(out, _schema(arrow, columns)) as writer:
        for batch in _batches(arrow, columns, _changes(request)):
            writer.write_batch(batch)


def write_folder(request: Request, folder: str) -> None:
    """Write a file for each table into a folder. Raises MissingExtra."""
    arrow, parquet = _module("pyarrow"), _module("pyarrow.parquet")
    tables: dict[str, tuple[Sequence[_Column], Iterable[tuple[object, ...]]]] = {
        "processes": (_PROCESSES, _processes(request)),
        "changes": (_columns_of_changes(request), _changes(request)),
        "layouts": (_LAYOUTS, _layouts(request)),
        "readings": (_READINGS, _readings(request)),
        "system": (_SYSTEM, _system(request)),
    }
    for name, (columns, table) in tables.items():
        path = os.path.join(folder, f"{name}.parquet")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            open(descriptor, "wb") as file,
            parquet.ParquetWriter(file, _schema(arrow, columns), **_OPTIONS) as writer,
        ):
            for batch in _batches(arrow, columns, table):
                writer.write_batch(batch)


def _module(name: str) -> Any:
    """A part of pyarrow, which is large: it is loaded when something is written."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra("Parquet is written by pyarrow", "parquet") from None


def _schema(arrow: Any, columns: Sequence[_Column]) -> Any:
    return arrow.schema(
        arrow.field(
            column.name,
            _type(arrow, column.type),
            metadata={k: v for k in ("unit", "meaning") if (v := getattr(column, k))},
        )
        for column in columns
    )


def _type(arrow: Any, name: str) -> Any:
    if name == "text":
        return arrow.dictionary(arrow.int32(), arrow.string())
    if name == "time":
        return arrow.timestamp("ns", tz="UTC")
    return getattr(arrow, "bool_" if name == "bool" else name)()


def _batches(
    arrow: Any, columns: Sequence[_Column], table: Iterable[tuple[object, ...]]
) -> Iterator[Any]:
    schema, lines = _schema(arrow, columns), iter(table)
    while page := list(islice(lines, _BATCH)):
        arrays = [
            _array(arrow, column, values)
            for column, values in zip(columns, zip(*page, strict=True), strict=True)
        ]
        yield arrow.record_batch(arrays, schema=schema)


def _array(arrow: Any, column: _Column, values: Sequence[object]) -> Any:
    if column.type == "text":
        return arrow.array(values, arrow.string()).dictionary_encode()
    return arrow.array(values, _type(arrow, column.type))


# The tables ---------------------------------------------------------------------------------------


def _columns_of_changes(request: Request) -> tuple[_Column, ...]:
    return (*_CHANGES, *_HEADER) if request.by == "mapping" else _CHANGES


def _changes(request: Request) -> Iterator[tuple[object, ...]]:
    names = request.names
    shown: dict[str, str] = {}

    def text(name: str) -> str:
        known = shown.get(name)
        if known is None:
            known = shown[name] = escape(name)
        return known

    def line(row: Row) -> tuple[object, ...]:
        group, sums = row.group, row.sums
        image = row.process.image_at(row.first_tick)
        told = (
            *(row.process.id, row.process.pid),
            text(names.program("" if image is None else image.name)),
            *(row.first_ns, row.last_ns, row.state.label, group.kind.value),
            *(text(names.group(group.kind, group.name)), names.build_id(group.build_id)),
            *(sums.mappings, sums.size, *sums.figures),
        )
        if group.mapping is None:
            return told
        *header, pathname = group.mapping
        return *told, *header, text(names.path(pathname))

    return map(line, rows(request, with_builds=True))


def _processes(request: Request) -> Iterator[tuple[object, ...]]:
    names = request.names
    for process in request.processes:
        machine: Machine = request.recording.machine(process.id)
        exe = None if process.exe is None else names.path(process.exe)
        texts = (names.program(process.name), names.command_line(process.command_line), exe)
        yield (
            *(process.id, process.pid, process.start_time, process.parent_pid),
            names.user(process.uid),
            *(_shown(text) for text in (*texts, names.cgroup(process.cgroup))),
            *(process.first_seen, process.last_seen, process.ended),
            *(_shown(names.host(machine.hostname)), _shown(machine.kernel)),
        )


def _shown(text: str | None) -> str | None:
    return None if text is None else escape(text)


def _layouts(request: Request) -> Iterator[tuple[object, ...]]:
    for process, measurement in _measurements(request):
        if measurement.totals is not None:
            yield *_measured(process, measurement), *measurement.totals


def _readings(request: Request) -> Iterator[tuple[object, ...]]:
    names = [metric.name for metric in READING]
    for process, measurement in _measurements(request):
        values = (getattr(measurement.reading, name) for name in names)
        yield *_measured(process, measurement), *values


def _measured(process: RecordedProcess, measurement: Measurement) -> tuple[object, ...]:
    return measurement.id, process.id, measurement.time, measurement.state.label


def _measurements(request: Request) -> Iterator[tuple[RecordedProcess, Measurement]]:
    for process in request.processes:
        for measurement in request.measurements(process):
            yield process, measurement


def _system(request: Request) -> Iterator[tuple[object, ...]]:
    axis = request.recording.axis
    place_of = {row.tick: row.time for row in request.recording.tick_rows()}
    for row in request.recording.meminfo_rows():
        place = place_of.get(row.tick)
        if place is not None and request.covers(place):
            yield row.tick, axis.wall(place), _shown(row.field), row.value
