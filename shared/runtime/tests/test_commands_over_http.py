"""What a client meets: versions, first answers again, problems, limits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from submitting import router

from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.ids import new_id
from epep_runtime.service import Service
from epep_runtime.testing import ServiceUnderTest, service_under_test

pytestmark = pytest.mark.servers
PERSON = new_id()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    database: DatabaseFactory,
    topics: TopicFactory,
    kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ServiceUnderTest]:
    none: Path = tmp_path_factory.mktemp("migrations")
    tried = Service("pep", "A service to try.", none, routers=[router])
    async with service_under_test(
        tried, await database("http"), kafka_bootstrap, await topics()
    ) as running:
        yield running


async def post(
    service: ServiceUnderTest, key: UUID, body: Any, person: UUID = PERSON, **headers: str
) -> Any:
    sent = service.as_person(person, ("330", "social_worker"))
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        sent["Content-Type"] = "application/json"
        return await service.client.post(f"/counters/{key}", content=body, headers=sent)
    return await service.client.post(f"/counters/{key}", json=body, headers=sent)


async def test_a_change_needs_the_version_it_was_made_on(service: ServiceUnderTest) -> None:
    key = new_id()
    missing = await post(service, key, {"statement": "a"})
    assert missing.status_code == 428
    first = await post(service, key, {"statement": "a"}, if_match='"0"')
    assert first.status_code == 201
    assert first.headers["etag"] == '"1"'
    stale = await post(service, key, {"statement": "b"}, if_match='"0"')
    assert stale.status_code == 412
    assert stale.json()["state"] == {"n": 1}
    assert stale.headers["etag"] == '"1"'
    assert stale.headers["content-type"] == "application/problem+json"


async def test_the_same_key_gets_the_first_answer_again(service: ServiceUnderTest) -> None:
    key = new_id()
    body = {"statement": "a", "size": 1}
    first = await post(service, key, body, idempotency_key="k1")
    again = await post(service, key, body, idempotency_key="k1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    other = await post(service, key, {**body, "statement": "b"}, idempotency_key="k1")
    assert other.status_code == 422
    assert other.json()["type"] == "urn:epep:problem:idempotency-mismatch"
    somebody = await post(service, key, body, person=new_id(), idempotency_key="k1")
    assert somebody.json()["n"] == 2


async def test_a_refusal_changes_nothing_and_names_the_rule(service: ServiceUnderTest) -> None:
    key = new_id()
    refused = await post(service, key, {"statement": "no", "size": 1}, idempotency_key="k9")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "says_no"
    assert (await post(service, key, {"statement": "yes", "size": 1})).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"[]", 422, ""),
        ({"statement": ""}, 422, "statement"),
        ({"statement": "a\x00b"}, 422, "statement"),
        (b'{"statement": "\\ud800"}', 422, "statement"),
        (b'{"statement": "\xff"}', 400, None),
        ({"statement": "a" * 300}, 422, "statement"),
        ({"statement": "a", "other": 1}, 422, "other"),
        ({"statement": "a", "size": 10}, 422, "size"),
        ({}, 422, "statement"),
        (b'{"statement": "' + b"a" * 10_000_000 + b'"}', 413, None),
    ],
)
async def test_bad_input_is_named(
    service: ServiceUnderTest, body: Any, status: int, field: str | None
) -> None:
    answer = await post(service, new_id(), body, if_match='"0"')
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("header", [None, "Bearer x", "Bearer a.b.c", "Basic eA==", "Bearer "])
async def test_no_token_no_answer(service: ServiceUnderTest, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    assert (await service.client.get("/me", headers=headers)).status_code == 401


async def test_a_token_that_ran_out_or_of_another_issuer_is_refused(
    service: ServiceUnderTest,
) -> None:
    old = service.tokens.token(PERSON, [], lifetime=-60)
    assert (await _me(service, old)).status_code == 401
    strange = type(service.tokens)().token(PERSON, [])
    assert (await _me(service, strange)).status_code == 401
    good = service.tokens.token(PERSON, [], name="Ada")
    assert (await _me(service, good)).json() == {"name": "Ada"}


async def _me(service: ServiceUnderTest, token: str) -> Any:
    return await service.client.get("/me", headers={"Authorization": f"Bearer {token}"})


async def test_requests_are_timed_by_route_and_never_by_address(service: ServiceUnderTest) -> None:
    key = new_id()
    await post(service, key, {"statement": "read"})
    shown = (await service.client.get("/metrics")).text
    assert 'method="POST",route="/counters/{key}",status="201"' in shown
    assert str(key) not in shown
    assert 'route="/metrics"' not in shown
