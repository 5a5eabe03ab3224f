"""Create PEP: a PEP begins, with the meeting it will be made at (B52, S42-S52)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import acting_for_child
from epep_events.base import Event
from epep_events.pep import PEPInitiated
from epep_events.profile import AuthorityProfile, Choice
from epep_runtime.civil_time import local_date
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.ids import derived_id
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, Name, example
from epep_runtime.tokens import Principal
from pep_service.children.child import CHILD, Child
from pep_service.children.school_year import SchoolYear, school_year
from pep_service.peps.inviting import InviteeForm, KnownPerson, invitees_of, known_people
from pep_service.peps.meeting_form import MeetingForm, plan_of
from pep_service.peps.own_log import KnownPEP, peps_of_child
from pep_service.peps.pep import PEP, PEPS
from pep_service.profiles.deadlines import completion_due
from pep_service.profiles.published import profile_of

router = APIRouter(tags=["peps"])


class InitiatePEP(Command):
    """What the Create PEP form sends."""

    model_config = example(
        kind="initial",
        meeting={
            "date": "2026-12-03",
            "time": "10:30",
            "place": "Larkfield Academy",
            "reason": "initial",
            "contact_name": "Sam Okoro",
            "contact_phone": "0121 496 0100",
        },
        invitees=[
            {"account_id": "0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e"},
            {"email": "aunt@example.org", "name": "Rosa Hill"},
        ],
    )

    kind: Name
    meeting: MeetingForm
    invitees: tuple[InviteeForm, ...] = ()


class Initiated(BaseModel):
    """The answer: the new PEP's id; its address is in `Location`."""

    pep_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a PEP's beginning depends on: the child, its PEPs so far, who can be invited."""

    child: Child
    peps: Sequence[KnownPEP]
    people: Mapping[UUID, KnownPerson]
    profile: AuthorityProfile


def refuse_second(kind: str, peps: Sequence[KnownPEP]) -> None:
    """Raise RefusedError where the child has an open PEP of that kind.

    One that has been signed off counts as open until the next one, which follows from it, is
    there.
    """
    there = {each.pep_id for each in peps}
    if any(each.kind == kind and not each.signed_off for each in peps):
        raise RefusedError(
            _("The child already has an open PEP of this kind. Work on that one, or sign it off."),
            "open_pep",
        )
    if any(each.next_pep_id and each.next_pep_id not in there for each in peps):
        raise RefusedError(
            _(
                "The last PEP has just been signed off and the next one is being made."
                " Try again in a moment."
            ),
            "next_pep_coming",
        )


def _kind(kind: str, profile: AuthorityProfile) -> Choice:
    for choice in profile.kinds:
        if choice.value == kind:
            return choice
    raise InvalidError([FieldError("kind", _("Choose one of the kinds given."), "choice")])


def _year(child: Child, profile: AuthorityProfile, now: datetime) -> SchoolYear:
    year = school_year(child.date_of_birth, local_date(now))
    if str(year.year_group) not in profile.variants_by_year:
        raise RefusedError(
            _("%(name)s has no PEP for %(label)s.", name=profile.name, label=year.label), "age"
        )
    return year


def decide(
    pep: PEP, pep_id: UUID, command: InitiatePEP, told: Circumstances, now: datetime
) -> list[Event]:
    """Return `PEPInitiated`, with key stage, year group and variant as they are today.

    Raises RefusedError for a second open PEP of a kind or an age without a form, InvalidError
    that lists what does not fit.
    """
    child, profile = told.child, told.profile
    if child.child_id is None:
        raise NotFoundError
    refuse_second(command.kind, told.peps)
    if pep.initiated is not None:
        raise RefusedError(_("Somebody else has just created this PEP."), "open_pep")
    kind = _kind(command.kind, profile)
    year = _year(child, profile, now)
    plan = plan_of(command.meeting, profile, now)
    return [
        PEPInitiated(
            pep_id=pep_id,
            child_id=child.child_id,
            child_initials=child.initials,
            kind=kind.value,
            kind_label=kind.label,
            variant=profile.variants_by_year[str(year.year_group)],
            key_stage=year.key_stage,
            year_group=year.year_group,
            profile_code=profile.code,
            profile_version=profile.version,
            initiated_on=local_date(now),
            completion_due=completion_due(
                profile.deadlines.complete_after_meeting, local_date(plan.starts_at)
            ),
            meeting=plan,
            invitees=invitees_of(command.invitees, told.people),
        )
    ]


async def circumstances(
    running: Running, principal: Principal, role: str, child_id: UUID, authority: str
) -> Circumstances:
    """Gather what is known now. The caller may be invited too, whatever their role."""
    async with running.pool.acquire() as connection:
        child = (await running.store.load(connection, CHILD, child_id)).state
        people = await known_people(connection, [(principal.account_id, role), *child.people])
        return Circumstances(
            child,
            await peps_of_child(connection, child_id),
            people,
            await profile_of(connection, authority),
        )


@router.post(
    "/children/{child_id}/peps",
    status_code=201,
    summary="Create a PEP",
    responses={201: {"model": Initiated}, **CHANGE_RESPONSES},
)
async def initiate(
    child_id: UUID, command: InitiatePEP, change: Changing, request: Request
) -> JSONResponse:
    """Begin a PEP and invite to its meeting; who may is a setting of the authority (D16).

    The id follows from the child, the kind and how many PEPs there were, so that two people who
    press the button at the same time make one PEP.
    """
    running = running_of(request)
    acting = await acting_for_child(running.pool, change.principal, child_id)
    profile = await profile_of(running.pool, acting.authority)
    role = acting.must("pep.create", profile.permissions.create_pep)
    told = await circumstances(running, change.principal, role, child_id, acting.authority)
    pep_id = derived_id("pep", child_id, command.kind, len(told.peps))
    now = running.store.clock()
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, pep_id, command, told, now),
        role=role,
        authority=acting.authority,
        needs_version=False,
        stale=lambda *_: False,
        answer=lambda _, version: Answer(
            {"pep_id": str(pep_id), "version": version}, 201, f"/peps/{pep_id}"
        ),
    )
