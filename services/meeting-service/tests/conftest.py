"""A made-up authority, a child with people around them, and a running meeting-service."""

import base64
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import OKPKey

from epep_events.envelope import Actor, Metadata
from epep_events.identity import RoleGranted, UserRegistered
from epep_events.meeting import InvitationIssued, InvitedPerson, MeetingScheduled, When
from epep_events.notification import NotificationRequested, SealingKeyPublished
from epep_events.pep import (
    AuthorityProfilePublished,
    ChildRegistered,
    Invitee,
    MeetingPlan,
    PEPInitiated,
    ProfessionalAssigned,
)
from epep_events.profile import (
    AuthorityProfile,
    Choice,
    Deadlines,
    Page,
    Period,
    Permissions,
    QualityAssurance,
    Role,
    Section,
    SignOff,
)
from epep_runtime.sealing import unseal
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from meeting_service.main import SERVICE
from meeting_service.meetings.meeting import Meeting, evolve, meeting_id_of

SECRET = base64.b64encode(bytes(range(32))).decode()
AUTHORITY = "330"
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=14)


def authority_profile(code: str = AUTHORITY) -> AuthorityProfile:
    days = Period(n=10, unit="working_days")
    writers: tuple[Role, ...] = ("designated_teacher", "social_worker", "coordinator")
    page = Page(key="pep_meeting", title="The PEP Meeting", kind="meeting", write=writers)
    return AuthorityProfile(
        code=code,
        name="Testshire",
        version=3,
        effective_from=date(2026, 9, 1),
        virtual_school_name="Testshire Virtual School",
        contact_email="vs@example.org",
        contact_phone="0121 496 0000",
        labels={"designated_teacher": "Designated Teacher", "social_worker": "Social Worker"},
        variants_by_year={"6": "school_age"},
        kinds=(Choice(value="termly", label="Termly review"),),
        meeting_reasons=(Choice(value="termly_review", label="Termly review"),),
        meeting_checklist=(
            Choice(value="introductions", label="Introductions"),
            Choice(value="attendance", label="Attendance"),
        ),
        chair_hint="Agree who chairs.",
        sections=(Section(key="meeting", letter="E", title="Meeting", pages=(page,)),),
        mandatory_on_save="prompt",
        deadlines=Deadlines(initiate=days, first_review=days),
        sign_off=SignOff(final_role="designated_teacher", gates=()),
        qa=QualityAssurance(mode="after_sign_off", scale=(), areas=()),
        permissions=Permissions(create_pep=("virtual_school",)),
    )


def a_meeting(starts_at: datetime = SOON, people: int = 2) -> Meeting:
    """Return a meeting folded from its scheduling and that many invitations."""
    pep_id = UUID(int=7)
    meeting_id = meeting_id_of(pep_id)
    when = When(starts_at=starts_at, duration_minutes=60, place="Library", sequence=0)
    scheduled = MeetingScheduled(
        meeting_id=meeting_id,
        pep_id=pep_id,
        child_id=UUID(int=8),
        child_initials="A.B.",
        when=when,
        reason="termly_review",
        reason_detail=None,
        contact_name="Jo",
        contact_phone=None,
        organiser_account_id=UUID(int=9),
    )
    meeting = evolve(None, scheduled)
    for number in range(people):
        person = InvitedPerson(
            invitation_id=UUID(int=100 + number),
            account_id=UUID(int=200 + number) if number else None,
            email=f"p{number}@example.org",
            name=f"Person {number}",
            role="designated_teacher" if number else "guest",
            sealed_token="sealed",
        )
        issued = InvitationIssued(
            meeting_id=meeting_id,
            pep_id=pep_id,
            child_id=UUID(int=8),
            child_initials="A.B.",
            person=person,
            when=when,
            reason="termly_review",
            contact_name="Jo",
            contact_phone=None,
        )
        meeting = evolve(meeting, issued)
    assert meeting is not None
    return meeting


@pytest.fixture
def meeting() -> Meeting:
    """A meeting two weeks ahead with a guest and a colleague invited."""
    return a_meeting()


@pytest.fixture
def held() -> Meeting:
    """A meeting whose time was yesterday."""
    return a_meeting(datetime.now(UTC) - timedelta(days=1))


@dataclass
class World:
    """The running service, and what the other contexts have told it."""

    service: ServiceUnderTest
    sealing: OKPKey
    child_id: UUID = field(default_factory=uuid4)
    roles: dict[UUID, str] = field(default_factory=dict)

    async def person(self, role: Role, *, assigned: bool = True, known: bool = True) -> UUID:
        """Return a new account with this role, assigned to the child unless told otherwise."""
        account_id = uuid4()
        self.roles[account_id] = role
        if known:
            await self.register(account_id, role)
        if assigned:
            event = ProfessionalAssigned(child_id=self.child_id, account_id=account_id, role=role)
            await self.say("pep", f"child-{self.child_id}", event)
            await self.row("SELECT 1 FROM access_people WHERE account_id = $1", account_id)
        return account_id

    async def register(self, account_id: UUID, role: Role) -> None:
        stream = f"account-{account_id}"
        email = f"{account_id.hex[:8]}@Example.org"
        registered = UserRegistered(account_id=account_id, name=f"Known {role}", email=email)
        granted = RoleGranted(account_id=account_id, authority_code=AUTHORITY, role=role)
        await self.say("identity", stream, registered)
        await self.say("identity", stream, granted)
        await self.row("SELECT 1 FROM known_roles WHERE account_id = $1", account_id)

    async def say(self, source: str, stream: str, event: Any, **more: Any) -> Metadata:
        return await self.service.others.say(source, stream, event, authority=AUTHORITY, **more)

    async def ask_for_mail(self, invitation_id: str) -> tuple[str, dict[str, Any]]:
        """Let notification-service ask for the mail; return its stream, and what it is about."""
        about = {
            "notification_id": uuid4(),
            "kind": "invitation",
            "email": "g@example.org",
            "name": "G",
            "invitation_id": invitation_id,
        }
        stream = f"notification-{about['notification_id']}"
        requested = NotificationRequested(**about, account_id=None, subject="PEP meeting")
        await self.say("notification", stream, requested)
        return stream, about

    async def row(self, query: str, *values: Any) -> Any:
        """Wait for a row of a read model."""
        return await eventually(lambda: self.service.process.pool.fetchrow(query, *values))

    def initiated(self, starts_at: datetime = SOON, invitees: Iterable[Invitee] = ()) -> Any:
        """Return the event that begins a PEP with a meeting."""
        return PEPInitiated(
            pep_id=uuid4(),
            child_id=self.child_id,
            child_initials="A.B.",
            kind="termly",
            kind_label="Termly review",
            variant="school_age",
            key_stage="KS2",
            year_group=6,
            profile_code=AUTHORITY,
            profile_version=3,
            initiated_on=date(2026, 11, 1),
            completion_due=None,
            meeting=MeetingPlan(
                starts_at=starts_at,
                place="Library",
                reason="termly_review",
                contact_name="Jo Field",
            ),
            invitees=tuple(invitees),
        )

    async def pep(
        self, organiser: UUID, starts_at: datetime = SOON, invitees: Iterable[Invitee] = ()
    ) -> UUID:
        """Return a new PEP whose meeting has been scheduled and can be seen."""
        event = self.initiated(starts_at, invitees)
        actor = Actor(id=str(organiser), role=self.roles[organiser])
        await self.say("pep", f"pep-{event.pep_id}", event, actor=actor)
        await self.row(
            "SELECT 1 FROM meetings m JOIN peps USING (pep_id) JOIN access_peps USING (pep_id)"
            " WHERE pep_id = $1 AND version = $2",
            event.pep_id,
            1 + len(event.invitees),
        )
        pep_id: UUID = event.pep_id
        return pep_id

    def headers(self, account_id: UUID, version: int | None = None) -> dict[str, str]:
        found = self.service.as_person(account_id, (AUTHORITY, self.roles[account_id]))
        return found if version is None else {**found, "If-Match": f'"{version}"'}

    async def get(self, account_id: UUID, path: str) -> httpx.Response:
        return await self.service.client.get(path, headers=self.headers(account_id))

    async def view(self, account_id: UUID, pep_id: UUID) -> dict[str, Any]:
        answer = await self.get(account_id, f"/peps/{pep_id}/meeting")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert answer.headers["ETag"] == f'"{found["version"]}"'
        return found

    async def change(
        self,
        account_id: UUID,
        method: str,
        path: str,
        body: Any,
        version: int | None = None,
    ) -> httpx.Response:
        headers = self.headers(account_id, version)
        return await self.service.client.request(method, path, json=body, headers=headers)

    async def token(self, invitation_id: str) -> str:
        """Return the token in the newest event about an invitation, as notification reads it."""
        issued = await self.service.said(InvitationIssued)
        sealed = [
            each.data.person.sealed_token
            for each in issued
            if isinstance(each.data, InvitationIssued)
            and str(each.data.person.invitation_id) == invitation_id
        ]
        return unseal(sealed[-1], self.sealing.as_dict(private=True))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(database: Any, topics: Any, kafka_bootstrap: str) -> AsyncIterator[World]:
    """meeting-service on real servers, told of an authority, a child, and a key to seal to."""
    url, prefix = await database("meeting"), await topics()
    async with service_under_test(
        SERVICE, url, kafka_bootstrap, prefix, secret_key=SECRET
    ) as service:
        key = OKPKey.generate_key("X25519", {"kid": "seal-1"})
        made = World(service, key)
        jwk = key.as_dict(private=False)
        published = SealingKeyPublished(kid="seal-1", jwk=jwk)
        await made.say("notification", "sealing-key", published)
        profile = AuthorityProfilePublished(profile=authority_profile())
        await made.say("pep", f"profile-{AUTHORITY}", profile)
        child = ChildRegistered(
            child_id=made.child_id,
            social_care_id="C1",
            date_of_birth=date(2015, 3, 1),
            sex="2",
            ethnicity="WBRI",
        )
        await made.say("pep", f"child-{made.child_id}", child)
        await made.row("SELECT 1 FROM sealing_keys")
        await made.row("SELECT 1 FROM known_profiles")
        await made.row("SELECT 1 FROM access_children")
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def untouched(world: World) -> tuple[UUID, UUID]:
    """A social worker and a PEP whose meeting, at version 1, no test changes."""
    worker = await world.person("social_worker")
    return worker, await world.pep(worker)
