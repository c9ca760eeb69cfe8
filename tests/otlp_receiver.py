"""A collector on loopback, which decodes the official protobuf; or one that does not behave."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

#: What to answer to the request of a number (from 1): a status and a body; None: nothing at all.
Answers = Callable[[int], tuple[int, bytes] | None]


class Receiver:
    """What came, and where to send to."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.requests: list[ExportMetricsServiceRequest] = []
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def points(self) -> Iterator[tuple[dict[str, Any], Any, dict[str, Any], Any]]:
        """The resource, the metric, the attributes and the point of each."""
        for request in self.requests:
            for resource in request.resource_metrics:
                of = plain(resource.resource.attributes)
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        data = getattr(metric, metric.WhichOneof("data"))
                        for point in data.data_points:
                            yield of, metric, plain(point.attributes), point


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as a dict."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def value(point: Any) -> int | float:
    """The value of a point, of whichever type it is."""
    return point.as_int if point.WhichOneof("value") == "as_int" else point.as_double  # type: ignore[no-any-return]


def rejecting(points: int, message: str) -> bytes:
    """The body by which a collector says that it did not take all."""
    answer = ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = points
    answer.partial_success.error_message = message
    return bytes(answer.SerializeToString())


@contextmanager
def receiver(
    answers: Answers = lambda number: (200, b""), *, slow: float = 0.0
) -> Iterator[Receiver]:
    """Run one; it waits `slow` seconds before it answers."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.paths.append(self.path)
            found.bodies.append(body)
            done.wait(slow)
            answer = answers(len(found.bodies))
            if answer is None:
                self.connection.close()
                return
            status, data = answer
            if status == 200:
                request = ExportMetricsServiceRequest()
                request.ParseFromString(body)
                found.requests.append(request)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            """Nobody is told."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    found = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()
