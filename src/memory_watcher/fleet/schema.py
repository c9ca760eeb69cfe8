r"""The tables of a fleet: what each column is called, its type, unit and meaning.

A day is one of UTC. Times are UTC nanoseconds as whole numbers, because not every engine reads
timestamps of nanoseconds; sizes are bytes; null is what was not reported. What is not printable in
a name is written as \xNN. Command lines stay on the host: they can hold secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..export.columns import FIGURE_COLUMNS, Column

#: What every table begins with.
_UNIT = (
    Column("day", "date32", "", "Day (UTC) of the row; the folder says the same"),
    Column("recording", "text", "", "Which recording: the same number however often it was added"),
    Column("hostname", "text", "", "What the machine calls itself"),
)
_PROCESS = (
    Column("process_id", "int32", "", "Number of the process in the recording"),
    Column("pid", "int32"),
    Column("process", "text", "", "What it is called (comm)"),
    Column("program", "text", "", "The file it executes; what it is called if that is not known"),
)
_STARTED = Column("started_ns", "int64", "ns", "When it started, UTC; for its age at a time")

HOSTS = (
    *_UNIT,
    Column("machine", "text", "", "Hash of the machine ID; null if added on another machine"),
    Column("boot", "text", "", "Hash of the boot ID: process start times count from a boot"),
    Column("kernel", "text", "", "Release, as uname -r"),
    Column("cpus", "int32", "count", "How many are online"),
    Column("memory_total", "int64", "bytes", "RAM that the kernel manages"),
    Column("version", "text", "", "Version of memory-watcher that recorded"),
    Column("release", "text", "", "The label `release`"),
    Column("labels", "text", "", "All labels: a JSON object, its keys sorted"),
    Column("first_ns", "int64", "ns", "The first tick of the day"),
    Column("last_ns", "int64", "ns", "The last tick of the day"),
    Column("ticks", "int64", "count", "How many ticks the day has"),
    Column("processes", "int64", "count", "How many processes were recorded on the day"),
    Column("recorder_cpu_ns", "int64", "ns", "CPU time of the recorder itself on the day"),
    Column("recorder_lasted_ns", "int64", "ns", "How long it recorded on the day"),
    Column("recorder_peak_rss", "int64", "bytes", "Highest RSS of the recorder, if it has ended"),
    Column("every_ns", "int64", "ns", "Of so long a time one layout of a process is kept"),
    Column("last_tick", "int64", "", "Number of the last tick of the day"),
    Column("added_ns", "int64", "ns", "When it was added"),
    Column("fingerprint", "text", "", "Of what the day consists: equal if there is nothing new"),
)
PROCESSES = (
    *_UNIT,
    *_PROCESS,
    Column("start_time", "int64", "1/100 s", "Since boot"),
    _STARTED,
    Column("parent_pid", "int32"),
    Column("uid", "int64"),
    Column("build_id", "text", "", "Build ID of the program"),
    Column("container_id", "text"),
    Column("container", "text", "", "Name of the container"),
    Column("image", "text", "", "Image of the container"),
    Column("pod", "text"),
    Column("namespace", "text"),
    Column("unit", "text", "", "Unit of systemd"),
    Column("first_ns", "int64", "ns", "First seen on the day"),
    Column("last_ns", "int64", "ns", "Last seen on the day"),
    Column("ended", "bool", "", "Whether it was seen to end on the day"),
    Column("exit_code", "int32", "", "Null also where a signal ended it"),
    Column("signal", "int32", "", "The signal that ended it"),
    Column("readings", "int64", "count", "How often it was read on the day"),
    Column("layouts", "int64", "count", "How many layouts were read on the day"),
    Column("max_rss", "int64", "bytes", "Highest RSS read on the day"),
    Column("high_water_mark", "int64", "bytes", "VmHWM: highest RSS since its execve"),
    Column("max_pss", "int64", "bytes", "Highest PSS of a layout of the day"),
    Column("max_uss", "int64", "bytes", "Highest USS of a layout of the day"),
    Column("max_swap", "int64", "bytes", "Most in swap on the day"),
    Column("max_mappings", "int64", "count", "Most mappings of a layout of the day"),
    Column("peak_ns", "int64", "ns", "When the layout of table peaks was read"),
)
CHANGES = (
    *_UNIT,
    *_PROCESS,
    _STARTED,
    Column("first_ns", "int64", "ns", "The first kept layout at which it was so"),
    Column("last_ns", "int64", "ns", "The last kept layout at which it was so"),
    Column("state", "text", "", "How good the first one is: exact, torn, unchecked"),
    Column("kind", "text", "", "What the memory is for"),
    Column("name", "text", "", "What it is summed up under"),
    Column("build_id", "text", "", "Build ID of the file"),
    Column("mappings", "int32", "count", "How many mappings there are"),
    Column("size", "int64", "bytes", "Address space"),
    *FIGURE_COLUMNS,
)
PEAKS = (
    *_UNIT,
    *_PROCESS,
    Column("time_ns", "int64", "ns", "When the layout was read"),
    Column("state", "text", "", "How good it is: exact, torn, unchecked"),
    Column("figure", "text", "", "By which figure it is the highest: pss, or what replaces it"),
    Column("kind", "text", "", "What the mapping is for"),
    Column("name", "text", "", "What it is summed up under"),
    Column("build_id", "text", "", "Build ID of the file"),
    Column("start", "int64", "", "Address; above 2^63 less 2^64"),
    Column("size", "int64", "bytes", "Address space"),
    Column("perms", "text"),
    Column("file_offset", "int64", "bytes", "Where in the file it begins; above 2^63 less 2^64"),
    Column("pathname", "text"),
    *FIGURE_COLUMNS,
)
#: Of table system: column -> the line of /proc/meminfo.
MEMINFO: Mapping[str, str] = MappingProxyType(
    {
        "mem_total": "MemTotal",
        "mem_available": "MemAvailable",
        "mem_free": "MemFree",
        "buffers": "Buffers",
        "cached": "Cached",
        "shmem": "Shmem",
        "anon_pages": "AnonPages",
        "slab": "Slab",
        "s_reclaimable": "SReclaimable",
        "page_tables": "PageTables",
        "swap_total": "SwapTotal",
        "swap_free": "SwapFree",
    }
)
SYSTEM = (
    *_UNIT,
    Column("time_ns", "int64", "ns", "The moment of the minute with the least memory available"),
    *(Column(name, "int64", "bytes", f"{line} of /proc/meminfo") for name, line in MEMINFO.items()),
)

#: In the order in which they are put in place: a row of the last one vouches for the others.
TABLES: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "changes": CHANGES,
        "peaks": PEAKS,
        "processes": PROCESSES,
        "system": SYSTEM,
        "hosts": HOSTS,
    }
)
#: What a row of each table is, for readers of docs/fleet.md.
ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "hosts": "A recording on a day: which machine, how it was recorded, and what that cost",
        "processes": "A process on a day, and its highest figures",
        "changes": "Mappings of one kind, name and build, as long as their figures stay",
        "peaks": "A mapping of the layout of a process where its PSS was highest on the day",
        "system": "`/proc/meminfo` at the worst moment of each minute in which it changed",
    }
)
#: The table whose files say what there is.
VOUCHING = "hosts"

#: By these columns engines leave out what a question does not ask for.
_SOUGHT = frozenset({"day", "recording", "hostname", "pid", "first_ns", "last_ns", "time_ns"})


def writer_options(table: str) -> dict[str, Any]:
    """How pyarrow writes a table: files of a day of one host are small, their ends would not be.

    Statistics are of the columns that are searched, dictionaries of texts alone, and what Arrow
    tells besides (units, meanings) stands in docs/fleet.md.
    """
    return {
        "store_schema": False,
        "write_statistics": [each.name for each in TABLES[table] if each.name in _SOUGHT],
        "use_dictionary": [each.name for each in TABLES[table] if each.type == "text"],
    }
