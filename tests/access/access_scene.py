"""One service with children of every relation, and an account for every role.

The read models are told directly, by their own handlers; nothing here needs Kafka.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from joserfc.jwk import OKPKey

from epep_access.following import ACCESS
from epep_access.profiles import PROFILES
from epep_access.testing import RELATIONS, Relation, roles
from epep_events.base import Event
from epep_events.envelope import Actor, Metadata
from epep_events.meeting import InvitationIssued, InvitedPerson, MeetingScheduled, When
from epep_events.pep import (
    AuthorityProfilePublished,
    ChildRegistered,
    MeetingPlan,
    PEPInitiated,
    ProfessionalAssigned,
    ProfessionalUnassigned,
)
from epep_events.profile import AuthorityProfile
from epep_events.qa import QASelected
from epep_runtime.event_store import Cause
from epep_runtime.ids import derived_id
from epep_runtime.service import Service
from epep_runtime.testing import ServiceUnderTest
from pep_service.children.child import CHILD
from pep_service.peps.pep import PEPS
from pep_service.profiles.documents_on_disk import shipped_documents
from qa_service.reviews.review import REVIEW, review_id

NOW = datetime.now(UTC)
SURNAME = "Okafor"
WIDE = frozenset({"virtual_school", "virtual_school_head", "auditor", "delegate"})
"""Roles that are not assigned; a delegate's way in is walked in pep-service."""


def child_born(child: UUID, number: str) -> ChildRegistered:
    """Return the event that registers a made-up child under that social care number."""
    return ChildRegistered(
        child_id=child,
        social_care_id=number,
        first_name="Maya",
        last_name=SURNAME,
        date_of_birth=date(2014, 5, 1),
        sex="1",
        ethnicity="WBRI",
    )


def pep_begun(
    pep: UUID, child: UUID, code: str, meeting: MeetingPlan | None = None
) -> PEPInitiated:
    """Return the event that begins a review PEP, bound to the authority's shipped profile."""
    return PEPInitiated(
        pep_id=pep,
        child_id=child,
        child_initials="K.O.",
        kind="review",
        kind_label="Termly review PEP",
        variant="school_age",
        key_stage="KS3",
        year_group=7,
        profile_code=code,
        profile_version=next(each.version for each in shipped_documents() if each.code == code),
        initiated_on=NOW.date(),
        completion_due=None,
        meeting=meeting,
    )


def invited(to: MeetingScheduled) -> InvitationIssued:
    """Return the event that invites a guest to the meeting."""
    person = InvitedPerson(
        invitation_id=derived_id("invited", to.pep_id),
        account_id=None,
        email="guest@example.org",
        name="Gil Guest",
        role="guest",
        sealed_token="sealed",
    )
    return InvitationIssued(
        meeting_id=to.meeting_id,
        pep_id=to.pep_id,
        child_id=to.child_id,
        child_initials=to.child_initials,
        person=person,
        when=to.when,
        reason=to.reason,
        contact_name=None,
        contact_phone=None,
    )


class Scene:
    """One service with children of every relation and an account for every role."""

    def __init__(self, service: ServiceUnderTest, own: Any, profile: AuthorityProfile) -> None:
        self.service, self.profile = service, profile
        self._own = own if isinstance(own, tuple) else (own,)
        self.accounts = {role: uuid4() for role in roles()}
        self.children = {relation: uuid4() for relation in RELATIONS}
        self.peps = {relation: uuid4() for relation in RELATIONS}
        self.reviews = {relation: review_id(pep, 1) for relation, pep in self.peps.items()}

    def code(self, relation: Relation) -> str:
        return "998" if relation == "foreign" else "330"

    async def tell(self, event: Event, authority: str) -> None:
        """Put an event into every read model here that follows it."""
        meta = Metadata(
            event_id=uuid4(),
            type=event.type_name(),
            schema_version=event.schema_version,
            source="pep",
            stream_id="s",
            stream_version=1,
            occurred_at=NOW - timedelta(minutes=1),
            authority=authority,
            actor=Actor(id=str(uuid4()), role="virtual_school"),
            correlation_id=uuid4(),
        )
        async with self.service.process.pool.acquire() as connection:
            for projector in (ACCESS, PROFILES, *self._own):
                if type(event) in projector.handles:
                    await projector.handles[type(event)](connection, event, meta)

    async def append(self, stream: str, authority: str, *events: Event) -> None:
        """Append to the service's own log."""
        process = self.service.process
        cause = Cause(Actor(id=str(uuid4()), role="system"), authority, uuid4())
        async with process.pool.acquire() as connection, connection.transaction():
            await process.store.append(connection, stream, 0, events, cause)

    async def make(self) -> None:
        """Tell of the authorities, the children, their PEPs, and who is somebody to them."""
        key = OKPKey.generate_key("X25519", {"kid": "seal-1"}).as_dict(private=False)
        await self.service.process.pool.execute(
            "INSERT INTO sealing_keys VALUES ('seal-1', $1, now()) ON CONFLICT DO NOTHING", key
        )
        for each in shipped_documents():
            await self.tell(AuthorityProfilePublished(profile=each), each.code)
        for relation in RELATIONS:
            if relation != "unknown":
                await self._child(relation)
        given: Any
        for role, who in self.accounts.items():
            if role in WIDE:
                continue
            for relation in ("own", "former"):
                child = self.children[relation]
                given = ProfessionalAssigned(child_id=child, account_id=who, role=role)
                await self.tell(given, "330")
            child = self.children["former"]
            given = ProfessionalUnassigned(child_id=child, account_id=who, role=role)
            await self.tell(given, "330")

    async def _child(self, relation: Relation) -> None:
        child, pep, code = self.children[relation], self.peps[relation], self.code(relation)
        born = child_born(child, f"c-{child.hex[:8]}")
        await self.tell(born, code)
        begun = pep_begun(pep, child, code)
        await self.tell(begun, code)
        meeting = derived_id("meeting", pep)
        scheduled = MeetingScheduled(
            meeting_id=meeting,
            pep_id=pep,
            child_id=child,
            child_initials="K.O.",
            when=When(
                starts_at=NOW + timedelta(days=9), duration_minutes=60, place=None, sequence=0
            ),
            reason="other",
            reason_detail=None,
            contact_name=None,
            contact_phone=None,
            organiser_account_id=None,
        )
        selected = QASelected(
            review_id=self.reviews[relation],
            pep_id=pep,
            child_id=child,
            round=1,
            because="submitted",
            gates_sign_off=True,
        )
        logs: dict[str, tuple[tuple[str, tuple[Event, ...]], ...]] = {
            "meeting": ((f"meeting-{meeting}", (scheduled, invited(scheduled))),),
            "qa": ((REVIEW.stream(self.reviews[relation]), (selected,)),),
            "pep": ((CHILD.stream(child), (born,)), (PEPS.stream(pep), (begun,))),
        }
        for stream, events in logs[self.service.process.service.name]:
            await self.append(stream, code, *events)

    def by_profile(self, permission: str) -> tuple[str, ...]:
        """Return the roles that the profile names."""
        pages = (p for s in self.profile.sections for p in s.pages if p.kind == "meeting")
        writers = tuple({role for page in pages for role in page.write})
        named = {
            "meeting.record": writers,
            "meeting.arrange": (*writers, *self.profile.permissions.create_pep),
        }
        return named.get(permission, ())

    async def ask(self, route: str, role: str, relation: Relation, body: Any) -> int:
        """Send one request and return its status."""
        method, path = route.split(" ")
        path = path.format(
            pep_id=self.peps[relation],
            review_id=self.reviews[relation],
            invitation_id=derived_id("invited", self.peps[relation]),
            area=self.profile.qa.areas[0].key,
        )
        authority = {"authority": "998" if relation == "foreign" else "330"}
        answer = await self.service.client.request(
            method,
            path,
            headers=self.service.as_person(self.accounts[role], ("330", role)),
            json=body,
            params=authority if path in {"/reviews", "/board"} else None,
        )
        return int(answer.status_code)


def bodies(service: Service) -> dict[str, Any]:
    """Return each route's example body."""
    document = service.app().openapi()
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                model = document["components"]["schemas"][name]
                found[f"{method.upper()} {path}"] = model["examples"][0]
    return found
