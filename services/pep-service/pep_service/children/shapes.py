"""The JSON of children over HTTP (the contract's shapes)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from epep_events.profile import Role
from pep_service.peps.cards import PepCards

Tone = Literal["green", "red", "yellow", "grey", "none"]


class NewVersion(BaseModel):
    """What a change answers: the stream's new version, also the ETag."""

    version: int


class AuthorityNames(BaseModel):
    """An authority and its virtual school by name."""

    code: str
    name: str
    virtual_school_name: str


class Indicator(BaseModel):
    """One key indicator; `tone` says how it is to be taken."""

    label: str
    value: str
    tone: Tone = "none"


class Datum(BaseModel):
    """One line of core data."""

    label: str
    value: str


class EpisodeShown(BaseModel):
    """One episode of care in words, without addresses."""

    started_on: date
    reason_label: str
    legal_status_label: str
    placement_label: str
    ended_on: date | None
    end_reason_label: str | None


class PersonShown(BaseModel):
    """Somebody with access to the child now, in one role, why, since and until when."""

    account_id: UUID
    name: str
    email: str | None
    role: Role
    role_label: str
    basis: str
    since: datetime
    until: datetime | None


class ChildMay(BaseModel):
    """What the caller may do on the child's page."""

    create_pep: bool
    assign: bool
    access_list: bool
    see_reads: bool
    request_carer: bool


class ChildPage(BaseModel):
    """Everything on a child's page but the change log."""

    child_id: UUID
    version: int
    name: str
    first_name: str | None
    last_name: str | None
    preferred_name: str | None
    authority: AuthorityNames
    labels: dict[str, str]
    key_indicators: list[Indicator]
    core_data: list[Datum]
    episodes: list[EpisodeShown]
    people: list[PersonShown]
    peps: PepCards
    may: ChildMay
