"""What pep-service says: profiles, children, PEPs."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from epep_events.base import (
    Event,
    Personal,
    PersonalDate,
    PersonalOfAdult,
    PersonalOrNone,
    Value,
)
from epep_events.profile import AuthorityProfile, Role, Variant


class AuthorityProfilePublished(Event):
    """Said by pep-service when an authority adopts a new version of its way of working."""

    schema_version = 4

    profile: AuthorityProfile


class SettingRegistered(Event):
    """Said when a school or other setting is first known, or known again with new details."""

    urn: str
    name: str
    phase: str
    authority_code: str


class ChildRegistered(Event):
    """Said when the virtual school, or its import, first records a child (B50, S13).

    `sex` is the SSDA903 code (1 male, 2 female, 3 neither), `ethnicity` the DfE code, `upn` the
    13-character pupil number where one is known.
    """

    child_id: UUID
    social_care_id: Personal[str]
    first_name: Personal[str | None] = None
    last_name: Personal[str | None] = None
    preferred_name: Personal[str | None] = None
    date_of_birth: PersonalDate
    sex: Personal[str]
    ethnicity: Personal[str]
    upn: Personal[str | None] = None
    mother: PersonalOrNone[bool] = None
    mothers_child_born: PersonalOrNone[date] = None


class FieldChange(Value):
    """One field's old and new value, with the label people saw when they changed it."""

    field: str
    label: str
    old: Personal[JsonValue] = None
    new: Personal[JsonValue] = None


class CoreChange(FieldChange):
    """A fact of a child that changed. The field may be that of an episode, named by its start."""

    field: Personal[str]
    label: Personal[str]


class CoreDataChanged(Event):
    """Said when facts about a child are corrected or added; one entry a field."""

    child_id: UUID
    changes: tuple[CoreChange, ...]


class Placement(Value):
    """Where a child lives, in SSDA903 codes; postcodes are restricted."""

    place: Personal[str]
    provider: Personal[str]
    postcode: Personal[str | None] = None
    home_postcode: Personal[str | None] = None
    urn: Personal[str | None] = None


class CareEpisodeStarted(Event):
    """Said when an SSDA903 episode begins: into care, or a change within it (`reason` is RNE)."""

    child_id: UUID
    started_on: PersonalDate
    reason: Personal[str]
    legal_status: Personal[str]
    category_of_need: Personal[str]
    placement: Placement


class CareEpisodeEnded(Event):
    """Said when an SSDA903 episode ends (`reason` is REC; X1 means that another follows)."""

    child_id: UUID
    started_on: PersonalDate
    ended_on: PersonalDate
    reason: Personal[str]
    placement_change_reason: Personal[str | None] = None


class PlacementChanged(Event):
    """Said when a child lives somewhere else, or what was recorded of it is corrected."""

    child_id: UUID
    on: PersonalDate
    old: Placement
    new: Placement


class SettingChanged(Event):
    """Said when a child's school or other setting becomes another one, or none."""

    child_id: UUID
    old_urn: Personal[str | None]
    new_urn: Personal[str | None]
    setting_name: Personal[str | None]


class ProfessionalAssigned(Event):
    """Said when a person is given a role for a child; access follows from it in every service.

    `held_from` and `held_to` are the first and last day in England; None is at once, or without
    an end. Said again for the same person and role, it gives them other days.
    """

    schema_version = 2

    child_id: UUID
    account_id: UUID
    role: Role
    held_from: date | None = None
    held_to: date | None = None


class ProfessionalUnassigned(Event):
    """Said when that role ends; access ends with it."""

    schema_version = 2

    child_id: UUID
    account_id: UUID
    role: Role


class MeetingPlan(Value):
    """When and where the people meet; `starts_at` is UTC, shown in Europe/London."""

    starts_at: datetime
    duration_minutes: int = 60
    place: Personal[str | None] = None
    reason: str
    reason_detail: Personal[str | None] = None
    contact_name: Personal[str | None] = None
    contact_phone: Personal[str | None] = None


class Invitee(Value):
    """Somebody to invite: a person with an account, or a plain e-mail address (S77)."""

    account_id: UUID | None = None
    email: PersonalOfAdult[str | None] = None
    name: PersonalOfAdult[str]
    role: str


class PEPInitiated(Event):
    """Said when a PEP is begun, by a person (B52, S42) or after the last one's sign-off (S91).

    `kind` and the meeting's `reason` are keys of the profile's lists; `year_group` is the national
    curriculum year (Reception 0); the variant stays as it was on this day (B28).
    """

    pep_id: UUID
    child_id: UUID
    child_initials: Personal[str]
    kind: str
    kind_label: str
    variant: Variant
    key_stage: str
    year_group: int
    profile_code: str
    profile_version: int
    initiated_on: date
    completion_due: date | None
    meeting: MeetingPlan | None
    invitees: tuple[Invitee, ...] = ()
    previous_pep_id: UUID | None = None


class PageSaved(Event):
    """Said when somebody presses Save on a page and something is different; one entry a field."""

    pep_id: UUID
    section: str
    page: str
    page_title: str
    changes: tuple[FieldChange, ...]


class Target(Value):
    """A SMART target (B74, S57): what, why, how it is measured, by when, who does what."""

    area: str
    need: Personal[str | None] = None
    statement: Personal[str]
    baseline: Personal[str | None] = None
    success_measure: Personal[str]
    support: Personal[str | None] = None
    supported_by: Personal[str | None] = None
    due_on: date


class TargetDrafted(Event):
    """Said when a target is written down before it is agreed at the meeting (B48)."""

    pep_id: UUID
    target_id: UUID
    section: str
    target: Target


class TargetAmended(Event):
    """Said when a drafted target is changed (B83)."""

    pep_id: UUID
    target_id: UUID
    section: str
    target: Target
    changes: tuple[FieldChange, ...]


class TargetSubmitted(Event):
    """Said when a target has been agreed at the meeting (B75)."""

    pep_id: UUID
    target_id: UUID
    section: str
    statement: Personal[str]


class TargetWithdrawn(Event):
    """Said when a target is taken back, with the reason."""

    pep_id: UUID
    target_id: UUID
    section: str
    statement: Personal[str]
    reason: Personal[str]


class SectionCompleted(Event):
    """Said when a party marks its section complete (S19, S20, B88, B89)."""

    pep_id: UUID
    child_id: UUID
    section: str
    section_title: str


class SectionReopened(Event):
    """Said when a completed section is no longer so, because a page of it was saved again."""

    pep_id: UUID
    child_id: UUID
    section: str
    section_title: str
    because: str


class PEPSubmitted(Event):
    """Said when the finished PEP goes to the virtual school for quality assurance (S21, S88)."""

    pep_id: UUID
    child_id: UUID
    profile_version: int


class PEPReturned(Event):
    """Said when the virtual school sends a PEP back for more work, with its comment."""

    pep_id: UUID
    child_id: UUID
    review_id: UUID
    comment: Personal[str]
    rating_label: str | None


class PEPSignedOff(Event):
    """Said once in a PEP's life, by the role that the profile names (B90, S92)."""

    pep_id: UUID
    child_id: UUID
    kind: str
    profile_version: int
    next_pep_id: UUID | None
    next_meeting_at: datetime | None
    rating_label: str | None = None


class MeetingTimeNoted(Event):
    """Said by pep-service when it hears of a meeting's new date; moves the deadline (S46)."""

    pep_id: UUID
    starts_at: datetime
    place: Personal[str | None]
    old_completion_due: date | None
    completion_due: date | None


class MeetingConfirmationNoted(Event):
    """Said by pep-service when it hears that the meeting has taken place."""

    pep_id: UUID
    meeting_id: UUID


class NextMeetingNoted(Event):
    """Said by pep-service when it hears of the next meeting's date (S75)."""

    pep_id: UUID
    plan: MeetingPlan


class QAOutcomeNoted(Event):
    """Said by pep-service when it hears the virtual school's judgement of this PEP."""

    pep_id: UUID
    review_id: UUID
    decision: Literal["signed_off", "returned", "feedback"]
    rating: str
    rating_label: str
    comment: Personal[str]


EVENTS: tuple[type[Event], ...] = (
    AuthorityProfilePublished,
    SettingRegistered,
    ChildRegistered,
    CoreDataChanged,
    CareEpisodeStarted,
    CareEpisodeEnded,
    PlacementChanged,
    SettingChanged,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    PEPInitiated,
    PageSaved,
    TargetDrafted,
    TargetAmended,
    TargetSubmitted,
    TargetWithdrawn,
    SectionCompleted,
    SectionReopened,
    PEPSubmitted,
    PEPReturned,
    PEPSignedOff,
    MeetingTimeNoted,
    MeetingConfirmationNoted,
    NextMeetingNoted,
    QAOutcomeNoted,
)
