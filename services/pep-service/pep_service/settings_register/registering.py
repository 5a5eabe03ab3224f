"""Registering a school or other setting, and listing the register."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.pep import SettingRegistered
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.problems import ForbiddenError, RefusedError
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


class SettingShown(BaseModel):
    """One setting of the register."""

    urn: str
    name: str
    phase: str
    authority_code: str


class Register(BaseModel):
    """The settings by name."""

    settings: list[SettingShown]


def register(known: Setting, urn: str, told: RegisterSetting) -> list[Event]:
    """Return the registration; no event where all of it is known already.

    Raises RefusedError for a setting that another authority has registered.
    """
    if known.authority and known.authority != told.authority_code:
        raise RefusedError(
            f"This setting is registered by authority {known.authority}.", "other-authority"
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
    if not change.principal.has(command.authority_code, "virtual_school"):
        raise ForbiddenError
    return await running_of(request).commands.carry_out(
        change,
        SETTING,
        urn,
        lambda known: register(known, urn, command),
        role="virtual_school",
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
    found = await settings_in(running_of(request).pool, authority)
    return Register(
        settings=[
            SettingShown(urn=s.urn, name=s.name, phase=s.phase, authority_code=s.authority)
            for s in found
        ]
    )
