"""The link of the validation mail: a button, a password, and the person has an account (B05)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.getting_in import InvitationClaimed, RegistrationStarted, RegistrationValidated
from epep_events.identity import PasswordChanged, RoleGranted, UserRegistered
from epep_runtime.http import running_of
from epep_runtime.ids import new_id
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT
from identity_service.causes import by_person
from identity_service.links import records as links
from identity_service.links.looking import LINK_RESPONSES, Token
from identity_service.parts import Identity
from identity_service.passwords.rules import TypedPassword
from identity_service.passwords.strength import must_stand, words_of
from identity_service.read_models.invited import invitations_of, is_approved_carer
from identity_service.registrations.registration import REGISTRATION

router = APIRouter()
GRANTED_TO_INVITED = frozenset({"designated_teacher", "designated_person", "iro"})
"""Whom a colleague may let in by an invitation: never the virtual school's own roles, never family,
whom the virtual school lets in by approving their address (B71), and never a role that opens more
than the child: with a social worker's anybody who was invited to one meeting could open every
record of the authority in an emergency."""


class ConfirmRegistration(Command):
    """The link's token and the password that the person chooses."""

    model_config = example(token="from-the-mail", password="three made-up words")  # noqa: S106

    token: Token
    password: TypedPassword


class Confirmed(BaseModel):
    """The account is made. `granted`: an invitation was waiting, so there is access already."""

    state: Literal["waiting", "granted"]
    email: str = Field(examples=["amara.lindqvist@fernhallow.example"])


@dataclass(frozen=True, slots=True)
class _New:
    account_id: UUID
    started: RegistrationStarted
    link: links.Link
    password_hash: str
    now: datetime


@router.post(
    "/registrations/confirm", status_code=201, responses=LINK_RESPONSES, summary="Make the account"
)
async def confirm(command: ConfirmRegistration, request: Request) -> Confirmed:
    """Use the link up and open the account with this password.

    PUBLIC: the token is the proof. A password that will not stand is 422 and the link stays good.
    The account opens nothing until a virtual school grants a role. Who was invited to a meeting by
    the same authority, or whose address it let in as a carer's, has the role at once.
    """
    running = running_of(request)
    now, token = running.store.clock(), command.token.get_secret_value()
    link = await links.find(running.pool, token, ("registration",), now)
    started = (await running.store.load(running.pool, REGISTRATION, link.subject)).state.started
    if started is None:
        raise NotFoundError
    await must_stand(command.password, words_of(started.name, started.email))
    password_hash = await running.part(Identity).passwords.hash(command.password)
    new = _New(new_id(), started, link, password_hash, now)
    try:
        async with running.pool.acquire() as connection, connection.transaction():
            granted = await _open(running, connection, new)
    except asyncpg.UniqueViolationError as error:  # the address got an account in the meantime
        raise NotFoundError from error
    return Confirmed(state="granted" if granted else "waiting", email=started.email)


async def _open(running: Running, connection: Connection, new: _New) -> bool:
    account, registration = ACCOUNT.stream(new.account_id), REGISTRATION.stream(new.link.subject)
    await running.store.hold(connection, [account, registration])
    await links.use(connection, new.link, new.now)
    await directory.claim_address(connection, new.started.email, new.account_id)
    await directory.set_password(connection, new.account_id, new.password_hash, new.now)
    invitations = await invitations_of(
        connection, new.started.email, new.started.authority_code, new.now
    )
    if new.started.role not in GRANTED_TO_INVITED:
        invitations = []
    granted = bool(invitations) or await is_approved_carer(
        connection, new.started.email, new.started.authority_code, new.started.role
    )
    cause = by_person(new.account_id).within(new.started.authority_code)
    opened = _opened(new.account_id, new.started, granted, invitations)
    await running.store.append(connection, account, 0, opened, cause)
    loaded = await running.store.load(connection, REGISTRATION, new.link.subject)
    validated = _validated(new.account_id, new.started, granted)
    await running.store.append(connection, registration, loaded.version, [validated], cause)
    return granted


def _opened(
    account_id: UUID, started: RegistrationStarted, granted: bool, invitations: list[Any]
) -> list[Event]:
    """Return the first events of the account.

    An invited person's role is bound to no school: it opens only what they were invited to. The
    school is for the virtual school to confirm.
    """
    events: list[Event] = [
        UserRegistered(
            account_id=account_id,
            name=started.name,
            email=started.email,
            phone=started.phone,
            job_title=started.job_title,
        ),
        PasswordChanged(account_id=account_id),
    ]
    if granted:
        code, role = started.authority_code, started.role
        events.append(RoleGranted(account_id=account_id, authority_code=code, role=role))
    events += [
        InvitationClaimed(
            account_id=account_id,
            authority_code=started.authority_code,
            role=started.role,
            invitation_id=each["invitation_id"],
            meeting_id=each["meeting_id"],
            pep_id=each["pep_id"],
        )
        for each in invitations
    ]
    return events


def _validated(
    account_id: UUID, started: RegistrationStarted, invited: bool
) -> RegistrationValidated:
    return RegistrationValidated(
        registration_id=started.registration_id,
        account_id=account_id,
        name=started.name,
        email=started.email,
        phone=started.phone,
        authority_code=started.authority_code,
        role=started.role,
        setting_urn=started.setting_urn,
        team=started.team,
        job_title=started.job_title,
        invited=invited,
    )
