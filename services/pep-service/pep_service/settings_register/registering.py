"""Registering a school or other setting, and listing the register."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_access.checking import acting_in
from epep_events.base import Event
from epep_events.pep import SettingRegistered
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, Name, example
from pep_service.children.shapes import NewVersion
from pep_service.settings_register.setting import SETTING, Setting, settings_in

router = APIRouter(tags=["settings"])

Urn = Annotated[
    str,
    Path(
        pattern=r"^(EY)?[0-9]{6}$",
        description="The DfE's URN of a school (six digits) or Ofsted's of an early years setting",
        examples=["990105"],
    ),
]


class RegisterSetting(Command):
    """A setting's details; `authority_code` is the authority in whose area it lies."""

    model_config = example(name="Larkfield Academy", phase="secondary", authority_code="330")

    name: Name
    phase: Name
    authority_code: str = Field(pattern=r"^[0-9]{3}$")


class TeacherShown(BaseModel):
    """A setting's designated teacher, until when (null: no end)."""

    account_id: UUID
    name: str
    until: datetime | None


class SettingShown(BaseModel):
    """One setting of the register, with its designated teachers at present."""

    urn: str
    name: str
    phase: str
    authority_code: str
    designated_teachers: list[TeacherShown]


TEACHERS = """
SELECT r.setting_urn, p.account_id, p.name,
       CASE WHEN bool_and(r.held_to IS NOT NULL) THEN max(r.held_to) END AS held_to
  FROM known_roles r JOIN known_people p USING (account_id)
 WHERE r.setting_urn = ANY($1) AND r.role IN ('designated_teacher', 'designated_person')
   AND p.active AND r.held_from <= now() AND (r.held_to IS NULL OR r.held_to > now())
 GROUP BY r.setting_urn, p.account_id, p.name ORDER BY p.name, p.account_id
"""


async def teachers_at(pool: Pool, urns: list[str]) -> dict[str, list[TeacherShown]]:
    """Return the designated teachers of these settings at this moment, by URN."""
    found: dict[str, list[TeacherShown]] = {}
    for row in await pool.fetch(TEACHERS, urns):
        teacher = TeacherShown(account_id=row["account_id"], name=row["name"], until=row["held_to"])
        found.setdefault(row["setting_urn"], []).append(teacher)
    return found


class Register(BaseModel):
    """The settings by name."""

    settings: list[SettingShown]


def register(known: Setting, urn: str, told: RegisterSetting) -> list[Event]:
    """Return the registration; no event where all of it is known already.

    Raises RefusedError for a setting that another authority has registered.
    """
    if known.authority and known.authority != told.authority_code:
        raise RefusedError(
            _("This setting is registered by authority %(authority)s.", authority=known.authority),
            "other-authority",
        )
    setting = Setting(urn, told.name, told.phase, told.authority_code)
    return [] if setting == known else [SettingRegistered(urn=urn, **told.model_dump())]


@router.put(
    "/settings/{urn}",
    summary="Register a school or other setting",
    response_model=NewVersion,
    responses=CHANGE_RESPONSES,
)
async def put_setting(
    urn: Urn, command: RegisterSetting, change: Changing, request: Request
) -> JSONResponse:
    """Register a setting, or its new details, for the virtual school of that authority.

    The same details again change nothing. `If-Match` is looked at where it is sent.
    """
    running = running_of(request)
    acting = await acting_in(running.pool, change.principal, command.authority_code)
    role = acting.must("settings.write")
    return await running.commands.carry_out(
        change,
        SETTING,
        urn,
        lambda known: register(known, urn, command),
        role=role,
        authority=command.authority_code,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )


@router.get("/settings", summary="The register of settings", response_model=Register)
async def get_settings(
    _: Asking,
    request: Request,
    authority: Annotated[str | None, Query(pattern=r"^[0-9]{3}$")] = None,
) -> Register:
    """Return the settings by name, all or those in one authority's area."""
    pool = running_of(request).pool
    found = await settings_in(pool, authority)
    teachers = await teachers_at(pool, [each.urn for each in found])
    return Register(
        settings=[
            SettingShown(
                urn=s.urn,
                name=s.name,
                phase=s.phase,
                authority_code=s.authority,
                designated_teachers=teachers.get(s.urn, []),
            )
            for s in found
        ]
    )
