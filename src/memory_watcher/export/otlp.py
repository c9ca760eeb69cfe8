r"""A recording's history for a collector of OpenTelemetry, each point with its own time.

    process.memory.usage, process.memory.virtual   RSS and address space, by statm
    system.memory.*, system.paging.usage           lines of /proc/meminfo that have names there
    memory_watcher.mapping.usage                   mappings by kind or name: PSS, RSS, USS, swap
    memory_watcher.layout.*                        sums over a layout
    memory_watcher.process.*                       all other figures of a process
    memory_watcher.system.memory                   all other lines of /proc/meminfo

OpenTelemetry has no names for PSS, USS and kinds. A process is a resource of its own, and so is the
machine. A point stands where a figure changed, and at least once a minute: see `samples`. What is
not printable in a name is written as \xNN.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from ..metrics import MEMINFO, READING, TOTALS, Metric
from ..recorded import Measurement, RecordedProcess
from ..render.escape import escape
from .machine import machine_moments
from .otlp_collector import Attributes, Collector, Instrument, Point, Resource
from .request import Request
from .samples import Told, mapping_moments

#: A request has so many points at most.
_A_REQUEST = 5_000
_OWN = "memory_watcher"
_UNITS = {"bytes": "By", "1/100 s": "s", "count": "1"}
_DELETED = " (deleted)"


def _instrument(name: str, metric: Metric) -> Instrument:
    shape: Literal["counter", "gauge"] = "counter" if metric.is_counter else "gauge"
    return Instrument(name, _UNITS[metric.unit], f"{metric.described} ({metric.source})", shape)


def _sized(name: str, about: str) -> Instrument:
    """One that may go up and down, as OpenTelemetry's own of sizes do."""
    return Instrument(name, "By", about, "sum")


_NAMED = {
    "resident": _sized("process.memory.usage", "The amount of physical memory in use"),
    "size": _sized("process.memory.virtual", "The amount of committed virtual memory"),
}
_OF_READING = tuple(
    (metric, _NAMED.get(metric.name) or _instrument(f"{_OWN}.process.{metric.name}", metric))
    for metric in READING
    if metric.unit != "text"
)
_OF_LAYOUT = tuple(
    (metric.name, _instrument(f"{_OWN}.layout.{metric.name}", metric)) for metric in TOTALS
)
_OF_MAPPINGS = Instrument(
    *(f"{_OWN}.mapping.usage", "By", "Memory of the mappings of a process, by what they are for"),
    "gauge",
)
_USAGE = _sized("system.memory.usage", "Reports memory in use by state")
_SLAB = _sized("system.memory.linux.slab.usage", "Memory of the kernel's own objects")
_OTHER_LINES = Instrument(
    f"{_OWN}.system.memory", "By", "Lines of /proc/meminfo by their names", "gauge"
)
#: Lines of /proc/meminfo that have a name in OpenTelemetry's conventions.
_LINES: Mapping[str, tuple[Instrument, Attributes]] = {
    "MemTotal": (_sized("system.memory.limit", "Total memory available"), {}),
    "MemAvailable": (_sized("system.memory.linux.available", "What programs can get"), {}),
    "Shmem": (_sized("system.memory.linux.shared", "Shared memory used, mostly by tmpfs"), {}),
    **{
        line: (_USAGE, {"system.memory.state": state})
        for line, state in (("MemFree", "free"), ("Buffers", "buffers"), ("Cached", "cached"))
    },
    "SReclaimable": (_SLAB, {"linux.memory.slab.state": "reclaimable"}),
    "SUnreclaim": (_SLAB, {"linux.memory.slab.state": "unreclaimable"}),
    "SwapFree": (
        _sized("system.paging.usage", "Unix swap or windows pagefile usage"),
        {"system.paging.state": "free"},
    ),
}


def send(request: Request, collector: Collector) -> None:
    """Send all of it, in order of time for each process. Raises CannotSend."""
    sender = _Sender(collector)
    for process in request.processes:
        resource = _resource(request, process)
        _send_mappings(request, process, sender, resource)
        for measurement in request.measurements(process):
            _send_measurement(measurement, sender, resource)
    _send_machine(request, sender)
    sender.flush()


class _Series(NamedTuple):
    resource: Resource
    instrument: Instrument
    attributes: tuple[tuple[str, str], ...]


class _Sender:
    """Points that wait until there are enough of them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._told: dict[_Series, Told] = defaultdict(Told)
        self._waiting: list[Point] = []

    def add(
        self,
        resource: Resource,
        instrument: Instrument,
        attributes: Attributes,
        time_ns: int,
        value: int | None,
        divisor: int = 1,
    ) -> None:
        """Tell a value of a series, if it is due."""
        series = _Series(resource, instrument, tuple(attributes.items()))
        if value is not None and self._told[series].is_due(time_ns, value):
            shown = value if divisor == 1 else value / divisor
            self._waiting.append(Point(resource, instrument, attributes, time_ns, shown))
            if len(self._waiting) >= _A_REQUEST:
                self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._collector.send(self._waiting)
            self._waiting = []


def _resource(request: Request, process: RecordedProcess) -> Resource:
    """Who a process is, under OpenTelemetry's names; those that are not known are left out."""
    names = request.names
    exe = None if process.exe is None else names.path(process.exe)
    name = names.program(process.name)
    told = {
        "process.executable.name": name
        if exe is None
        else os.path.basename(exe.removesuffix(_DELETED)),
        "process.executable.path": exe,
        "process.linux.cgroup": names.cgroup(process.cgroup),
        f"{_OWN}.process.name": name,
    }
    numbers = {
        "process.pid": process.pid,
        "process.parent_pid": process.parent_pid,
        "process.real_user.id": names.user(process.uid),
        f"{_OWN}.process.id": process.id,
    }
    every: dict[str, str | int | None] = {**_of_machine(request, process), **numbers}
    every |= {key: None if text is None else escape(text) for key, text in told.items()}
    return tuple((key, value) for key, value in every.items() if value not in (None, ""))


def _of_machine(request: Request, process: RecordedProcess) -> dict[str, str | int | None]:
    host = request.names.host(request.recording.machine(process.id).hostname)
    return {
        "service.name": "memory-watcher",
        "os.type": "linux",
        "host.name": None if host is None else escape(host),
    }


def _send_mappings(
    request: Request, process: RecordedProcess, sender: _Sender, resource: Resource
) -> None:
    for time_ns, sums in mapping_moments(request, process):
        for key, figures in sums.items():
            told = {f"{_OWN}.kind": key.kind}
            if key.name is not None:
                told[f"{_OWN}.name"] = escape(key.name)
            for figure, value in figures.items():
                attributes = {**told, f"{_OWN}.figure": figure}
                sender.add(resource, _OF_MAPPINGS, attributes, time_ns, value)


def _send_measurement(measurement: Measurement, sender: _Sender, resource: Resource) -> None:
    for metric, instrument in _OF_READING:
        value = getattr(measurement.reading, metric.name)
        divisor = 100 if metric.unit == "1/100 s" else 1
        sender.add(resource, instrument, {}, measurement.time, value, divisor)
    if measurement.totals is not None:
        for name, instrument in _OF_LAYOUT:
            value = getattr(measurement.totals, name)
            sender.add(resource, instrument, {}, measurement.time, value)


def _send_machine(request: Request, sender: _Sender) -> None:
    lines = [metric.name for metric in MEMINFO]
    told = _of_machine(request, request.processes[0])
    resource: Resource = tuple((key, value) for key, value in told.items() if value is not None)
    axis = request.recording.axis
    for moment in machine_moments(request):
        time_ns = axis.wall(moment.place)
        for line in lines:
            instrument, attributes = _LINES.get(line, (_OTHER_LINES, {f"{_OWN}.line": line}))
            sender.add(resource, instrument, attributes, time_ns, moment.values.get(line))
