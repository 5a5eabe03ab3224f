"""Two authorities' PEPs told as stories, and pep-service on real servers with people around it."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, reduce
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

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
    FieldChange,
    MeetingConfirmationNoted,
    MeetingPlan,
    MeetingTimeNoted,
    NextMeetingNoted,
    PageSaved,
    PEPInitiated,
    PEPSubmitted,
    ProfessionalAssigned,
    SectionCompleted,
    SettingChanged,
)
from epep_events.profile import AuthorityProfile, FormField, Section, Variant
from epep_runtime.civil_time import local_date
from epep_runtime.event_store import Cause
from epep_runtime.ids import derived_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from pep_service.children.child import CHILD, child_id_of
from pep_service.main import SERVICE
from pep_service.peps.pep import PEP, evolve
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.profiles.form import completable, find_page, find_section, sections_of

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MEETING_AT = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
NEXT_AT = datetime(2027, 3, 4, 9, 0, tzinfo=UTC)
ANSWERS: dict[str, Any] = {
    "line": "Rowan Hale",
    "text": "All is well.",
    "date": "2026-09-01",
    "integer": 7,
    "decimal": "25",
    "yes_no": "yes",
}


def an_answer(question: FormField) -> Any:
    """Return an answer that fits a field."""
    if question.type == "choice":
        return question.choices[0].value
    if question.type == "choices":
        return [question.choices[0].value]
    if question.type == "yes_no_detail":
        return {"answer": question.detail_when, "detail": "In spring."}
    return ANSWERS[question.type]


@dataclass
class Story:
    """A PEP of one authority: the events that have happened, and the state they make."""

    profile: AuthorityProfile
    variant: Variant = "school_age"
    year_group: int = 8
    pep_id: UUID = field(default_factory=uuid4)
    child_id: UUID = field(default_factory=uuid4)
    events: list[Event] = field(default_factory=list)

    @property
    def sections(self) -> tuple[Section, ...]:
        return sections_of(self.profile, self.variant, self.year_group)

    @property
    def pep(self) -> PEP:
        return reduce(evolve, self.events, PEP())

    def given(self, *events: Event) -> "Story":
        self.events += events
        return self

    def section(self, key: str) -> Section:
        return find_section(self.sections, key)

    def begun(self, **more: Any) -> "Story":
        plan = MeetingPlan(starts_at=MEETING_AT, reason=self.profile.meeting_reasons[0].value)
        facts: dict[str, Any] = {
            "pep_id": self.pep_id,
            "child_id": self.child_id,
            "child_initials": "MO",
            "kind": "review",
            "kind_label": "Termly review PEP",
            "variant": self.variant,
            "key_stage": "KS3",
            "year_group": 7,
            "profile_code": self.profile.code,
            "profile_version": self.profile.version,
            "initiated_on": local_date(NOW),
            "completion_due": None,
            "meeting": plan,
        }
        return self.given(PEPInitiated(**(facts | more)))

    def saved(self, page: str, **values: Any) -> "Story":
        section, _ = find_page(self.sections, page)
        old = self.pep.answers(page)
        changes = tuple(
            FieldChange(field=key, label=key, old=old.get(key), new=value)
            for key, value in values.items()
        )
        return self.given(
            PageSaved(
                pep_id=self.pep_id,
                section=section.key,
                page=page,
                page_title=page,
                changes=changes,
            )
        )

    def filled(self, *keys: str) -> "Story":
        """Answer every mandatory field of these sections, or of all."""
        for section in self.sections:
            if keys and section.key not in keys:
                continue
            for page in section.pages:
                wanted = {each.key: an_answer(each) for each in page.fields if each.mandatory}
                if wanted:
                    self.saved(page.key, **wanted)
        return self

    def scheduled(self, starts_at: datetime = MEETING_AT, due: date | None = None) -> "Story":
        noted = MeetingTimeNoted(
            pep_id=self.pep_id,
            starts_at=starts_at,
            place=None,
            old_completion_due=self.pep.completion_due,
            completion_due=due,
        )
        return self.given(noted)

    def met(self) -> "Story":
        return self.given(MeetingConfirmationNoted(pep_id=self.pep_id, meeting_id=uuid4()))

    def next_set(self) -> "Story":
        plan = MeetingPlan(starts_at=NEXT_AT, reason="termly_review", place="The library")
        return self.given(NextMeetingNoted(pep_id=self.pep_id, plan=plan))

    def completed(self, *keys: str) -> "Story":
        wanted = keys or tuple(section.key for section in completable(self.sections))
        for key in wanted:
            self.given(
                SectionCompleted(
                    pep_id=self.pep_id, child_id=self.child_id, section=key, section_title=key
                )
            )
        return self

    def submitted(self) -> "Story":
        return self.given(
            PEPSubmitted(pep_id=self.pep_id, child_id=self.child_id, profile_version=1)
        )


@lru_cache  # frozen, and slow to read
def profile(code: str) -> AuthorityProfile:
    return next(each for each in shipped_documents() if each.code == code)


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
