"""Each request is timed and counted by its route, a failed one too."""

from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY

from epep_runtime import http_metrics
from epep_runtime.http import make_app


class Noted:
    """What was logged, and within which trace."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, str], bool]] = []

    def error(self, event: str, **said: str) -> None:
        in_trace = trace.get_current_span().get_span_context().is_valid
        self.lines.append((event, said, in_trace))


def _counted(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("epep_http_request_seconds_count", labels) or 0.0


async def test_a_defect_counts_as_an_error_of_its_route_and_is_logged_with_its_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer itself is made further out; the alarm Errors would not ring without this."""
    router, noted = APIRouter(), Noted()
    monkeypatch.setattr(http_metrics, "log", noted)

    @router.get("/children/{child_id}")
    async def child(child_id: UUID) -> str:
        raise RuntimeError(f"a defect, with {child_id} in it")

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    transport = httpx.ASGITransport(make_app("x", "y", [router], {}), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        before = _counted("/children/{child_id}", 500)
        answer = await client.get("/children/01a20775-e2be-7a75-a1e1-29107af12299")
    assert answer.status_code == 500
    assert _counted("/children/{child_id}", 500) == before + 1
    said = {"method": "GET", "route": "/children/{child_id}", "error": "RuntimeError"}
    assert noted.lines == [("request failed", said, True)]
