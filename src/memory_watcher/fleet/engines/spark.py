"""Apache Spark, through pyspark: a cluster whose workers see the dataset under the same path."""

from __future__ import annotations

import importlib
import os
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ...errors import MissingExtra
from ..asked import names_in
from .base import PAGE, Answer, QueryFailed, Table, UnreadablePart, first_line, nothing, others

_ADDRESS = re.compile(r"spark://[^\s/,:]+:\d+(,[^\s/,:]+:\d+)*")
#: A cluster on this machine is asked from an address that only this machine has.
_LOOPBACK = re.compile(r"spark://(127\.|localhost[:.]|\[::1\])")
#: Seconds for a master to answer.
_PATIENCE = 10
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.memory": "512m",
    "spark.executor.memory": "512m",
    "spark.cores.max": "8",
}


def is_address(text: str) -> bool:
    """Whether it is the address of a cluster."""
    return _ADDRESS.fullmatch(text) is not None


class Spark:
    """A session on a cluster: `master` is `spark://HOST:PORT`."""

    def __init__(self, master: str) -> None:
        self._master = master
        self._sql = _module("pyspark.sql")
        errors, java = _module("pyspark.errors"), _module("py4j.protocol")
        self._failures = (errors.PySparkException, java.Py4JError)
        self._wrong = (errors.AnalysisException,)  # the SQL itself, its names and types
        self._folder = tempfile.TemporaryDirectory(prefix="memory-watcher-")
        self._session: Any = None

    def ask(self, tables: Sequence[Table], sql: str, values: Mapping[str, object]) -> Answer:
        """The answer to one SELECT. Raises QueryFailed."""
        try:
            session = self._connected()
            self._only_select(session, sql)
            for table in tables:
                _read(session, table).createOrReplaceTempView(table.name)
            frame = session.sql(sql, args={name: values[name] for name in names_in(sql)})
            rows = map(tuple, frame.toLocalIterator())
            first = list(islice(rows, PAGE))
        except self._failures as error:
            raise self._failed(error) from None
        return Answer(tuple(frame.columns), chain(first, self._rest(rows)))

    def _connected(self) -> Any:
        if self._session is None:
            _reach(self._master)
            builder = self._sql.SparkSession.builder.master(self._master).appName("memory-watcher")
            settings = {**_SETTINGS, "spark.sql.warehouse.dir": self._folder.name}
            if _LOOPBACK.match(self._master):
                settings["spark.driver.host"] = settings["spark.driver.bindAddress"] = "127.0.0.1"
            for name, value in settings.items():
                builder = builder.config(name, value)
            log = Path(self._folder.name) / "log"
            try:
                with _errors_to(log):  # Java says much while it starts
                    self._session = builder.getOrCreate()
                    self._session.sparkContext.setLogLevel("OFF")
            except Exception as error:
                said = _said(log) or first_line(error)
                raise QueryFailed(f"Spark: {self._master}: {said}") from None
        return self._session

    def _only_select(self, session: Any, sql: str) -> None:
        parser = session._jsparkSession.sessionState().sqlParser()
        try:
            parser.parseQuery(sql)
        except self._failures as error:
            raise QueryFailed(f"Spark: {first_line(error)}") from None

    def _rest(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from rows
        except self._failures as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> QueryFailed:
        kind = QueryFailed if isinstance(error, self._wrong) else UnreadablePart
        return kind(f"Spark: {first_line(error)}")

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.stop()
        self._folder.cleanup()


def _reach(master: str) -> None:
    """Spark itself would try for minutes. Raises QueryFailed if no master answers."""
    why = ""
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), _PATIENCE):
                return
        except (OSError, OverflowError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
    raise QueryFailed(f"{master}: no Spark master answers: {why}")


def _read(session: Any, table: Table) -> Any:
    """The table as a frame; an older file may lack columns, which are null then."""
    if not table.files and not table.partly:
        return session.sql(nothing(table))
    schema = ", ".join(f"{name} {of}" for name, of in table.columns.items())
    reader = session.read.schema(schema)
    frames = [reader.parquet(*map(_pattern, table.files))] if table.files else []
    for path, lost in table.partly.items():
        frames.append(reader.parquet(_pattern(path)).where(others(lost)))
    return reduce(lambda one, other: one.unionByName(other), frames)


def _pattern(path: str) -> str:
    """A path for this one file alone: to Spark, names of files are patterns."""
    return re.sub(r"[\\*?{}\[\]]", r"\\\g<0>", os.path.abspath(path))


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra("Spark is asked through pyspark", "spark") from None


# Java says much on the standard error -----------------------------------------------------------


@contextmanager
def _errors_to(path: Path) -> Iterator[None]:
    """Let this process's standard error, and that of the programs it starts, go to a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.close(log)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _said(log: Path) -> str:
    """The first line in which Java names an error."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return next((line.strip() for line in lines if re.search(r"Exception|Error", line)), "")
