"""Cover: somebody stands in for a colleague who is away, or for a setting without a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from epep_access.checking import acting_in
from epep_access.days import end_of, start_of
from epep_access.people import person_of
from epep_events.access import CoverArranged, CoverEnded
from epep_events.base import Event
from epep_events.profile import Role
from epep_runtime.civil_time import local_date
from epep_runtime.commands import Answer
from epep_runtime.event_store import Aggregate
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError
from epep_runtime.text import Command, Name, example
from pep_service.access.delegations import MayEnd, check_days
from pep_service.access.names import PersonName, State, names, state_at, title
from pep_service.children.assigning import NEVER_ASSIGNED
from pep_service.children.shapes import NewVersion
from pep_service.peps.answers import LocalDate
from pep_service.profiles.published import profile_of
from pep_service.settings_register.setting import setting_names

router = APIRouter(tags=["access"])
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover; before `CoverArranged` there is none."""

    arranged: CoverArranged | None = None
    ended: bool = False


def evolve(state: Cover, event: Event) -> Cover:
    """Return the cover after the event."""
    match event:
        case CoverArranged():
            return Cover(event)
        case CoverEnded():
            return Cover(state.arranged, ended=True)
    return state


COVER = Aggregate("cover", Cover(), evolve)


class Arrange(Command):
    """Who covers: for a colleague (`covered_id`) in a role, or for a setting's teacher."""

    model_config = example(
        authority="330",
        account_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e",
        covered_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5f",
        role="social_worker",
        until="2026-12-18",
        reason="Annual leave",
    )

    authority: Code
    account_id: UUID
    covered_id: UUID | None = None
    setting_urn: Annotated[str, StringConstraints(pattern=r"^(EY)?[0-9]{6}$")] | None = None
    role: Role
    since: LocalDate | None = Field(default=None, alias="from")
    until: LocalDate
    reason: Name


class EndCover(Command):
    """Nothing needs saying beyond which one; the body is an empty object."""

    model_config = example()


class CoverMade(BaseModel):
    """The new cover's id."""

    cover_id: UUID
    version: int


class CoveredSetting(BaseModel):
    """A setting by name."""

    urn: str
    name: str


class CoverShown(BaseModel):
    """One cover, for a person or for a setting."""

    cover_id: UUID
    account: PersonName
    covered: PersonName | None
    setting: CoveredSetting | None
    role: str
    role_label: str
    since: datetime
    until: datetime
    reason: str
    state: State
    may: MayEnd


class Covers(BaseModel):
    """An authority's covers, those that end last first."""

    covers: list[CoverShown]


async def _checked(pool: Any, command: Arrange, today: Any) -> None:
    check_days(command.since, command.until, today)
    errors = []
    if (command.covered_id is None) == (command.setting_urn is None):
        errors.append(FieldError("covered_id", _("Choose a person or a setting."), "one-of"))
    person = await person_of(pool, command.account_id)
    if person is None or not person.active or command.account_id == command.covered_id:
        errors.append(FieldError("account_id", _("There is no such account."), "unknown"))
    elif not person.holds(command.role):
        errors.append(
            FieldError("role", _("%(name)s does not hold this role.", name=person.name), "not-held")
        )
    teaches = command.role in {"designated_teacher", "designated_person"}
    if command.role in NEVER_ASSIGNED or (command.setting_urn and not teaches):
        errors.append(FieldError("role", _("Nobody is covered in this role."), "unfit"))
    if command.covered_id is not None:
        covered = await person_of(pool, command.covered_id)
        if covered is None:
            errors.append(FieldError("covered_id", _("There is no such account."), "unknown"))
        elif not covered.holds(command.role, None if teaches else command.authority):
            message = _("%(name)s does not hold this role here.", name=covered.name)
            errors.append(FieldError("covered_id", message, "not-held"))
    if errors:
        raise InvalidError(errors)


@router.post(
    "/covers",
    status_code=201,
    summary="Arrange cover",
    responses={201: {"model": CoverMade}, **CHANGE_RESPONSES},
)
async def arrange(command: Arrange, change: Changing, request: Request) -> JSONResponse:
    """Let somebody see what a colleague, or a setting's designated teacher, sees until a day.

    For the virtual school. Who covers must hold the role; of a colleague from another authority
    nothing of this one is shown that they do not see themselves.
    """
    running = running_of(request)
    acting = await acting_in(running.pool, change.principal, command.authority)
    role, now = acting.must("cover.arrange"), running.store.clock()
    await _checked(running.pool, command, local_date(now))
    until = end_of(command.until)
    assert until is not None
    said = CoverArranged(
        cover_id=new_id(),
        authority_code=command.authority,
        account_id=command.account_id,
        covered_id=command.covered_id,
        setting_urn=command.setting_urn,
        role=command.role,
        since=start_of(command.since, now),
        until=until,
        reason=command.reason,
    )
    return await running.commands.carry_out(
        change,
        COVER,
        said.cover_id,
        lambda _: [said],
        role=role,
        authority=command.authority,
        answer=lambda _, version: Answer({"cover_id": str(said.cover_id), "version": version}, 201),
        needs_version=False,
    )


def end(state: Cover) -> Sequence[Event]:
    """Return the end; nothing where it has ended."""
    told = state.arranged
    if told is None or state.ended:
        return []
    return [
        CoverEnded(
            cover_id=told.cover_id, authority_code=told.authority_code, account_id=told.account_id
        )
    ]


@router.post(
    "/covers/{cover_id}/end",
    summary="End a cover",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def end_cover(
    cover_id: UUID,
    command: EndCover,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """End it at once, for the virtual school that arranged it."""
    running = running_of(request)
    async with running.pool.acquire() as connection:
        told = (await running.store.load(connection, COVER, cover_id)).state.arranged
    if told is None:
        raise NotFoundError
    acting = await acting_in(running.pool, change.principal, told.authority_code)
    return await running.commands.carry_out(
        change,
        COVER,
        cover_id,
        end,
        role=acting.must("cover.arrange"),
        authority=told.authority_code,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )


@router.get("/covers", summary="An authority's covers")
async def list_covers(
    asking: Asking, request: Request, authority: Annotated[str, Query(pattern=r"^[0-9]{3}$")]
) -> Covers:
    """Return every cover that the virtual school arranged, for the virtual school."""
    running = running_of(request)
    (await acting_in(running.pool, asking, authority)).must("cover.arrange")
    rows = await running.pool.fetch(
        "SELECT * FROM access_standins WHERE basis = 'cover' AND authority = $1"
        " ORDER BY until DESC, standin_id LIMIT 500",
        authority,
    )
    people = [row[each] for row in rows for each in ("account_id", "for_account") if row[each]]
    known = await names(running.pool, people)
    settings = await setting_names(
        running.pool, [r["setting_urn"] for r in rows if r["setting_urn"]]
    )
    profile, now = await profile_of(running.pool, authority), running.store.clock()

    def shown(row: Any) -> CoverShown:
        urn, state = row["setting_urn"], state_at(now, row["since"], row["until"])
        return CoverShown(
            cover_id=row["standin_id"],
            account=known[row["account_id"]],
            covered=known.get(row["for_account"]),
            setting=CoveredSetting(urn=urn, name=settings.get(urn, urn)) if urn else None,
            role=row["role"],
            role_label=title(profile, row["role"]),
            since=row["since"],
            until=row["until"],
            reason=row["reason"] or "",
            state=state,
            may=MayEnd(end=state != "ended"),
        )

    return Covers(covers=[shown(row) for row in rows])
