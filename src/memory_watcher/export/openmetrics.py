r"""OpenMetrics text, for Prometheus to backfill (`promtool tsdb create-blocks-from openmetrics`).

One family has the mappings, by kind or by the names that ever had most; one more for each figure of
a process: see `samples`. What is not printable in a label is written as \xNN.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, BinaryIO

from ..metrics import READING, Metric
from ..model import Reading
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from ..units import MILLISECOND
from .request import Request
from .samples import Key, Told, mapping_moments

_PREFIX = "memory_watcher"
_MAPPINGS = f"{_PREFIX}_mapping_bytes"
_IN_MEMORY = 1 << 15
_SUFFIXES = {"bytes": "bytes", "1/100 s": "seconds"}


def write(request: Request, out: BinaryIO) -> None:
    """Write all families: a family's samples stand together, and so do those of a series."""
    about = "Memory of the mappings of a process, by what they are for"
    out.write(f"# TYPE {_MAPPINGS} gauge\n# UNIT {_MAPPINGS} bytes\n".encode())
    out.write(f"# HELP {_MAPPINGS} {about}.\n".encode())
    for process in request.processes:
        _write_mappings(request, process, out)
    for metric in READING:
        if metric.unit != "text":
            _write_readings(request, metric, out)
    out.write(b"# EOF\n")


class _Series:
    """Samples of one series, in a file once they are many: value and time, a line each."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._told = Told()

    def add(self, time_ms: int, value: int | None) -> None:
        """Tell a value, if it is due."""
        if value is not None and self._told.is_due(time_ms * MILLISECOND, value):
            self._file.write(b"%d %.3f\n" % (value, time_ms / 1000))

    def lines(self, name: str) -> Iterator[bytes]:
        """The samples with the series' name in front."""
        self._file.seek(0)
        begin = f"{name} ".encode()
        return (begin + line for line in self._file)


def _write_mappings(request: Request, process: RecordedProcess, out: BinaryIO) -> None:
    series: dict[tuple[Key, str], _Series] = {}
    with ExitStack() as files:
        for time_ns, sums in mapping_moments(request, process):
            for key, of_key in sums.items():
                for figure, value in of_key.items():
                    if (key, figure) not in series:
                        file = files.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))
                        series[key, figure] = _Series(file)
                    series[key, figure].add(time_ns // MILLISECOND, value)
        for (key, name), samples in sorted(series.items(), key=lambda each: str(each[0])):
            labels = {**_labels(request, process), "kind": key.kind, "figure": name}
            if key.name is not None:
                labels["name"] = key.name
            out.writelines(samples.lines(f"{_MAPPINGS}{_braced(labels)}"))


def _write_readings(request: Request, metric: Metric, out: BinaryIO) -> None:
    unit = _SUFFIXES.get(metric.unit)
    name = "_".join([_PREFIX, "process", metric.name, *([unit] if unit else [])])
    kind = "counter" if metric.is_counter else "gauge"
    head = f"# TYPE {name} {kind}\n" + (f"# UNIT {name} {unit}\n" if unit else "")
    head += f"# HELP {name} {_help(metric)}\n"
    sample = f"{name}_total" if metric.is_counter else name
    scale = 100 if metric.unit == "1/100 s" else 1
    for process in request.processes:
        begin = f"{sample}{_braced(_labels(request, process))}"
        for time_ms, value in _changes(request.measurements(process), metric):
            shown = value if scale == 1 else value / scale
            out.write(f"{head}{begin} {shown} {time_ms / 1000:.3f}\n".encode())
            head = ""  # a family without a sample has no head either


def _help(metric: Metric) -> str:
    return f"{metric.described} ({metric.source})".replace("\\", "\\\\").replace("\n", " ")


def _changes(measurements: Iterable[Measurement], metric: Metric) -> Iterator[tuple[int, int]]:
    """When a figure of a reading changed, ms, and at least once a minute."""
    told = Told()
    for measurement in measurements:
        value = _value(measurement.reading, metric)
        time_ms = measurement.time // MILLISECOND
        if value is not None and told.is_due(time_ms * MILLISECOND, value):
            yield time_ms, value


def _value(reading: Reading, metric: Metric) -> int | None:
    value: int | None = getattr(reading, metric.name)
    return value


def _labels(request: Request, process: RecordedProcess) -> dict[str, str]:
    """What tells a process apart: the same PID may have come back."""
    labels = {"pid": str(process.pid), "process": request.names.program(process.name)}
    if sum(each.pid == process.pid for each in request.processes) > 1:
        labels["process_id"] = str(process.id)
    return labels


def _braced(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{key}="{_label(value)}"' for key, value in labels.items()) + "}"


def _label(text: str) -> str:
    return escape(text).replace("\\", "\\\\").replace('"', '\\"')
