"""Sends points to a collector by OTLP over HTTP, through OpenTelemetry's own SDK and exporter.

Points are sent once. The exporter's habit of sending again after a connection broke is stopped,
for nobody knows what had arrived by then; a collector that says to come again later (429, 503) has
taken nothing, so that is done, and told.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from ..errors import CannotSend, MissingExtra, UsageError
from ..render.escape import escape
from ..units import plural

Attributes = Mapping[str, str]
#: Who or what points are of: names and values.
Resource = tuple[tuple[str, str | int], ...]
_PATH = "/v1/metrics"
_COMPRESSION = ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION")
#: Of what a collector answers so much is read.
_LONGEST_ANSWER = 64 * 1024
#: By these a collector says that it took nothing, and may later.
_LATER = (429, 503)
_BUSY = "the collector is busy ({})"
_SHOWN = 120


class Instrument(NamedTuple):
    """What is measured. "sum": it may go up and down, and be added up."""

    name: str
    unit: str
    description: str
    shape: Literal["gauge", "sum", "counter"]


class Point(NamedTuple):
    """A value of a series at a time, UTC nanoseconds."""

    resource: Resource
    instrument: Instrument
    attributes: Attributes
    time_ns: int
    value: int | float


def url_of(endpoint: str) -> str:
    """Where metrics go: a collector's address gets the path that the protocol gives them.

    Raises UsageError.
    """
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 raises ValueError for what is no port
    except ValueError:
        is_address = False
    if not is_address or not endpoint.isprintable():
        raise UsageError(f"{endpoint!r} is no address of a collector; write http://localhost:4318")
    return endpoint.rstrip("/") + _PATH if parts.path in ("", "/") else endpoint


class Collector:
    """Where points go. `say` is told what a user should know. To be closed.

    `shown` is its address without a password, `sent` how many points it took.

    Raises MissingExtra.
    """

    def __init__(self, url: str, version: str, say: Callable[[str], None]) -> None:
        self.sent = 0
        # A password may stand in front of the host.
        parts = urlsplit(url)
        self.shown = escape(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
        self._say, self._version = say, version
        self._sdk = _module("opentelemetry.sdk.metrics.export")
        self._resource = _module("opentelemetry.sdk.resources").Resource
        self._scope = _module("opentelemetry.sdk.util.instrumentation").InstrumentationScope
        http = _module("opentelemetry.exporter.otlp.proto.http")
        self._log = _Log()
        logger = logging.getLogger("opentelemetry")
        logger.addHandler(self._log)
        logger.propagate = False  # what it has to say is one line, and that is ours
        self._session = _session(self._on_retry)
        compression = None if any(map(os.environ.get, _COMPRESSION)) else http.Compression.Gzip
        exporter = _module(f"{http.__name__}.metric_exporter").OTLPMetricExporter
        self._exporter = exporter(endpoint=url, session=self._session, compression=compression)

    def close(self) -> None:
        """Give the connection back."""
        self._exporter.shutdown()

    def send(self, points: Sequence[Point]) -> None:
        """Send points in one request. Raises CannotSend: what is not known to have arrived."""
        self._log.last = ""
        self._session.begin()
        result = self._exporter.export(self._metrics_data(points))
        if result is not self._sdk.MetricExportResult.SUCCESS or self._session.problem:
            raise CannotSend(self._why(points))
        rejected, said = self._rejected(self._session.answer)
        if rejected:
            raise CannotSend(f"{self.shown}: refused {_count(rejected)}{said}; {self._arrived()}")
        if said:
            self._say(f"{self.shown}: the collector warns{said}")
        self.sent += len(points)

    def _why(self, points: Sequence[Point]) -> str:
        session = self._session
        busy = _BUSY.format(session.status) if session.status in _LATER else None
        said = busy or self._log.last or "cannot send"
        problem = session.problem or _Problem(said, is_sure=True)
        unsure = "" if problem.is_sure else f"; whether {_count(len(points))} arrived is not known"
        return f"{self.shown}: {problem.text}{unsure}; {self._arrived()}"

    def _arrived(self) -> str:
        return f"{_count(self.sent)} arrived before" if self.sent else "nothing arrived before"

    def _on_retry(self, status: int) -> None:
        self._say(f"{self.shown}: {_BUSY.format(status)}; the same points are sent again")

    @staticmethod
    def _rejected(answer: bytes) -> tuple[int, str]:
        """How many points the collector did not take, and what it says."""
        service = _module("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
        told = service.ExportMetricsServiceResponse()
        try:
            told.ParseFromString(answer)
        except Exception:  # protobuf's DecodeError: no answer of a collector
            return 0, ""
        partial = told.partial_success
        said = escape(partial.error_message[:_SHOWN])
        return int(partial.rejected_data_points), f" ({said})" if said else ""

    def _metrics_data(self, points: Sequence[Point]) -> Any:
        """The points as the SDK has them: by resource, then by instrument."""
        sorted_out: dict[Resource, dict[Instrument, list[Any]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for point in points:
            # The start of the series is not told: of most nobody knows it.
            told = self._sdk.NumberDataPoint(point.attributes, 0, point.time_ns, point.value)
            sorted_out[point.resource][point.instrument].append(told)
        scope = self._scope("memory_watcher", self._version)
        return self._sdk.MetricsData(
            [
                self._sdk.ResourceMetrics(
                    self._resource(dict(resource)),
                    [self._sdk.ScopeMetrics(scope, [*map(self._metric, of.items())], "")],
                    "",
                )
                for resource, of in sorted_out.items()
            ]
        )

    def _metric(self, of: tuple[Instrument, list[Any]]) -> Any:
        instrument, points = of
        if instrument.shape == "gauge":
            shaped = self._sdk.Gauge(points)
        else:
            cumulative = self._sdk.AggregationTemporality.CUMULATIVE
            shaped = self._sdk.Sum(points, cumulative, instrument.shape == "counter")
        name, unit, description, _ = instrument
        return self._sdk.Metric(name, description, unit, shaped)


def _count(points: int) -> str:
    return plural(points, "point", "points")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra("OTLP is sent by opentelemetry-sdk", "otlp") from None


class _Log(logging.Handler):
    """Keeps what the exporter said last."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.last = escape(record.getMessage()[:_SHOWN])


class _Problem(Exception):
    """Why points were not taken; `is_sure` that they were not."""

    def __init__(self, text: str, *, is_sure: bool) -> None:
        super().__init__(text)
        self.text, self.is_sure = text, is_sure


def _session(on_retry: Callable[[int], None]) -> Any:
    """A session of requests: nothing is sent twice unless the server said that it took nothing."""
    plain = _module("requests").Session

    class Once(plain):  # type: ignore[misc,valid-type]
        def begin(self) -> None:
            """Begin with other points."""
            self.answer = b""
            self.problem: _Problem | None = None
            self.status = 0

        def request(self, *arguments: Any, **named: Any) -> Any:
            if self.problem is not None:
                raise self.problem
            if self.status:
                on_retry(self.status)
            # A connection that is kept may be closed just when it is used again.
            named["headers"] = {**(named.get("headers") or {}), "Connection": "close"}
            named.update(allow_redirects=False, stream=True)
            try:
                response = super().request(*arguments, **named)
                self.answer = response.raw.read(_LONGEST_ANSWER, decode_content=True)
                response.close()
            except Exception as error:
                self.problem = _problem_of(error, named.get("timeout"))
                raise self.problem from None
            self.status = response.status_code
            if not 200 <= self.status < 300 and self.status not in _LATER:
                reason = escape(f"{self.status} {response.reason}"[:_SHOWN])
                # What a gateway could not pass on may have been passed on nevertheless.
                self.problem = _Problem(
                    f"the collector answered {reason}", is_sure=self.status not in (502, 504)
                )
                raise self.problem
            return response

    session = Once()
    session.begin()
    return session


def _problem_of(error: Exception, timeout: object) -> _Problem:
    """What an error of requests means for who sends."""
    names = {each.__name__ for each in type(error).__mro__}
    inner = str(error)
    if "SSLError" in names:
        return _Problem("its certificate cannot be trusted, or it speaks no TLS", is_sure=True)
    if "ConnectTimeout" in names or "NewConnectionError" in inner or "NameResolution" in inner:
        return _Problem("the collector cannot be reached; check its address", is_sure=True)
    if "Timeout" in "".join(names) or "timed out" in inner:
        seconds = f"{timeout:.0f} s" if isinstance(timeout, int | float) else "its time"
        return _Problem(f"the collector did not answer within {seconds}", is_sure=False)
    if "ProxyError" in names:
        return _Problem("the proxy cannot be reached", is_sure=True)
    return _Problem("the collector closed the connection", is_sure=False)
