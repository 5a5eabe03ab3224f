"""Profiles and PEPs for stories about quality; all people are made up."""

from datetime import date
from uuid import UUID

from epep_events.pep import (
    AuthorityProfilePublished,
    ChildRegistered,
    PEPInitiated,
    PEPSignedOff,
    PEPSubmitted,
    ProfessionalAssigned,
)
from epep_events.profile import (
    AuthorityProfile,
    Deadlines,
    Period,
    Permissions,
    QAArea,
    QualityAssurance,
    RatingLevel,
    Role,
    SignOff,
)
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually

GATING = QualityAssurance(
    mode="before_sign_off",
    scale=(
        RatingLevel(key="outstanding", label="Outstanding", colour="green"),
        RatingLevel(key="good", label="Good", colour="blue"),
        RatingLevel(key="ri", label="Requires Improvement", colour="orange"),
        RatingLevel(key="inadequate", label="Inadequate", colour="red", returns=True),
    ),
    areas=(
        QAArea(key="voice", label="Voice", descriptors={"good": "Clear and recent."}),
        QAArea(key="targets", label="Targets"),
        QAArea(key="record", label="The record"),
    ),
)
SAMPLING = QualityAssurance(
    mode="after_sign_off",
    scale=(
        RatingLevel(key="green", label="Green", colour="green"),
        RatingLevel(key="amber", label="Amber", colour="yellow"),
        RatingLevel(key="red", label="Red", colour="red"),
    ),
    areas=GATING.areas,
    sample_kinds=("initial",),
)


def profile(code: str, qa: QualityAssurance) -> AuthorityProfile:
    ten = Period(n=10, unit="calendar_days")
    return AuthorityProfile(
        code=code,
        name="Testshire",
        version=3,
        effective_from=date(2026, 9, 1),
        virtual_school_name="Testshire Virtual School",
        contact_email="school@testshire.example",
        contact_phone="01632 960123",
        labels={},
        variants_by_year={},
        kinds=(),
        meeting_reasons=(),
        meeting_checklist=(),
        chair_hint="",
        sections=(),
        mandatory_on_save="prompt",
        deadlines=Deadlines(initiate=ten, first_review=ten),
        sign_off=SignOff(final_role="virtual_school", gates=()),
        qa=qa,
        permissions=Permissions(create_pep=()),
    )


class Case:
    """One child's PEP in one authority, with the people around it."""

    def __init__(self, service: ServiceUnderTest, authority: str, qa: QualityAssurance) -> None:
        self.service, self.authority, self.qa = service, authority, qa
        self.child_id, self.pep_id = new_id(), new_id()
        self.teacher, self.carer, self.reviewer = new_id(), new_id(), new_id()

    async def begin(self, kind: str = "review") -> None:
        """Say profile, child, people and PEP, and wait until they are known."""
        published = AuthorityProfilePublished(profile=profile(self.authority, self.qa))
        await self._say(f"profile-{self.authority}", published)
        stream = f"child-{self.child_id}"
        registered = ChildRegistered(
            child_id=self.child_id,
            social_care_id="c1",
            date_of_birth=date(2014, 5, 1),
            sex="1",
            ethnicity="WBRI",
        )
        await self._say(stream, registered)
        people: list[tuple[UUID, Role]] = [
            (self.teacher, "designated_teacher"),
            (self.carer, "carer"),
        ]
        for account_id, role in people:
            assigned = ProfessionalAssigned(
                child_id=self.child_id, account_id=account_id, role=role
            )
            await self._say(stream, assigned)
        await self._say(f"pep-{self.pep_id}", self._initiated(kind))

        async def known() -> bool:
            pool = self.service.process.pool
            rows = await pool.fetchval(
                "SELECT (SELECT count(*) FROM access_people WHERE child_id = $1)"
                " + (SELECT count(*) FROM peps WHERE pep_id = $2)"
                " + (SELECT count(*) FROM access_peps WHERE pep_id = $2)"
                " + (SELECT count(*) FROM known_profiles WHERE code = $3)",
                self.child_id,
                self.pep_id,
                self.authority,
            )
            return int(rows) == 5

        await eventually(known)

    def _initiated(self, kind: str) -> PEPInitiated:
        return PEPInitiated(
            pep_id=self.pep_id,
            child_id=self.child_id,
            child_initials="K.O.",
            kind=kind,
            kind_label="Termly review PEP",
            variant="school_age",
            key_stage="KS3",
            year_group=7,
            profile_code=self.authority,
            profile_version=3,
            initiated_on=date(2026, 9, 10),
            completion_due=None,
            meeting=None,
        )

    async def _say(self, stream: str, event: object) -> None:
        await self.service.others.say("pep", stream, event, authority=self.authority)  # type: ignore[arg-type]

    async def submit(self) -> None:
        """Say that the PEP was submitted."""
        event = PEPSubmitted(pep_id=self.pep_id, child_id=self.child_id, profile_version=3)
        await self._say(f"pep-{self.pep_id}", event)

    async def sign_off(self, kind: str = "review") -> None:
        """Say that the PEP was signed off."""
        event = PEPSignedOff(
            pep_id=self.pep_id,
            child_id=self.child_id,
            kind=kind,
            profile_version=3,
            next_pep_id=None,
            next_meeting_at=None,
        )
        await self._say(f"pep-{self.pep_id}", event)

    @property
    def as_reviewer(self) -> dict[str, str]:
        return self.service.as_person(self.reviewer, (self.authority, "virtual_school"))

    @property
    def as_teacher(self) -> dict[str, str]:
        return self.service.as_person(self.teacher, (self.authority, "designated_teacher"))

    @property
    def as_carer(self) -> dict[str, str]:
        return self.service.as_person(self.carer, (self.authority, "carer"))
