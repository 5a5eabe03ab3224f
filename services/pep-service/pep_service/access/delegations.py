"""Delegates: whom a designated teacher has help with their children, until a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_access.checking import held_by, see_my_children
from epep_access.days import end_of, start_of
from epep_access.people import people_by_email
from epep_access.permissions import table
from epep_events.access import DelegateAppointed, DelegationEnded
from epep_events.base import Event
from epep_events.profile import Role
from epep_runtime.civil_time import local_date
from epep_runtime.commands import Answer
from epep_runtime.event_store import Aggregate
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from epep_runtime.problems import FieldError, ForbiddenError, InvalidError, NotFoundError
from epep_runtime.text import Command, Email, example
from pep_service.access.names import PersonName, State, names, state_at
from pep_service.children.shapes import NewVersion
from pep_service.peps.answers import LocalDate
from pep_service.read_models.children import children_of

router = APIRouter(tags=["access"])
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Delegation:
    """An appointment; before `DelegateAppointed` there is none."""

    appointed: DelegateAppointed | None = None
    ended: bool = False


def evolve(state: Delegation, event: Event) -> Delegation:
    """Return the delegation after the event."""
    match event:
        case DelegateAppointed():
            return Delegation(event)
        case DelegationEnded():
            return Delegation(state.appointed, ended=True)
    return state


DELEGATION = Aggregate("delegation", Delegation(), evolve)


class Appoint(Command):
    """Whom to appoint, for which children (null: all of the teacher's), and until which day."""

    model_config = example(
        email="jo.bennett@school.example", child_ids=None, until="2027-07-20", **{"from": None}
    )

    email: Email
    child_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)] | None = None
    until: LocalDate
    since: LocalDate | None = Field(default=None, alias="from")


class EndDelegation(Command):
    """Nothing needs saying beyond which one; the body is an empty object."""

    model_config = example()


class ChildName(BaseModel):
    """A child by name."""

    child_id: UUID
    name: str


class MayEnd(BaseModel):
    """What the caller may do with the line."""

    end: bool


class MayAppoint(BaseModel):
    """What the caller may do on the page."""

    appoint: bool


class DelegationShown(BaseModel):
    """One appointment; `children` is null for all children of who appointed."""

    delegation_id: UUID
    account: PersonName
    appointed_by: PersonName
    children: list[ChildName] | None
    since: datetime
    until: datetime
    state: State
    may: MayEnd


class Delegations(BaseModel):
    """The appointments that one made, those that one was given, and whose children one has."""

    given: list[DelegationShown]
    received: list[DelegationShown]
    may: MayAppoint
    children: list[ChildName]


class Appointed(BaseModel):
    """The new appointment's id."""

    delegation_id: UUID
    version: int


def check_days(since: date | None, until: date, today: date) -> None:
    """Refuse days that are over, more than a year ahead, the wrong way round, or more than a year.

    Raises InvalidError.
    """
    first = since or today
    if first < today:
        raise InvalidError([FieldError("from", _("Choose today or a later day."), "past")])
    if first - today > LONGEST:
        raise InvalidError([FieldError("from", _("Choose a day within a year."), "too-late")])
    if until < first:
        raise InvalidError([FieldError("until", _("Choose a day that is not over."), "past")])
    if until - first > LONGEST:
        raise InvalidError([FieldError("until", _("Choose a day within a year."), "too-long")])


OWN_CHILDREN = """
SELECT DISTINCT child_id FROM access_relations()
 WHERE account_id = $1 AND role = ANY($2) AND basis IN ('allocated', 'setting')
   AND since <= now() AND (until IS NULL OR until > now())
"""


async def own_children(pool: Pool, account_id: UUID) -> set[UUID]:
    """Return the children whose designated teacher somebody is at this moment, anywhere."""
    await see_my_children(pool, account_id)
    school = sorted(table().allowed("delegation.appoint"))
    rows = await pool.fetch(OWN_CHILDREN, account_id, school)
    return {row["child_id"] for row in rows}


@router.post(
    "/delegations",
    status_code=201,
    summary="Appoint a delegate",
    responses={201: {"model": Appointed}, **CHANGE_RESPONSES},
)
async def appoint(command: Appoint, change: Changing, request: Request) -> JSONResponse:
    """Let a colleague with an account read and write for one's children, but sign nothing.

    The delegate sees a child only as long as the teacher does. For designated teachers and persons.
    """
    running = running_of(request)
    held = (await held_by(running.pool, change.principal)).roles()
    allowed = held & table().allowed("delegation.appoint")
    if not allowed:
        raise ForbiddenError
    role: Role = table().first(allowed)  # type: ignore[assignment]  # the table has roles
    now = running.store.clock()
    check_days(command.since, command.until, local_date(now))
    person = (await people_by_email(running.pool, [command.email])).get(command.email)
    if person is None or person.account_id == change.principal.account_id:
        raise InvalidError(
            [FieldError("email", _("No colleague has an account with this address."), "unknown")]
        )
    strange = set(command.child_ids or ()) - await own_children(
        running.pool, change.principal.account_id
    )
    if strange:
        raise InvalidError(
            [FieldError("child_ids", _("Choose children whose teacher you are."), "not-yours")]
        )
    until = end_of(command.until)
    assert until is not None
    said = DelegateAppointed(
        delegation_id=new_id(),
        account_id=person.account_id,
        appointed_by=change.principal.account_id,
        appointed_as=role,
        children=command.child_ids,
        since=start_of(command.since, now),
        until=until,
    )
    key = said.delegation_id
    return await running.commands.carry_out(
        change,
        DELEGATION,
        key,
        lambda _: [said],
        role=role,
        authority=None,
        answer=lambda _, version: Answer({"delegation_id": str(key), "version": version}, 201),
        needs_version=False,
    )


def end(state: Delegation, by: UUID) -> Sequence[Event]:
    """Return the end; nothing where it has ended. Raises NotFoundError for other people's."""
    told = state.appointed
    if told is None or by not in {told.appointed_by, told.account_id}:
        raise NotFoundError
    if state.ended:
        return []
    return [
        DelegationEnded(delegation_id=told.delegation_id, account_id=told.account_id, ended_by=by)
    ]


@router.post(
    "/delegations/{delegation_id}/end",
    summary="End a delegation",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def end_delegation(
    delegation_id: UUID,
    command: EndDelegation,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """End it at once: for who appointed and for the delegate; others do not find it."""
    running = running_of(request)
    by = change.principal.account_id
    return await running.commands.carry_out(
        change,
        DELEGATION,
        delegation_id,
        lambda state: end(state, by),
        role="designated_teacher",
        authority=None,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )


MINE = """
SELECT standin_id, account_id, for_account, children, since, until FROM access_standins
 WHERE basis = 'delegation' AND (account_id = $1 OR for_account = $1)
 ORDER BY until DESC, standin_id
"""


@router.get("/delegations", summary="My delegations")
async def my_delegations(asking: Asking, request: Request) -> Delegations:
    """Return whom one appointed and who appointed one, those that have ended too."""
    running = running_of(request)
    me, now = asking.account_id, running.store.clock()
    own = await own_children(running.pool, me)
    rows = await running.pool.fetch(MINE, me)
    known = await names(
        running.pool, [row[n] for row in rows for n in ("account_id", "for_account")]
    )
    wanted = own | {child for row in rows for child in row["children"] or ()}
    children = await children_of(running.pool, wanted)

    def line(child_id: UUID) -> ChildName:
        return ChildName(child_id=child_id, name=children[child_id].name)

    def shown(row: Any) -> DelegationShown:
        state = state_at(now, row["since"], row["until"])
        chosen = row["children"]
        return DelegationShown(
            delegation_id=row["standin_id"],
            account=known[row["account_id"]],
            appointed_by=known[row["for_account"]],
            children=None if chosen is None else [line(c) for c in chosen if c in children],
            since=row["since"],
            until=row["until"],
            state=state,
            may=MayEnd(end=state != "ended"),
        )

    held = (await held_by(running.pool, asking)).roles()
    return Delegations(
        given=[shown(row) for row in rows if row["for_account"] == me],
        received=[shown(row) for row in rows if row["account_id"] == me],
        may=MayAppoint(appoint=not held.isdisjoint(table().allowed("delegation.appoint"))),
        children=sorted((line(c) for c in own if c in children), key=lambda each: each.name),
    )
