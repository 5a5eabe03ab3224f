"""Who the token's person is, from their account's own events, and what they wait for."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Pool
from epep_runtime.problems import NotFoundError
from epep_runtime.tokens import unauthenticated
from identity_service.accounts.account import ACCOUNT
from identity_service.accounts.mine import session_of
from identity_service.accounts.shown import ShownAccount, shown_account
from identity_service.read_models.access_requests import of_account
from identity_service.read_models.sign_in_rules import Rules, rules_of
from identity_service.sessions.session import FRESH, idle_ends_at

router = APIRouter()


class MyAuthority(BaseModel):
    """An authority that I asked."""

    code: str
    name: str


class Contact(BaseModel):
    """Whom to ask about it."""

    name: str
    email: str
    phone: str


class MyRegistration(BaseModel):
    """A role that I asked for, and what became of it."""

    registration_id: UUID
    authority: MyAuthority
    role: str
    role_label: str
    state: Literal["waiting", "accepted", "refused"]
    asked_at: datetime
    decided_at: datetime | None
    why: str | None
    contact: Contact | None


class MySession(BaseModel):
    """The session that the token was made in."""

    session_id: UUID
    expires_at: datetime
    idle_ends_at: datetime


class Me(ShownAccount):
    """My account, what I wait for, and how long I stay logged in."""

    phone: str | None
    job_title: str | None
    registrations: list[MyRegistration]
    session: MySession | None
    reauthenticated_until: datetime | None


@router.get("/me", summary="Who I am")
async def me(principal: Asking, request: Request) -> Me:
    """Return the person that the token was made for, with the roles they have now.

    A suspended account answers 401, though its last token may have minutes left. Who has no role
    yet sees in `registrations` what they wait for.
    """
    running = running_of(request)
    async with running.pool.acquire() as connection:
        account = (await running.store.load(connection, ACCOUNT, principal.account_id)).state
    if account.account_id is None:
        raise NotFoundError
    if not account.active:
        raise unauthenticated()
    session = await session_of(running, principal)
    shown, proved = None, None
    if session is not None:
        shown = MySession(
            session_id=session.session_id,
            expires_at=session.expires_at,
            idle_ends_at=idle_ends_at(session),
        )
        again = session.reauthenticated_at
        proved = again + FRESH if again and again + FRESH > running.store.clock() else None
    return Me(
        **shown_account(account.at(running.store.clock())).model_dump(),
        phone=account.phone,
        job_title=account.job_title,
        registrations=await _registrations(running.pool, account.account_id),
        session=shown,
        reauthenticated_until=proved,
    )


async def _registrations(pool: Pool, account_id: UUID) -> list[MyRegistration]:
    rows = await of_account(pool, account_id)
    rules = await rules_of(pool, {row["authority"] for row in rows})
    return [_registration(row, rules.get(row["authority"])) for row in rows]


def _registration(row: Any, rules: Rules | None) -> MyRegistration:
    contact = None
    if rules is not None:
        contact = Contact(
            name=rules.virtual_school_name, email=rules.contact_email, phone=rules.contact_phone
        )
    return MyRegistration(
        registration_id=row["registration_id"],
        authority=MyAuthority(code=row["authority"], name=rules.name if rules else ""),
        role=row["role"],
        role_label=rules.label(row["role"]) if rules else row["role"],
        state=row["state"],
        asked_at=row["validated_at"],
        decided_at=row["decided_at"],
        why=row["why"],
        contact=contact,
    )
