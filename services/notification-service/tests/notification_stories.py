"""Events of the other contexts, as a story needs them; all people are made up."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

from epep_events.identity import AccountsMerged, UserRegistered
from epep_events.meeting import InvitationIssued, InvitedPerson, When
from epep_events.notification import SealingKeyPublished
from epep_events.pep import (
    AuthorityProfilePublished,
    ChildRegistered,
    PEPInitiated,
    ProfessionalAssigned,
)
from epep_events.profile import (
    AuthorityProfile,
    Choice,
    Deadlines,
    Period,
    Permissions,
    QualityAssurance,
    Role,
    SignOff,
)
from epep_runtime.ids import new_id
from epep_runtime.sealing import seal
from epep_runtime.testing import ServiceUnderTest, eventually

STARTS = datetime(2026, 12, 3, 10, 30, tzinfo=UTC)


def profile(code: str, language: str = "en", digest_at: str | None = None) -> AuthorityProfile:
    ten = Period(n=10, unit="calendar_days")
    return AuthorityProfile(
        code=code,
        name="Testshire",
        version=1,
        effective_from=date(2026, 9, 1),
        virtual_school_name="Testshire Virtual School",
        contact_email=f"school-{code}@testshire.example",
        contact_phone="01632 960123",
        labels={},
        variants_by_year={},
        kinds=(),
        meeting_reasons=(Choice(value="termly_review", label="Termly review"),),
        meeting_checklist=(),
        chair_hint="",
        sections=(),
        mandatory_on_save="prompt",
        deadlines=Deadlines(initiate=ten, first_review=ten),
        sign_off=SignOff(final_role="virtual_school", gates=()),
        qa=QualityAssurance(mode="after_sign_off", scale=(), areas=()),
        permissions=Permissions(create_pep=()),
        language=language,
        digest_at=digest_at,
    )


def when(sequence: int = 0, starts_at: datetime = STARTS) -> When:
    return When(starts_at=starts_at, duration_minutes=60, place="Room 2", sequence=sequence)


def invited(
    email: str | None, token: str, name: str = "Bea Brown", account_id: UUID | None = None
) -> InvitedPerson:
    return InvitedPerson(
        invitation_id=new_id(),
        account_id=account_id,
        email=email,
        name=name,
        role="carer",
        sealed_token=token,
    )


def invitation(person: InvitedPerson, meeting_id: UUID, pep_id: UUID) -> InvitationIssued:
    return InvitationIssued(
        meeting_id=meeting_id,
        pep_id=pep_id,
        child_id=new_id(),
        child_initials="K.O.",
        person=person,
        when=when(),
        reason="termly_review",
        contact_name="Dana Teach",
        contact_phone="01632 960777",
    )


class Family:
    """One child with a PEP in its own authority, and people whom the service knows."""

    def __init__(self, service: ServiceUnderTest, authority: str, language: str = "en") -> None:
        self.service, self.authority, self.language = service, authority, language
        self.child_id, self.pep_id, self.meeting_id = new_id(), new_id(), new_id()

    async def settle_in(self) -> None:
        """Say the profile, the child and the PEP, and wait until they are known."""
        say, stream = self.service.others.say, f"child-{self.child_id}"
        published = AuthorityProfilePublished(profile=profile(self.authority, self.language))
        await say("pep", f"profile-{self.authority}", published, authority=self.authority)
        registered = ChildRegistered(
            child_id=self.child_id,
            social_care_id="c1",
            date_of_birth=date(2014, 5, 1),
            sex="1",
            ethnicity="WBRI",
        )
        await say("pep", stream, registered, authority=self.authority)
        initiated = PEPInitiated(
            pep_id=self.pep_id,
            child_id=self.child_id,
            child_initials="K.O.",
            kind="review",
            kind_label="Termly review PEP",
            variant="school_age",
            key_stage="KS3",
            year_group=7,
            profile_code=self.authority,
            profile_version=1,
            initiated_on=date(2026, 9, 10),
            completion_due=None,
            meeting=None,
        )
        await say("pep", f"pep-{self.pep_id}", initiated, authority=self.authority)

        async def known() -> bool:
            pool = self.service.process.pool
            found = await pool.fetchval(
                "SELECT count(*) FROM known_profiles, peps WHERE code = $1 AND pep_id = $2",
                self.authority,
                self.pep_id,
            )
            return bool(found)

        await eventually(known)

    async def person(self, name: str, *roles: Role) -> tuple[UUID, str]:
        """Register somebody, assign them to the child in these roles; return account and email."""
        account_id = new_id()
        email = f"{account_id.hex[-12:]}@people.example"
        registered = UserRegistered(account_id=account_id, name=name, email=email)
        say = self.service.others.say
        await say("identity", f"account-{account_id}", registered)
        for role in roles:
            assigned = ProfessionalAssigned(
                child_id=self.child_id, account_id=account_id, role=role
            )
            await say("pep", f"child-{self.child_id}", assigned, authority=self.authority)

        async def known() -> bool:
            pool = self.service.process.pool
            people = await pool.fetchval(
                "SELECT count(*) FROM known_people WHERE account_id = $1", account_id
            )
            held = await pool.fetchval(
                "SELECT count(*) FROM access_people WHERE account_id = $1", account_id
            )
            return bool(people) and held == len(roles)

        await eventually(known)
        return account_id, email

    async def merge(self, closed: UUID, kept: UUID) -> None:
        """Say that two accounts became one, and wait until that is known."""
        merged = AccountsMerged(
            account_id=closed, into_account_id=kept, authority_code=self.authority, why="Twice"
        )
        say = self.service.others.say
        await say("identity", f"account-{closed}", merged, authority=self.authority)

        async def known() -> bool:
            sql = "SELECT merged_into FROM known_people WHERE account_id = $1"
            return bool(await self.service.process.pool.fetchval(sql, closed) == kept)

        await eventually(known)


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


async def sealed(service: ServiceUnderTest, secret: str) -> str:
    (published,) = await service.said(SealingKeyPublished)
    assert isinstance(published.data, SealingKeyPublished)
    return seal(secret, published.data.jwk)


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def settled(service: ServiceUnderTest, type_: type, email: str) -> list[object]:
    return [each.data for each in await service.said(type_) if each.data.email == email]  # type: ignore[attr-defined]
