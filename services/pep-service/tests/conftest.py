"""The stories of PEPs as fixtures, and pep-service on real servers with people around it."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from pep_story import MEETING_AT, Story, an_answer, profile

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_events.identity import RoleGranted, UserRegistered
from epep_events.meeting import (
    MeetingConfirmed,
    MeetingScheduled,
    NextMeetingSet,
    When,
)
from epep_events.pep import (
    ChildRegistered,
    ProfessionalAssigned,
    SettingChanged,
)
from epep_events.profile import AuthorityProfile, FormField
from epep_runtime.event_store import Cause
from epep_runtime.ids import derived_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from pep_service.children.child import CHILD, child_id_of
from pep_service.main import SERVICE


@pytest.fixture
def birmingham() -> Story:
    """A PEP of Birmingham that has not begun."""
    return Story(profile("330"))


@pytest.fixture
def northvale() -> Story:
    """A PEP of Northvale that has not begun."""
    return Story(profile("998"))


@pytest.fixture(params=["330", "998"])
def either(request: pytest.FixtureRequest) -> Story:
    """A PEP of each authority in turn."""
    return Story(profile(request.param))


@dataclass
class World:
    """pep-service running, with made-up people and children."""

    service: ServiceUnderTest
    numbers: Any = field(default_factory=count)
    grants: dict[UUID, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def profiles(self) -> dict[str, AuthorityProfile]:
        """Return the shipped profiles by authority code."""
        return {code: profile(code) for code in ("330", "998")}

    @property
    def story_type(self) -> type[Story]:
        """Return how a PEP is told, for test modules that cannot import this one."""
        return Story

    async def person(self, name: str, *grants: tuple[str, str]) -> UUID:
        """Make an account with (authority, role) grants, known to pep-service by name."""
        account = uuid4()
        stream = f"account-{account}"
        self.grants[account] = set(grants)
        say = self.service.others.say
        email = f"{name.replace(' ', '.').lower()}.{account.hex[:6]}@example.org"
        await say("identity", stream, UserRegistered(account_id=account, name=name, email=email))
        for authority, role in grants:
            granted: Any = {"authority_code": authority, "role": role}
            await say("identity", stream, RoleGranted(account_id=account, **granted))
        return account

    async def append(self, stream: str, version: int, events: Iterable[Event], code: str) -> None:
        """Append to pep-service's own log, as its own commands would."""
        process = self.service.process
        cause = Cause(Actor(id=str(uuid4()), role="virtual_school"), code, uuid4())
        async with process.pool.acquire() as connection, connection.transaction():
            await process.store.append(connection, stream, version, list(events), cause)

    async def child(
        self,
        code: str,
        *people: tuple[UUID, str],
        first: str = "Maya",
        last: str = "Okafor",
        born: date = date(2015, 3, 1),
    ) -> UUID:
        """Register a child with people (account, role), and wait until they may see it."""
        number = f"C{next(self.numbers):05}"
        child_id = child_id_of(code, number)
        registered = ChildRegistered(
            child_id=child_id,
            social_care_id=number,
            first_name=first,
            last_name=last,
            date_of_birth=born,
            sex="2",
            ethnicity="WBRI",
        )
        school = SettingChanged(
            child_id=child_id, old_urn=None, new_urn="990102", setting_name="Hollowbrook"
        )
        given: list[Any] = [
            ProfessionalAssigned(child_id=child_id, account_id=account, role=role)
            for account, role in people
        ]
        events = [registered, school, *given]
        await self.append(CHILD.stream(child_id), 0, events, code)

        async def there() -> bool:
            pool = self.service.process.pool
            seen = await pool.fetchval(
                "SELECT count(*) FROM access_people WHERE child_id = $1", child_id
            )
            listed = await pool.fetchval("SELECT count(*) FROM home WHERE child_id = $1", child_id)
            known = await pool.fetchval(
                "SELECT count(*) FROM children WHERE child_id = $1", child_id
            )
            return bool(seen == len(people) and listed and known)

        await eventually(there)
        return child_id

    def headers(self, who: UUID, version: int | None = None, key: str | None = None) -> Any:
        """Return the headers of a person's request."""
        found = self.service.as_person(who, *self.grants[who])
        if version is not None:
            found["If-Match"] = f'"{version}"'
        if key is not None:
            found["Idempotency-Key"] = key
        return found

    async def get(self, who: UUID, path: str, **params: Any) -> httpx.Response:
        """Ask as somebody."""
        return await self.service.client.get(path, headers=self.headers(who), params=params)

    async def send(
        self,
        who: UUID,
        method: str,
        path: str,
        body: Any,
        version: int | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Change something as somebody."""
        headers = self.headers(who, version, key)
        return await self.service.client.request(method, path, headers=headers, json=body)

    async def version(self, who: UUID, pep_id: str) -> int:
        """Return a PEP's version now."""
        found = await self.get(who, f"/peps/{pep_id}")
        assert found.status_code == 200, found.text
        return int(found.json()["version"])

    async def do(self, who: UUID, method: str, path: str, body: Any) -> Any:
        """Change a PEP with its newest version; it must work."""
        pep_id = path.split("/")[2]
        version = await self.version(who, pep_id)
        done = await self.send(who, method, path, body, version)
        assert done.status_code in {200, 201}, done.text
        return done.json()

    async def fill(self, who: UUID, pep_id: str, *sections: str) -> None:
        """Answer the mandatory fields of every form page that the person may write."""
        document = (await self.get(who, f"/peps/{pep_id}")).json()
        for section in document["sections"]:
            for page in section["pages"]:
                wanted = page["kind"] == "form" and page["may"]["write"]
                if not wanted or (sections and section["key"] not in sections):
                    continue
                path = f"/peps/{pep_id}/pages/{page['key']}"
                shown = (await self.get(who, path)).json()
                values = {
                    each["key"]: an_answer(
                        FormField(**{k: v for k, v in each.items() if k != "value"})
                    )
                    for each in shown["fields"]
                    if each["mandatory"]
                }
                if values:
                    await self.do(who, "PUT", path, {"values": values})

    async def hold_meeting(self, pep_id: str, child_id: UUID, code: str) -> None:
        """Say as meeting-service: the meeting was scheduled, took place, the next is set."""
        pep = UUID(pep_id)
        meeting = derived_id("meeting", pep)
        stream = f"meeting-{meeting}"
        when = When(starts_at=MEETING_AT, duration_minutes=60, place=None, sequence=0)
        ids = {"meeting_id": meeting, "pep_id": pep}
        for event in (
            MeetingScheduled(
                **ids,
                child_id=child_id,
                child_initials="MO",
                when=when,
                reason="other",
                reason_detail=None,
                contact_name=None,
                contact_phone=None,
                organiser_account_id=None,
            ),
            MeetingConfirmed(
                **ids, child_id=child_id, held_at=MEETING_AT, recorder="Rowan", present=("Rowan",)
            ),
            NextMeetingSet(
                **ids,
                starts_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=90),
                duration_minutes=45,
                place="The library",
                invitations_sent_by=None,
            ),
        ):
            await self.service.others.say("meeting", stream, event, authority=code)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(database: Any, topics: Any, kafka_bootstrap: str) -> AsyncIterator[World]:
    """One pep-service for all tests of this package; each test has its own children."""
    url, prefix = await database("pep"), await topics()
    async with service_under_test(SERVICE, url, kafka_bootstrap, prefix) as service:
        yield World(service)
