"""Requests made up by Schemathesis from a service's OpenAPI document, and what came of them.

Half of the requests fit the document, half do not. Ids of things that there are, versions and
people are put in, so that requests reach further than the first check.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.errors import SchemathesisError
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from epep_runtime.testing import ServiceUnderTest

ENDLESS = {"GET /board/stream"}
"""Answers that last as long as the token; their refusals are walked by the matrix."""
KNOWN_ID, VERSION, WRITTEN, REFRESH = 0.7, 0.6, 0.02, 400
PATIENCE_SECONDS = 60
TAKEN_FROM_CASE = {"method", "url", "headers", "params", "json", "data", "files", "cookies"}


@dataclass
class Ground:
    """Where the requests go: a service, who asks, ids that there are by their parameter's name.

    `people` are headers by role, None for nobody; `renew` makes all of it anew, for requests
    change and end things.
    """

    service: ServiceUnderTest
    people: Mapping[str, Mapping[str, str]]
    ids: Mapping[str, Sequence[str]]
    renew: Callable[[], Awaitable[None]]


@dataclass
class Outcome:
    """How many requests were answered with which status, and the answers that must not be."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Return how many requests were sent."""
        return self.statuses.total()

    def __str__(self) -> str:
        told = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        return "\n".join([f"{self.asked} requests ({told})", *self.wrong.values()])


@dataclass(frozen=True)
class Sent:
    """One request as it goes out."""

    role: str
    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Fuzzer:
    """Sends made-up requests to one service from a thread beside its event loop."""

    def __init__(self, ground: Ground, loop: asyncio.AbstractEventLoop, number: int) -> None:
        self.ground, self._loop, self._number = ground, loop, number
        self._chance = random.Random(number)
        self.outcome = Outcome()

    async def run(self, document: Mapping[str, Any], cases: int) -> Outcome:
        """Send some `cases` requests, the same number to each operation."""
        await asyncio.to_thread(self._all, dict(document), cases)
        return self.outcome

    def _all(self, document: dict[str, Any], cases: int) -> None:
        schema = schemathesis.openapi.from_dict(document)
        found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
        operations = [each for each in found if each.label not in ENDLESS]
        share = max(1, round(cases / len(operations) / 2))
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._some(operation, mode, share)

    def _some(self, operation: APIOperation[Any, Any, Any, Any], mode: Any, share: int) -> None:
        @seed(self._number)
        @settings(
            max_examples=share,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Case[Any]) -> None:
            self._send(case)

        try:
            one()
        except (SchemathesisError, Unsatisfiable):
            assert mode is GenerationMode.NEGATIVE, operation.label  # nothing in it can be wrong

    def _send(self, case: Case[Any]) -> None:
        sent = self._request(case)
        answer = self._wait(self._ask(sent))
        self.outcome.statuses[answer.status_code] += 1
        if problem := judged(answer):
            told = f"{case.operation.label} as {sent.role}: {problem}"
            body = sent.body[:600].decode(errors="replace")
            self.outcome.wrong.setdefault(told[:120], f"{told}\n  {sent.url}\n  {body}")
        if self.outcome.asked % REFRESH == 0 or (answer.status_code == 401 and self._tired()):
            self._wait(self.ground.renew())

    def _tired(self) -> bool:
        return self._chance.random() < 0.01

    def _wait(self, coming: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coming, self._loop).result(PATIENCE_SECONDS)

    def _request(self, case: Case[Any]) -> Sent:
        chance = self._chance
        self._put_known(case)
        told = case.as_transport_kwargs(base_url="http://test")
        kept = {name: value for name, value in told.items() if name in TAKEN_FROM_CASE}
        made = requests.Request(**kept).prepare()
        headers = {str(name).lower(): value for name, value in (made.headers or {}).items()}
        if chance.random() > WRITTEN:
            headers.pop("epep-written", None)
        if chance.random() < VERSION:
            headers["if-match"] = f'"{chance.randint(1, 8)}"'
        role = chance.choice(sorted(self.ground.people))
        headers |= {name.lower(): value for name, value in self.ground.people[role].items()}
        body = made.body or b""
        return Sent(
            role,
            str(made.method),
            str(made.url),
            [(_bytes(name), _bytes(value)) for name, value in headers.items()],
            body if isinstance(body, bytes) else str(body).encode(),
        )

    def _put_known(self, case: Case[Any]) -> None:
        for place in ("path_parameters", "query", "body"):
            values = getattr(case, place)
            if isinstance(values, dict):
                known = [name for name in values if name in self.ground.ids]
                better = {
                    name: self._chance.choice(self.ground.ids[name])
                    for name in known
                    if self._chance.random() < KNOWN_ID
                }
                setattr(case, place, {**values, **better})

    async def _ask(self, sent: Sent) -> httpx.Response:
        return await self.ground.service.client.request(
            sent.method, sent.url, headers=sent.headers, content=sent.body
        )


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")


def judged(answer: httpx.Response) -> str | None:
    """Return what is wrong with an answer: an error of the server, or no problem document."""
    status = answer.status_code
    if status == 503 and "retry-after" in answer.headers:
        return None
    if status >= 500:
        return f"{status} {answer.text[:300]}"
    kind = answer.headers.get("content-type", "")
    if status >= 400 and not kind.startswith("application/problem+json"):
        return f"{status} as {kind!r} {answer.text[:100]}"
    return None
