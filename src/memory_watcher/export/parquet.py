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

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from ..metrics import READING, TOTALS
from ..model import Machine
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from .columns import FIGURE_COLUMNS, Column, batches, module, schema, shown, write_parquet
from .request import Request
from .rows import Row, rows

_PROCESS = Column("process_id", "int32", "", "Number of the process in the recording")
_CHANGES = (
    _PROCESS,
    Column("pid", "int32"),
    Column("process", "text", "", "What the program was called"),
    Column("first_time", "time", "ns", "The first layout at which it was so"),
    Column("last_time", "time", "ns", "The last layout at which it was so"),
    Column("state", "text", "", "How good the first layout is: exact, torn, unchecked"),
    Column("kind", "text", "", "What the memory is for"),
    Column("name", "text", "", "What it is summed up under"),
    Column("build_id", "text", "", "Build ID of the file"),
    Column("mappings", "int32", "count", "How many mappings there are"),
    Column("size", "int64", "bytes", "Address space"),
    *FIGURE_COLUMNS,
)
_HEADER = (
    Column("start", "uint64", "", "Address"),
    Column("end", "uint64", "", "Address behind the last one"),
    Column("perms", "text"),
    Column("offset", "uint64", "bytes", "Into the file"),
    Column("dev", "int64", "", "Device: major << 20 | minor"),
    Column("inode", "uint64"),
    Column("pathname", "text"),
)
_PROCESSES = (
    _PROCESS,
    Column("pid", "int32"),
    Column("start_time", "int64", "1/100 s", "Since boot"),
    Column("parent_pid", "int32"),
    Column("uid", "int64"),
    Column("name", "text", "", "The last one it had"),
    Column("command_line", "text"),
    Column("exe", "text"),
    Column("cgroup", "text"),
    Column("first_seen", "time", "ns"),
    Column("last_seen", "time", "ns"),
    Column("ended", "bool", "", "Whether it was seen to end"),
    Column("hostname", "text"),
    Column("kernel", "text"),
)
_MEASURED = (
    Column("measurement_id", "int64"),
    _PROCESS,
    Column("time", "time", "ns", "When it was read"),
    Column("layout_state", "text", "", "How good the layout is, or why there is none"),
)
_LAYOUTS = (*_MEASURED, *(Column(m.name, "int64", m.unit, m.meaning) for m in TOTALS))
_READINGS = (
    *_MEASURED,
    *(Column(m.name, "text" if m.unit == "text" else "int64", m.unit, m.meaning) for m in READING),
)
_SYSTEM = (
    Column("tick", "int64"),
    Column("time", "time", "ns", "When the value changed"),
    Column("field", "text", "", "The kernel's own name in /proc/meminfo"),
    Column("value", "int64", "bytes", "Bytes; a count for HugePages_*"),
)


def write(request: Request, out: BinaryIO) -> None:
    """Write the changes as an Arrow stream. Raises MissingExtra."""
    arrow = module("pyarrow")
    columns = _columns_of_changes(request)
    with arrow.ipc.new_stream(out, schema(arrow, columns)) as writer:
        for batch in batches(arrow, columns, _changes(request)):
            writer.write_batch(batch)


def write_folder(request: Request, folder: str) -> None:
    """Write a file for each table into a folder. Raises MissingExtra."""
    tables: dict[str, tuple[Sequence[Column], Iterable[tuple[object, ...]]]] = {
        "processes": (_PROCESSES, _processes(request)),
        "changes": (_columns_of_changes(request), _changes(request)),
        "layouts": (_LAYOUTS, _layouts(request)),
        "readings": (_READINGS, _readings(request)),
        "system": (_SYSTEM, _system(request)),
    }
    for name, (columns, table) in tables.items():
        path = os.path.join(folder, f"{name}.parquet")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            write_parquet(file, columns, table)


# The tables ---------------------------------------------------------------------------------------


def _columns_of_changes(request: Request) -> tuple[Column, ...]:
    return (*_CHANGES, *_HEADER) if request.by == "mapping" else _CHANGES


def _changes(request: Request) -> Iterator[tuple[object, ...]]:
    names = request.names
    escaped: dict[str, str] = {}

    def text(name: str) -> str:
        known = escaped.get(name)
        if known is None:
            known = escaped[name] = escape(name)
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
        *header, pathname = names.header(group.mapping)
        return *told, *header, text(pathname)

    return map(line, rows(request, with_builds=True))


def _processes(request: Request) -> Iterator[tuple[object, ...]]:
    names = request.names
    for process in request.processes:
        machine: Machine = request.recording.machine(process.id)
        exe = None if process.exe is None else names.path(process.exe)
        texts = (names.program(process.name), names.command_line(process.command_line), exe)
        yield (
            *(process.id, process.pid, names.start_time(process.start_time)),
            *(process.parent_pid, names.user(process.uid)),
            *(shown(text) for text in (*texts, names.cgroup(process.cgroup))),
            *(process.first_seen, process.last_seen, process.ended),
            *(shown(names.host(machine.hostname)), shown(names.kernel(machine.kernel))),
        )


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
            yield row.tick, axis.wall(place), shown(row.field), row.value
