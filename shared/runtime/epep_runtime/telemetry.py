"""Logs as JSON lines with trace ids, and traces that follow an event from click to mail."""

import logging
from collections.abc import Iterable, Mapping, MutableMapping
from itertools import islice
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link

from epep_runtime.library_logs import hear_libraries

tracer = trace.get_tracer("epep")
MOST_LINKS = 128


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event


def start_telemetry(service: str, level: str = "INFO", endpoint: str | None = None) -> None:
    """Send logs to stdout as JSON lines, and spans to an OTLP endpoint where one is given."""
    hear_libraries(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    provider = TracerProvider(resource=Resource.create({"service.name": f"epep-{service}"}))
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    trace.set_tracer_provider(provider)


def without_query(span: trace.Span, scope: Mapping[str, Any]) -> None:
    """Keep what people search for out of traces: an address is told without its query.

    The hook of every server span: `server_request_hook` of the instrumentation.
    """
    if span.is_recording():
        headers = dict(scope.get("headers") or ())
        host = headers.get(b"host", b"").decode("latin-1")
        span.set_attribute("http.url", f"{scope.get('scheme', 'http')}://{host}{scope['path']}")


def current_traceparent() -> str | None:
    """Return the W3C traceparent of the current span, to travel with an event."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")


def links_of(traceparents: Iterable[str | None]) -> list[Link]:
    """Return links from a batch to the traces of what is in it, each trace once, 128 at most.

    A batch belongs to many clicks, so it can be the child of none of them.
    """
    distinct = islice(dict.fromkeys(each for each in traceparents if each), MOST_LINKS)
    found = (trace.get_current_span(context_of(each)).get_span_context() for each in distinct)
    return [Link(each) for each in found if each.is_valid]


def link_here() -> list[Link]:
    """Return a link to the current span, from one that belongs to another trace."""
    here = trace.get_current_span().get_span_context()
    return [Link(here)] if here.is_valid else []


def context_of(traceparent: str | None) -> Any:
    """Return the trace context that an event carried, to continue it."""
    return extract({"traceparent": traceparent} if traceparent else {})
