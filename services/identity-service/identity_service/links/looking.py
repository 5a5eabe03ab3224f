"""What a link is for, so that its page can show a button: looking uses nothing up."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from epep_runtime.http import PROBLEM_RESPONSES, running_of
from epep_runtime.postgres import Connection
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from identity_service.accounts.account import ACCOUNT
from identity_service.emails.email_change import EMAIL_CHANGE
from identity_service.links import records
from identity_service.logins import records as logins
from identity_service.passwords.rules import SHORTEST
from identity_service.read_models.sign_in_rules import rules_of
from identity_service.registrations.registration import REGISTRATION

router = APIRouter()
KINDS: tuple[records.Kind, ...] = (
    "registration",
    "password_reset",
    "welcome",
    "email_change_new",
    "email_change_old",
    "email_change_not_me",
    "not_me",
)
WITH_PASSWORD = frozenset({"registration", "password_reset", "welcome"})
LINK_RESPONSES: dict[int | str, dict[str, Any]] = {
    404: PROBLEM_RESPONSES[404] | {"description": "Unknown, used or run out: one answer for all"}
}
Token = Annotated[
    SecretStr, Field(min_length=1, max_length=200, examples=["kX0gqkOq4a1mYp3v8m0fGd0c1oJ9hR2u"])
]
"""The last part of a link's address."""


class LookAtLink(Command):
    """The token of a link that somebody has opened."""

    model_config = example(token="from-the-mail")  # noqa: S106

    token: Token


class LinkAuthority(BaseModel):
    """The authority that a link has to do with."""

    code: str
    name: str


class ShownLink(BaseModel):
    """What a link is for; the address is shown so that only its owner knows it again."""

    kind: records.Kind
    name: str
    email: str = Field(examples=["a…@fernhallow.example"])
    expires_at: datetime
    needs_password: bool
    min_length: int = SHORTEST
    authority: LinkAuthority | None


def masked(email: str) -> str:
    """Return an address that its owner knows again and nobody else learns."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}…@{domain}"


@router.post("/links", responses=LINK_RESPONSES, summary="What a link is for")
async def look(command: LookAtLink, request: Request) -> ShownLink:
    """Say what a mailed link is for, without using it up: mail scanners open every link.

    PUBLIC: the token is the proof. Its page shows a button, and what the button sends uses it up.
    """
    running = running_of(request)
    token, now = command.token.get_secret_value(), running.store.clock()
    async with running.pool.acquire() as connection:
        link = await records.find(connection, token, KINDS, now)
        name, email, authority = await _about(running, connection, link)
        known = await rules_of(connection, [authority] if authority else [])
    shown = None
    if authority in known:
        shown = LinkAuthority(code=authority, name=known[authority].name)
    return ShownLink(
        kind=link.kind,
        name=name,
        email=masked(email),
        expires_at=link.expires_at,
        needs_password=link.kind in WITH_PASSWORD,
        authority=shown,
    )


async def _about(
    running: Running, connection: Connection, link: records.Link
) -> tuple[str, str, str]:
    """Return name, address and authority of what a link is about."""
    if link.kind == "registration":
        state = (await running.store.load(connection, REGISTRATION, link.subject)).state
        if state.started is None:
            raise NotFoundError
        return state.started.name, state.started.email, state.authority
    if link.kind.startswith("email_change"):
        asked = (await running.store.load(connection, EMAIL_CHANGE, link.subject)).state.asked
        if asked is None:
            raise NotFoundError
        wanted = asked.new_email if link.kind == "email_change_new" else asked.old_email
        return asked.name, wanted, ""
    account_id: UUID = link.subject
    if link.kind == "not_me":
        login = await logins.find(connection, link.subject)
        if login is None:
            raise NotFoundError
        account_id = login.account_id
    account = (await running.store.load(connection, ACCOUNT, account_id)).state
    authority = account.grants[0].authority if account.grants else ""
    return account.name, account.email, authority
