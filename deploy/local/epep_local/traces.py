"""A collector of OpenTelemetry's spans, as an operator has one, for as long as a test run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PATH = "/v1/traces"


@dataclass(frozen=True)
class Seen:
    """A span and the service that it comes from."""

    service: str
    span: Span

    @property
    def trace(self) -> bytes:
        """Return the id of the trace that the span belongs to."""
        return bytes(self.span.trace_id)


@dataclass
class Traces:
    """What the services have sent; `bodies` are the requests as they came."""

    bodies: list[bytes] = field(default_factory=list)
    _seen: list[Seen] = field(default_factory=list)
    _read: int = 0

    def seen(self) -> list[Seen]:
        """Return every span so far."""
        while self._read < len(self.bodies):
            self._seen += _spans_in(self.bodies[self._read])
            self._read += 1
        return list(self._seen)


def _spans_in(body: bytes) -> list[Seen]:
    found = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        [service] = [
            each.value.string_value
            for each in resource.resource.attributes
            if each.key == "service.name"
        ]
        for scope in resource.scope_spans:
            found += [Seen(service.removeprefix("epep-"), span) for span in scope.spans]
    return found


@contextmanager
def collecting() -> Iterator[Traces]:
    """Collect the spans of every service that is started meanwhile."""
    traces = Traces()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            traces.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: a run's output is for its failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}{PATH}",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    os.environ |= told
    try:
        yield traces
    finally:
        for name in told:
            del os.environ[name]
        server.shutdown()
        server.server_close()
