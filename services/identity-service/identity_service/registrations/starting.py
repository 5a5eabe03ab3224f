"""First-time registration (B03-B05): details are taken, and a link goes to the address."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.getting_in import RegistrationRepeated, RegistrationStarted
from epep_runtime.http import running_of
from epep_runtime.postgres import Connection
from epep_runtime.sealing import newest_sealing_key, seal
from epep_runtime.service import Running
from epep_runtime.text import Email, Line, Name, example
from identity_service.accounts import directory
from identity_service.asking.answers import ASK_RESPONSES, Asked, write_ask
from identity_service.asking.asks import Ask, done
from identity_service.causes import by_service
from identity_service.links import records as links
from identity_service.parts import Identity
from identity_service.read_models.sign_in_rules import Rules, all_rules
from identity_service.registrations.registration import REGISTRATION
from identity_service.registrations.wanting import Telephone, Wanted, rules_for

router = APIRouter()
LINK_LIFETIME = timedelta(hours=24)
SENT = (
    "If the details are right, an email with a link is on its way to that address. "
    "The link works once, for 24 hours."
)


class Register(Wanted):
    """Who somebody is and what they ask to do."""

    model_config = example(
        name="Amara Lindqvist",
        email="amara.lindqvist@fernhallow.example",
        phone="01632 960 001",
        authority="330",
        role="designated_teacher",
        setting_urn="990105",
    )

    name: Name
    email: Email
    phone: Telephone
    job_title: Line | None = None


class RoleOption(BaseModel):
    """A role that may be asked for, in the authority's words."""

    value: str
    label: str


class ShownDeclaration(BaseModel):
    """One thing to declare; each is ticked by itself."""

    key: str
    title: str
    text: str


class AuthorityOption(BaseModel):
    """An authority that uses ePEP, how to reach its virtual school, what it asks."""

    code: str
    name: str
    virtual_school_name: str
    contact_email: str
    contact_phone: str
    remembered_device_days: int
    roles: list[RoleOption]
    declarations_version: int
    declarations: list[ShownDeclaration]


class RegistrationOptions(BaseModel):
    """What the registration form offers."""

    authorities: list[AuthorityOption] = Field(description="By name")


def _option(rules: Rules) -> AuthorityOption:
    return AuthorityOption(
        code=rules.authority,
        name=rules.name,
        virtual_school_name=rules.virtual_school_name,
        contact_email=rules.contact_email,
        contact_phone=rules.contact_phone,
        remembered_device_days=rules.remembered_device_days,
        roles=[RoleOption(value=value, label=label) for value, label in rules.roles()],
        declarations_version=rules.declarations_version,
        declarations=[ShownDeclaration(**each) for each in rules.declarations],
    )


@router.get("/registration-options", summary="What the registration form offers")
async def registration_options(request: Request) -> RegistrationOptions:
    """Return the authorities with their roles, contacts and declarations. PUBLIC."""
    found = await all_rules(running_of(request).pool)
    return RegistrationOptions(authorities=[_option(each) for each in found])


@router.post(
    "/registrations",
    status_code=202,
    responses=ASK_RESPONSES,
    summary="Register for the first time",
)
async def register(command: Register, request: Request) -> Asked:
    """Take the details and have a link mailed to the address.

    PUBLIC. The answer is the same whether or not the address has an account, and is given before
    that is looked up; its owner is told by mail. Nobody has access by registering.
    """
    await rules_for(running_of(request).pool, command)
    return await write_ask(request, "registration", command, SENT)


async def look_up_registration(running: Running, ask: Ask) -> None:
    """Mail a link to whoever is new, and a word to whoever has an account already."""
    command = Register.model_validate(ask.body)
    owner = await directory.owner(running.pool, command.email)
    if owner is None:
        await _start(running, ask, command)
    else:
        await _repeat(running, ask, owner)


async def _start(running: Running, ask: Ask, command: Register) -> None:
    token, now = links.new_token(), running.store.clock()
    stream = REGISTRATION.stream(ask.ask_id)
    async with running.pool.acquire() as connection, connection.transaction():
        sealed = seal(token, await newest_sealing_key(connection))
        await running.store.hold(connection, [stream])
        if not await _is_my_turn(running, connection, ask, command.email):
            return
        event = RegistrationStarted(
            registration_id=ask.ask_id,
            name=command.name,
            email=command.email,
            phone=command.phone,
            authority_code=command.authority,
            role=command.role,
            setting_urn=command.setting_urn,
            team=command.team,
            job_title=command.job_title,
            sealed_token=sealed,
            expires_at=now + LINK_LIFETIME,
        )
        cause = by_service().within(command.authority)
        await running.store.append(connection, stream, 0, [event], cause)
        await links.add(connection, token, "registration", ask.ask_id, now + LINK_LIFETIME)


async def _repeat(running: Running, ask: Ask, owner: UUID) -> None:
    command = Register.model_validate(ask.body)
    stream = REGISTRATION.stream(ask.ask_id)
    async with running.pool.acquire() as connection, connection.transaction():
        await running.store.hold(connection, [stream])
        if not await _is_my_turn(running, connection, ask, command.email):
            return
        said: list[Event] = [RegistrationRepeated(account_id=owner, wanted_for="registration")]
        await running.store.append(connection, stream, 0, said, by_service())


async def _is_my_turn(running: Running, connection: Connection, ask: Ask, email: str) -> bool:
    """Take the ask off the list; False where another was quicker or the address had enough mail."""
    if not await done(connection, ask):
        return False
    return await running.part(Identity).counters.may_mail(connection, ask, email)
