"""While Kafka is away, PEPs are made, saved and shown all the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from epep_events.envelope import Actor
from epep_events.pep import AuthorityProfilePublished, ChildRegistered
from epep_runtime.event_store import Cause
from epep_runtime.service import running
from epep_runtime.testing import service_under_test
from pep_service.children.child import CHILD
from pep_service.main import SERVICE
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.profiles.published import PROFILE, profile_of

pytestmark = pytest.mark.servers
SOON = str(datetime.now(UTC).date() + timedelta(days=20))
MEETING = {"date": SOON, "time": "10:30", "reason": "initial"}


async def test_pages_still_save_and_show(database: Any, topics: Any, kafka_bootstrap: str) -> None:
    url = await database("pepalone")
    alone = service_under_test(SERVICE, url, kafka_bootstrap, await topics(), roles="api")
    async with alone as service:
        pool, store = service.process.pool, service.process.store
        child_id, office = uuid4(), uuid4()
        registered = ChildRegistered(
            child_id=child_id,
            social_care_id="C0001",
            date_of_birth=date(2015, 3, 1),
            sex="2",
            ethnicity="WBRI",
        )
        cause = Cause(Actor(id=str(office), role="virtual_school"), "330", uuid4())
        async with pool.acquire() as connection, connection.transaction():
            await store.append(connection, CHILD.stream(child_id), 0, [registered], cause)
            await connection.execute("INSERT INTO access_children VALUES ($1, '330')", child_id)
        asking = service.as_person(office, ("330", "virtual_school"))
        made = await service.client.post(
            f"/children/{child_id}/peps",
            json={"kind": "initial", "meeting": MEETING},
            headers=asking,
        )
        pep_id = made.json()["pep_id"]
        saved = await service.client.put(
            f"/peps/{pep_id}/pages/vs_interventions",
            json={"values": {"vs_worker": "Rowan Hale"}},
            headers=asking | {"If-Match": '"1"'},
        )
        assert (saved.status_code, saved.json()["changed"]) == (200, 1)
        page = await service.client.get(f"/peps/{pep_id}/pages/vs_interventions", headers=asking)
        answers = {each["key"]: each["value"] for each in page.json()["fields"]}
        assert (answers["vs_worker"], page.json()["version"]) == ("Rowan Hale", 2)
        child = (await service.client.get(f"/children/{child_id}", headers=asking)).json()
        assert [card["pep_id"] for card in child["peps"]["current"]] == [pep_id]
        second = await service.client.post(
            f"/children/{child_id}/peps",
            json={"kind": "initial", "meeting": MEETING},
            headers=asking,
        )
        assert second.json()["errors"][0]["code"] == "open_pep"
        await a_newer_profile_does_not_touch_an_open_pep(service, asking, pep_id)


async def a_newer_profile_does_not_touch_an_open_pep(
    service: Any, asking: dict[str, str], pep_id: str
) -> None:
    process = service.process
    shipped = shipped_documents()[0]
    later = shipped.version + 1
    newer = shipped.model_copy(update={"version": later, "name": "New Birmingham"})
    cause = Cause(Actor(id="system:pep", role="system"), "330", uuid4())
    async with process.pool.acquire() as connection, connection.transaction():
        event = AuthorityProfilePublished(profile=newer)
        await process.store.append(connection, PROFILE.stream("330"), 1, [event], cause)
    assert (await profile_of(process.pool, "330")).version == later
    assert (await profile_of(process.pool, "330", shipped.version)).name == "Birmingham"
    document = (await service.client.get(f"/peps/{pep_id}", headers=asking)).json()
    bound_to = (document["profile_version"], document["authority"]["name"])
    assert bound_to == (shipped.version, "Birmingham")
    newest = (await service.client.get("/profiles/330", headers=asking)).json()
    assert (newest["version"], newest["name"]) == (later, "New Birmingham")
    async with running(SERVICE, process.settings):
        published = await service.said(AuthorityProfilePublished)
        assert len(published) == 3  # a second start publishes nothing again
