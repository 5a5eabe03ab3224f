"""Log in with an authenticator app, a passkey or a recovery code."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from webauthn.helpers import base64url_to_bytes

from epep_events.getting_in import RecoveryCodeUsed
from epep_runtime.http import running_of
from epep_runtime.text import Command, example
from identity_service.accounts.account import ACCOUNT
from identity_service.factors import records
from identity_service.factors.recovery import typed_code
from identity_service.factors.totp import AppCode, step_of
from identity_service.logins import records as logins
from identity_service.logins.answers import SECOND_STEP_RESPONSES, wrong_code
from identity_service.logins.entering import LoggedIn, Proof, Try, prove
from identity_service.logins.login import is_over
from identity_service.parts import Identity

router = APIRouter()


class GiveAppCode(Command):
    """The code that the authenticator app shows."""

    model_config = example(code="123456")

    code: AppCode
    remember_device: bool = False


class GiveRecoveryCode(Command):
    """One of the recovery codes."""

    model_config = example(code="7KQ2-MX9D-4TBP")

    code: Annotated[SecretStr, AfterValidator(typed_code), Field(max_length=40)]


class AskForPasskey(Command):
    """Nothing more need be said."""

    model_config = example()


class PasskeyOptions(BaseModel):
    """What `navigator.credentials.get()` is given, as JSON."""

    options: dict[str, Any]


class GivePasskey(Command):
    """What `navigator.credentials.get()` gave, as JSON."""

    model_config = example(credential={"id": "…", "type": "public-key"})

    credential: dict[str, Any]
    remember_device: bool = False


@router.post(
    "/logins/{login_id}/totp", responses=SECOND_STEP_RESPONSES, summary="Give the app's code"
)
async def give_app_code(login_id: UUID, command: GiveAppCode, request: Request) -> LoggedIn:
    """Check the authenticator app's code and begin a session. PUBLIC, answers as the mailed code.

    A code works once, though it is shown for half a minute.
    """

    async def judge(held: Try) -> Proof | None:
        code, at_rest = command.code.get_secret_value(), held.identity.at_rest
        for factor in await records.of_account(held.connection, held.login.account_id):
            if factor.sealed_secret is None:
                continue
            secret = at_rest.decrypted(factor.sealed_secret, f"totp/{factor.factor_id}").decode()
            step = step_of(secret, code, factor.last_step, held.now)
            if step is not None:
                await records.note_used(held.connection, factor, step, 0, held.now)
                return Proof()
        return None

    return await prove(request, login_id, "totp", judge, command.remember_device)


@router.post(
    "/logins/{login_id}/recovery-code",
    responses=SECOND_STEP_RESPONSES,
    summary="Give a recovery code",
)
async def give_recovery_code(
    login_id: UUID, command: GiveRecoveryCode, request: Request
) -> LoggedIn:
    """Use a recovery code up and begin a session. PUBLIC, answers as the mailed code."""

    async def judge(held: Try) -> Proof | None:
        account_id = held.login.account_id
        mac = held.identity.at_rest.recovery_mac(account_id, command.code.get_secret_value())
        if not await records.use_code(held.connection, account_id, mac, held.now):
            return None
        left = await records.codes_left(held.connection, account_id)
        return Proof((RecoveryCodeUsed(account_id=account_id, left=left),))

    return await prove(request, login_id, "recovery_code", judge)


@router.post(
    "/logins/{login_id}/passkey/options",
    responses=SECOND_STEP_RESPONSES,
    summary="What my passkey is to sign",
)
async def passkey_options(login_id: UUID, _: AskForPasskey, request: Request) -> PasskeyOptions:
    """Return a fresh challenge for the person's passkeys; asking again makes the last worthless.

    PUBLIC: the log-in's id was given to whoever knew the password.
    """
    running = running_of(request)
    passkeys = running.part(Identity).passkeys
    async with running.pool.acquire() as connection, connection.transaction():
        seen = await logins.find(connection, login_id)
        if seen is None:
            raise wrong_code()
        streams = [ACCOUNT.stream(seen.account_id), logins.stream(login_id)]
        await running.store.hold(connection, streams)
        login = await logins.find(connection, login_id)
        kept = await records.of_account(connection, seen.account_id)
        known = [each.credential_id for each in kept if each.credential_id is not None]
        if login is None or is_over(login, running.store.clock()) or not known:
            raise wrong_code()
        options, challenge = passkeys.to_use(known)
        await logins.save(connection, replace(login, challenge=challenge))
    return PasskeyOptions(options=options)


@router.post(
    "/logins/{login_id}/passkey", responses=SECOND_STEP_RESPONSES, summary="Use my passkey"
)
async def give_passkey(login_id: UUID, command: GivePasskey, request: Request) -> LoggedIn:
    """Check the passkey's signature and begin a session. PUBLIC, answers as the mailed code."""

    async def judge(held: Try) -> Proof | None:
        factor = await _chosen(held, command.credential)
        challenge = held.login.challenge
        if factor is None or factor.public_key is None or challenge is None:
            return None
        count = held.identity.passkeys.used(
            command.credential, challenge, factor.public_key, factor.sign_count
        )
        if count is None:
            return None
        await records.note_used(held.connection, factor, factor.last_step, count, held.now)
        return Proof()

    return await prove(request, login_id, "passkey", judge, command.remember_device)


async def _chosen(held: Try, credential: dict[str, Any]) -> records.KeptFactor | None:
    """Return the person's passkey that the browser says it used."""
    try:
        wanted = base64url_to_bytes(str(credential.get("id", "")))
    except ValueError:
        return None
    kept = await records.of_account(held.connection, held.login.account_id)
    return next((each for each in kept if each.credential_id == wanted), None)
