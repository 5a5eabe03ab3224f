"""My second factors: add, try out, name, remove. Each change needs the password again."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from epep_events.base import Event
from epep_events.getting_in import (
    FactorAdded,
    FactorKind,
    FactorRemoved,
    FactorRenamed,
    RecoveryCodesMade,
)
from epep_runtime.event_store import Loaded
from epep_runtime.http import Asking, Changing
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.text import Command, Name, example
from identity_service.accounts.account import Account
from identity_service.accounts.mine import MINE_RESPONSES, Mine, mine
from identity_service.answering_once import AnsweredOnce, ShownOnce
from identity_service.factors import records
from identity_service.factors.recovery import macs_of, new_codes
from identity_service.factors.totp import AppCode, new_secret, qr_of, step_of, uri_of
from identity_service.sessions.session import FRESH

router = APIRouter(route_class=AnsweredOnce)
MOST = 10


class ShownFactor(BaseModel):
    """A second factor that I can log in with."""

    factor_id: UUID
    kind: FactorKind
    name: str
    added_at: datetime
    last_used_at: datetime | None


class Factors(BaseModel):
    """My factors; `reauthenticated_until` is None where I must give my password first."""

    factors: list[ShownFactor]
    recovery_codes_left: int
    passkeys_possible: bool
    reauthenticated_until: datetime | None


class NameFactor(Command):
    """What to call it."""

    model_config = example(name="My work phone")

    name: Name


class NewApp(ShownOnce):
    """What an authenticator app is set up with; shown this once."""

    factor_id: UUID
    secret: str
    uri: str
    qr_svg: str


class TryApp(Command):
    """The first code of the new app."""

    model_config = example(code="123456")

    code: AppCode


class NewPasskey(ShownOnce):
    """What `navigator.credentials.create()` is given, as JSON."""

    factor_id: UUID
    options: dict[str, Any]


class TryPasskey(Command):
    """What `navigator.credentials.create()` gave, as JSON."""

    model_config = example(credential={"id": "…", "type": "public-key"})

    credential: dict[str, Any]


class Added(ShownOnce):
    """The factor is asked for from now on. Recovery codes come with the first, shown this once."""

    recovery_codes: list[str] | None


class MakeCodes(Command):
    """Nothing more need be said."""

    model_config = example()


class RecoveryCodes(ShownOnce):
    """Ten codes, shown this once; earlier ones are worthless."""

    recovery_codes: list[str]


@router.get("/me/factors", summary="My second factors")
async def my_factors(principal: Asking, request: Request) -> Factors:
    """Return what I can log in with besides my password."""
    me = await mine(request, principal, fresh=False)
    kept = await records.of_account(me.running.pool, me.account_id)
    proved = me.session.reauthenticated_at
    until = proved + FRESH if proved and proved + FRESH > me.now else None
    return Factors(
        factors=[
            ShownFactor(
                factor_id=each.factor_id,
                kind=each.kind,
                name=each.name,
                added_at=each.made_at,
                last_used_at=each.last_used_at,
            )
            for each in kept
        ],
        recovery_codes_left=await records.codes_left(me.running.pool, me.account_id),
        passkeys_possible=me.identity.passkeys.possible,
        reauthenticated_until=until,
    )


def _refuse_too_many(account: Account) -> None:
    if len(account.factors) >= MOST:
        raise RefusedError(
            _("%(most)s are the most. Remove one that you do not use.", most=MOST), "too-many"
        )


@router.post("/me/factors/totp", status_code=201, responses=MINE_RESPONSES, summary="Add an app")
async def add_app(command: NameFactor, change: Changing, request: Request) -> NewApp:
    """Return the secret for an authenticator app; it counts once its first code is given."""
    me = await mine(request, change.principal)
    factor_id, secret = new_id(), new_secret()
    sealed = me.identity.at_rest.encrypted(secret.encode(), f"totp/{factor_id}")
    async with me.changing() as (connection, loaded):
        _refuse_too_many(loaded.state)
        await records.add_totp(connection, factor_id, me.account_id, command.name, sealed, me.now)
    uri = uri_of(secret, loaded.state.email)
    return NewApp(factor_id=factor_id, secret=secret, uri=uri, qr_svg=qr_of(uri))


@router.post(
    "/me/factors/totp/{factor_id}/confirmation", responses=MINE_RESPONSES, summary="Try my app"
)
async def confirm_app(
    factor_id: UUID, command: TryApp, change: Changing, request: Request
) -> Added:
    """Give the new app's first code: from now on one is asked for at log-in. 422 code `wrong`."""
    me = await mine(request, change.principal)
    async with me.changing() as (connection, loaded):
        factor = await _unconfirmed(connection, me, factor_id)
        name = f"totp/{factor_id}"
        secret = me.identity.at_rest.decrypted(factor.sealed_secret or b"", name).decode()
        step = step_of(secret, command.code.get_secret_value(), 0, me.now)
        if step is None:
            message = _("That is not the code that the app shows now. Check your phone's clock.")
            raise InvalidError([FieldError("code", message, "wrong")])
        codes = await _add(me, connection, loaded, factor)
        await records.confirm_totp(connection, factor_id, step, me.now)
    return Added(recovery_codes=codes)


@router.post(
    "/me/factors/passkey", status_code=201, responses=MINE_RESPONSES, summary="Add a passkey"
)
async def add_passkey(command: NameFactor, change: Changing, request: Request) -> NewPasskey:
    """Return what the browser makes a passkey from; 409 where the portal has no host name."""
    me = await mine(request, change.principal)
    if not me.identity.passkeys.possible:
        raise RefusedError(_("Passkeys need an address with a name."), "no-host-name")
    kept = await records.of_account(me.running.pool, me.account_id)
    known = [each.credential_id for each in kept if each.credential_id is not None]
    factor_id = new_id()
    async with me.changing() as (connection, loaded):
        _refuse_too_many(loaded.state)
        options, challenge = me.identity.passkeys.to_make(
            me.account_id, loaded.state.email, loaded.state.name, known
        )
        await records.add_passkey(
            connection, factor_id, me.account_id, command.name, challenge, me.now
        )
    return NewPasskey(factor_id=factor_id, options=options)


@router.post(
    "/me/factors/passkey/{factor_id}/confirmation",
    responses=MINE_RESPONSES,
    summary="Keep my passkey",
)
async def confirm_passkey(
    factor_id: UUID, command: TryPasskey, change: Changing, request: Request
) -> Added:
    """Keep the passkey that the browser made. 422 code `wrong` for any other."""
    me = await mine(request, change.principal)
    wrong = InvalidError(
        [FieldError("credential", _("That passkey could not be checked. Try again."), "wrong")]
    )
    try:
        async with me.changing() as (connection, loaded):
            factor = await _unconfirmed(connection, me, factor_id)
            made = me.identity.passkeys.made(command.credential, factor.challenge or b"")
            if made is None:
                raise wrong
            codes = await _add(me, connection, loaded, factor)
            await records.confirm_passkey(
                connection, factor_id, made.credential_id, made.public_key, made.sign_count, me.now
            )
    except asyncpg.UniqueViolationError as error:
        raise wrong from error
    return Added(recovery_codes=codes)


async def _unconfirmed(connection: Connection, me: Mine, factor_id: UUID) -> records.KeptFactor:
    factor = await records.find(connection, me.account_id, factor_id)
    if factor is None or factor.confirmed_at is not None:
        raise NotFoundError
    return factor


async def _add(
    me: Mine, connection: Connection, loaded: Loaded[Account], factor: records.KeptFactor
) -> list[str] | None:
    """Say that a factor is there, with recovery codes if it is the first."""
    events: list[Event] = [
        FactorAdded(
            account_id=me.account_id,
            factor_id=factor.factor_id,
            kind=factor.kind,
            name=factor.name,
        )
    ]
    codes = None if loaded.state.factors else new_codes()
    if codes is not None:
        events.append(RecoveryCodesMade(account_id=me.account_id))
    await me.say(connection, loaded, events)
    if codes is not None:
        macs = macs_of(me.identity.at_rest, me.account_id, codes)
        await records.put_codes(connection, me.account_id, macs)
    return codes


def _known(account: Account, factor_id: UUID) -> None:
    if all(each.factor_id != factor_id for each in account.factors):
        raise NotFoundError


@router.put(
    "/me/factors/{factor_id}",
    status_code=204,
    response_class=Response,
    responses=MINE_RESPONSES,
    summary="Name my factor",
)
async def rename(factor_id: UUID, command: NameFactor, change: Changing, request: Request) -> None:
    """Call one of my factors something else."""
    me = await mine(request, change.principal)
    async with me.changing() as (connection, loaded):
        _known(loaded.state, factor_id)
        event = FactorRenamed(account_id=me.account_id, factor_id=factor_id, name=command.name)
        await me.say(connection, loaded, [event])
        await records.rename(connection, factor_id, command.name)


@router.delete(
    "/me/factors/{factor_id}",
    status_code=204,
    response_class=Response,
    responses=MINE_RESPONSES,
    summary="Remove my factor",
)
async def remove(factor_id: UUID, change: Changing, request: Request) -> None:
    """Remove a factor. With the last one the recovery codes go, and codes are mailed again."""
    me = await mine(request, change.principal)
    async with me.changing() as (connection, loaded):
        _known(loaded.state, factor_id)
        event = FactorRemoved(account_id=me.account_id, factor_id=factor_id)
        await me.say(connection, loaded, [event])
        if len(loaded.state.factors) == 1:
            await records.remove_all(connection, me.account_id)
        else:
            await records.remove(connection, factor_id)


@router.post("/me/recovery-codes", responses=MINE_RESPONSES, summary="New recovery codes")
async def make_codes(_command: MakeCodes, change: Changing, request: Request) -> RecoveryCodes:
    """Make ten new recovery codes. 409 for who has no factor that they could stand in for."""
    me = await mine(request, change.principal)
    codes = new_codes()
    async with me.changing() as (connection, loaded):
        if not loaded.state.factors:
            raise RefusedError(_("Add an app or a passkey first."), "no-factor")
        await me.say(connection, loaded, [RecoveryCodesMade(account_id=me.account_id)])
        macs = macs_of(me.identity.at_rest, me.account_id, codes)
        await records.put_codes(connection, me.account_id, macs)
    return RecoveryCodes(recovery_codes=codes)
