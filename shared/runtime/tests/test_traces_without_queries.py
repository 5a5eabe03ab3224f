"""What people search for is a name as often as not, and a trace is kept by somebody else."""

from typing import Any

import httpx
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from epep_runtime.telemetry import without_query


async def told_of_a_search(**options: Any) -> str:
    """Return everything that the spans of a search by name say."""
    provider, spans = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app = FastAPI()

    @app.get("/home")
    async def home(q: str) -> int:
        return len(q)

    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, **options)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        assert (await client.get("/home?q=Zephyra")).json() == 7
    return " ".join(span.to_json() for span in spans.get_finished_spans())


async def test_a_span_tells_the_address_without_what_was_searched_for() -> None:
    told = await told_of_a_search(server_request_hook=without_query)
    assert "http://testserver/home" in told
    assert "Zephyra" not in told
    assert "Zephyra" in await told_of_a_search()  # which is why
