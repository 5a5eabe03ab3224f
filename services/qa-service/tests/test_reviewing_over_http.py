"""Reviews from pep-service's events to the published result, over real Kafka and HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from qa_stories import GATING, SAMPLING, Case

from epep_events.qa import QAPublished, QASelected
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from qa_service.main import SERVICE

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> AsyncIterator[ServiceUnderTest]:
    url = await database("qa")
    async with service_under_test(SERVICE, url, kafka_bootstrap, await topics()) as made:
        yield made


async def review(case: Case, headers: dict[str, str]) -> httpx.Response:
    return await case.service.client.get(f"/peps/{case.pep_id}/review", headers=headers)


async def under_review(case: Case, number: int = 1) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        answer = await review(case, case.as_reviewer)
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == 200 and found["round"] == number else None

    found = await eventually(there)
    assert found is not None
    return found


def at(version: int, headers: dict[str, str]) -> dict[str, str]:
    return headers | {"If-Match": f'"{version}"'}


async def signed_off(case: Case) -> None:
    await case.sign_off()

    async def known() -> bool:
        state = await case.service.process.pool.fetchval(
            "SELECT state FROM peps WHERE pep_id = $1", case.pep_id
        )
        return bool(state == "signed_off")

    await eventually(known)


async def test_a_submitted_pep_is_scored_returned_and_signed_off_in_the_next_round(
    service: ServiceUnderTest,
) -> None:
    case = Case(service, "998", GATING)
    await case.begin()
    await case.submit()
    opened = await under_review(case)
    assert (opened["state"], opened["gates_sign_off"]) == ("open", True)
    assert opened["may"] == {"score": True, "publish": True, "open": False}
    assert opened["areas"][0] == {
        "key": "voice",
        "label": "Voice",
        "descriptors": {"good": "Clear and recent."},
        "level": None,
        "comment": None,
    }
    client, url = service.client, f"/reviews/{opened['review_id']}"
    scored = await client.put(
        f"{url}/areas/voice",
        json={"level": "ri", "comment": "Written by an adult"},
        headers=at(1, case.as_reviewer),
    )
    assert (scored.status_code, scored.headers["ETag"]) == (200, '"2"')
    page = {
        "areas": {"targets": {"level": "inadequate", "comment": None}},
        "rating": "inadequate",
        "comment": "There are no targets.",
    }
    stale = await client.put(url, json=page, headers=at(1, case.as_reviewer))
    assert stale.status_code == 412
    assert stale.json()["state"]["areas"][0]["level"] == "ri"
    assert stale.json()["state"]["version"] == 2
    saved = await client.put(url, json=page, headers=at(2, case.as_reviewer))
    assert saved.json() == {"version": 4}
    assert (await under_review(case))["suggested_rating"] == "ri"

    hidden = (await review(case, case.as_teacher)).json()
    assert [each["level"] for each in hidden["areas"]] == [None, None, None]
    assert (hidden["rating"], hidden["comment"], hidden["suggested_rating"]) == (None, None, None)

    refused = await client.post(
        f"{url}/publication", json={"decision": "signed_off"}, headers=at(4, case.as_reviewer)
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "rating-returns")
    published = await client.post(
        f"{url}/publication", json={"decision": "returned"}, headers=at(4, case.as_reviewer)
    )
    assert published.status_code == 200

    seen = (await review(case, case.as_teacher)).json()
    assert (seen["decision"], seen["rating"]) == ("returned", "inadequate")
    assert seen["areas"][0]["comment"] == "Written by an adult"
    assert seen["published"]["by"] == "The virtual school"
    assert seen["may"] == {"score": False, "publish": False, "open": False}

    await case.submit()
    again = await under_review(case, 2)
    assert again["review_id"] != opened["review_id"]
    assert again["history"][0]["comment"] == "There are no targets."
    url = f"/reviews/{again['review_id']}"
    await client.put(f"{url}/rating", json={"rating": "good"}, headers=at(1, case.as_reviewer))
    done = await client.post(
        f"{url}/publication", json={"decision": "signed_off"}, headers=at(2, case.as_reviewer)
    )
    assert done.status_code == 200
    said = [each for each in await service.said(QAPublished) if each.meta.authority == "998"]
    assert [each.data.decision for each in said] == ["returned", "signed_off"]  # type: ignore[attr-defined]
    final = await client.put(
        f"{url}/rating", json={"rating": "ri"}, headers=at(3, case.as_reviewer)
    )
    assert (final.status_code, final.json()["errors"][0]["code"]) == (409, "published")


async def test_only_the_virtual_school_scores_and_strangers_find_nothing(
    service: ServiceUnderTest,
) -> None:
    case = Case(service, "997", GATING)
    await case.begin()
    assert (await review(case, case.as_reviewer)).status_code == 404
    await case.submit()
    opened = await under_review(case)
    url = f"/reviews/{opened['review_id']}"
    body = {"rating": "good"}
    stranger = service.as_person(new_id(), ("111", "virtual_school"))
    put = service.client.put
    forbidden = await put(f"{url}/rating", json=body, headers=at(1, case.as_teacher))
    assert forbidden.status_code == 403
    assert (await put(f"{url}/rating", json=body, headers=at(1, stranger))).status_code == 404
    missing = await put(f"/reviews/{new_id()}/rating", json=body, headers=at(1, case.as_reviewer))
    assert missing.status_code == 404
    assert (await put(f"{url}/rating", json=body, headers=case.as_reviewer)).status_code == 428
    assert (await review(case, stranger)).status_code == 404
    assert (await review(case, case.as_carer)).status_code == 404
    unknown = await put(url, json={"stars": 5}, headers=at(1, case.as_reviewer))
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "stars")
    by_hand = await service.client.post(
        f"/peps/{case.pep_id}/review", json={}, headers=case.as_reviewer
    )
    assert (by_hand.status_code, by_hand.json()["errors"][0]["code"]) == (409, "gated")


async def test_a_sample_is_audited_after_sign_off_and_gives_feedback(
    service: ServiceUnderTest,
) -> None:
    case = Case(service, "330", SAMPLING)
    await case.begin("initial")
    await case.submit()  # means nothing to an authority that audits afterwards
    await case.sign_off("initial")
    opened = await under_review(case)
    assert (opened["because"], opened["gates_sign_off"]) == ("sampled", False)
    url = f"/reviews/{opened['review_id']}"
    body = {"rating": "amber", "comment": "Short views"}
    await service.client.put(f"{url}/rating", json=body, headers=at(1, case.as_reviewer))
    key = {"Idempotency-Key": "publish-once"}
    for _ in range(2):
        published = await service.client.post(
            f"{url}/publication",
            json={"decision": "feedback"},
            headers=at(2, case.as_reviewer) | key,
        )
        assert (published.status_code, published.json()) == (200, {"version": 3})
    assert len([e for e in await service.said(QASelected) if e.meta.authority == "330"]) == 1


async def test_an_audit_is_opened_by_hand_and_listed(service: ServiceUnderTest) -> None:
    case = Case(service, "331", SAMPLING)
    await case.begin()
    await signed_off(case)
    none_yet = (await review(case, case.as_reviewer)).json()
    assert (none_yet["review_id"], none_yet["state"]) == (None, "none")
    assert none_yet["may"] == {"score": False, "publish": False, "open": True}
    assert (await review(case, case.as_teacher)).status_code == 404
    url = f"/peps/{case.pep_id}/review"
    assert (await service.client.post(url, json={}, headers=case.as_teacher)).status_code == 403
    opened = await service.client.post(url, json={}, headers=case.as_reviewer)
    assert opened.status_code == 201
    again = await service.client.post(url, json={}, headers=case.as_reviewer)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "under-review")

    async def listed() -> list[Any]:
        answer = await service.client.get(
            "/reviews?authority=331&state=open", headers=case.as_reviewer
        )
        found: list[Any] = answer.json()["reviews"]
        return found

    (line,) = await eventually(listed)
    assert (line["review_id"], line["because"]) == (opened.json()["review_id"], "chosen")
    assert line["child_initials"] == "K.O."
    get = service.client.get
    assert (await get("/reviews", headers=case.as_teacher)).status_code == 403
    assert (await get("/reviews?authority=998", headers=case.as_reviewer)).status_code == 404
    published = await get("/reviews?state=published", headers=case.as_reviewer)
    assert published.json() == {"reviews": []}
