"""What pep-service says of who may see a child beside those assigned: the dated relationships.

`since` and `until` are instants, UTC; a relationship holds from the first until just before the
second, by the clock of whoever asks, without anything having to happen at its end.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from epep_events.base import Event, Personal, PersonalOfAdult
from epep_events.profile import Role

Basis = Literal["allocated", "setting", "cover", "delegation", "authority", "emergency"]
CarerRelation = Literal["carer", "parent", "young_person"]


class EmergencyAccessTaken(Event):
    """Said when a duty worker opens a child's record without a relationship, and says why."""

    child_id: UUID
    account_id: UUID
    role: Role
    reason: Personal[str]
    until: datetime


class DelegateAppointed(Event):
    """Said when a designated teacher has somebody help with their children until a day.

    `children` are those the delegate may see, or None for all of the teacher's; each only as long
    as the teacher may see it.
    """

    delegation_id: UUID
    account_id: UUID
    appointed_by: UUID
    appointed_as: Role
    children: tuple[UUID, ...] | None
    since: datetime
    until: datetime


class DelegationEnded(Event):
    """Said when a delegate's appointment ends before its day."""

    delegation_id: UUID
    account_id: UUID
    ended_by: UUID


class CoverArranged(Event):
    """Said when the virtual school has somebody stand in for a colleague, or for a setting.

    One of `covered_id` (a person, in that role) and `setting_urn` (its designated teacher) is set.
    """

    cover_id: UUID
    authority_code: str
    account_id: UUID
    covered_id: UUID | None
    setting_urn: str | None
    role: Role
    since: datetime
    until: datetime
    reason: PersonalOfAdult[str]


class CoverEnded(Event):
    """Said when a cover ends before its day."""

    cover_id: UUID
    authority_code: str
    account_id: UUID


class CarerAccessRequested(Event):
    """Said when somebody who works with a child asks that its carer may see the plan.

    Who asked is in the envelope. The person is known by an e-mail address and may have no account.
    """

    request_id: UUID
    child_id: UUID
    name: Personal[str]
    email: Personal[str]
    relation: CarerRelation


class CarerAccessApproved(Event):
    """Said when the virtual school lets that person in; their account gets the role."""

    request_id: UUID
    child_id: UUID
    name: Personal[str]
    email: Personal[str]
    role: CarerRelation


class CarerAccessRefused(Event):
    """Said when the virtual school does not let that person in, with its reason."""

    request_id: UUID
    child_id: UUID
    why: Personal[str]


class RecordOpened(Event):
    """Said when somebody opened a child's record: who, in which role, why they could, what.

    `part` is the permission that let them read it, such as `child.read`; the same person opening
    the same part again within ten minutes is one reading.
    """

    child_id: UUID
    account_id: UUID
    role: Role
    basis: Basis
    part: str
    opened_at: datetime


EVENTS: tuple[type[Event], ...] = (
    EmergencyAccessTaken,
    DelegateAppointed,
    DelegationEnded,
    CoverArranged,
    CoverEnded,
    CarerAccessRequested,
    CarerAccessApproved,
    CarerAccessRefused,
    RecordOpened,
)
