"""The formats that a recording can be exported as: each has a module here with a `write`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from ..answers.walk import By
    from .otlp_collector import Collector
    from .request import Request, Rows

#: "history": all layouts in a span; "moment": one layout, or what differs between two.
#: "database": neither, but what another program needs to open the recording itself.
Shows = Literal["history", "moment", "database"]
#: "folder": several files in a folder (`FolderExporter`), and one on standard output. "database":
#: one file of SQLite (`DatabaseExporter`). "requests": no file, it is sent (`Sender`).
Makes = Literal["file", "folder", "database", "requests"]


class Format(NamedTuple):
    """What a format is and takes; `summary` is a line of help.

    `by` are the groupings that it has, the default first, and `rows` likewise, of histories.
    `ending` is that of its files.
    """

    module: str
    ending: str
    summary: str
    shows: Shows
    by: tuple[By, ...] = ("kind", "name", "mapping")
    rows: tuple[Rows, ...] = ()
    makes: Makes = "file"

    @property
    def default_by(self) -> By:
        """How it groups unless it is told."""
        return self.by[0] if self.by else "kind"


class Exporter(Protocol):
    """What the module of a format of files offers."""

    def write(self, request: Request, out: BinaryIO) -> None:
        """Write all of it, in pieces."""


class FolderExporter(Exporter, Protocol):
    """What the module of a format of several files offers, too."""

    def write_folder(self, request: Request, folder: str) -> None:
        """Write all files into an empty folder."""


class Sender(Protocol):
    """What the module of a format that is sent offers."""

    def send(self, request: Request, collector: Collector) -> None:
        """Send all of it, in pieces."""


class DatabaseExporter(Protocol):
    """What the module of a format that is a database offers."""

    def write_database(self, request: Request, path: str) -> None:
        """Write all of it into an empty file."""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format(
            *("csv_rows", ".csv", "a table for spreadsheets and data frames", "history"),
            rows=("changes", "ticks"),
        ),
        "jsonl": Format(
            *("json_lines", ".jsonl", "a JSON object for each line", "history"),
            rows=("changes", "ticks"),
        ),
        "html": Format(
            *("html_table", ".html", "a table to read in a browser or to mail", "moment"),
            by=("name", "kind", "mapping"),
        ),
        "folded": Format(
            *("folded", ".folded", "stacks for flame graphs", "moment"),
            by=("mapping", "name", "kind"),
        ),
        "pprof": Format(
            *("pprof", ".pb.gz", "a profile for go tool pprof, speedscope, Pyroscope", "moment"),
            by=("mapping", "name", "kind"),
        ),
        "openmetrics": Format(
            *("openmetrics", ".om", "series for Prometheus to backfill", "history"),
            by=("kind", "name"),
            rows=("ticks",),
        ),
        "influx": Format(
            *("influx", ".lp", "points for InfluxDB (line protocol)", "history"),
            by=("kind", "name"),
            rows=("ticks",),
        ),
        "perfetto": Format(
            *("perfetto", ".pftrace.gz", "a trace for Perfetto's memory pages", "history"),
            by=("name", "kind", "mapping"),
            rows=("changes",),
        ),
        "parquet": Format(
            *("parquet", ".parquet", "a folder of tables for DuckDB, pandas, Spark", "history"),
            by=("name", "kind", "mapping"),
            rows=("changes", "ticks"),
            makes="folder",
        ),
        "otlp": Format(
            *("otlp", "", "points sent to a collector of OpenTelemetry", "history"),
            by=("kind", "name"),
            rows=("ticks",),
            makes="requests",
        ),
        "original": Format(
            *("original", ".original.db", "a database as the original of 2021 wrote it", "history"),
            by=("mapping",),
            rows=("ticks",),
            makes="database",
        ),
        "datasette-metadata": Format(
            *("datasette", ".json", "questions for Datasette, which opens FILE itself", "database"),
            by=(),
        ),
    }
)


def exporter(name: str) -> Exporter:
    """The module of a format of files; `write` raises MissingExtra for what is not installed."""
    return cast(Exporter, _module(name))


def folder_exporter(name: str) -> FolderExporter:
    """The same of a format of several files."""
    return cast(FolderExporter, _module(name))


def database_exporter(name: str) -> DatabaseExporter:
    """The same of a format that is a database."""
    return cast(DatabaseExporter, _module(name))


def sender(name: str) -> Sender:
    """The same of a format that is sent."""
    return cast(Sender, _module(name))


def _module(name: str) -> object:
    return importlib.import_module(f".{FORMATS[name].module}", __package__)
