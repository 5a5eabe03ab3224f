"""Accounts from identity's operator command, then everybody logs in: password, mailed code."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import httpx

from epep_demo.cast import PASSWORD, Person
from epep_demo.loading.addresses import Addresses
from epep_demo.loading.codes import Codes
from epep_demo.loading.problem import LoadError
from epep_demo.loading.session import Session, Tokens, body_of

AT_ONCE = 4


async def open_accounts(people: Sequence[Person]) -> dict[str, str]:
    """Give each person an account with the demo's password; the same again changes nothing.

    Returns the account ids by e-mail address. Raises LoadError with what identity's command said.
    """
    lines = "".join(
        json.dumps(
            {
                "name": person.name,
                "email": person.email,
                "password": PASSWORD,
                "grants": person.grants,
                "job_title": person.job,
            }
        )
        + "\n"
        for person in people
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "identity_service", "accounts-from", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, said = await process.communicate(lines.encode())
    if process.returncode:
        reason = said.decode("utf-8", "replace").strip()[-800:]
        raise LoadError(f"The accounts could not be opened: {reason}")
    rows = [line.split("\t") for line in told.decode().splitlines()]
    return {email: account_id for account_id, email, _ in rows}


async def log_in_all(
    people: Sequence[Person], client: httpx.AsyncClient, where: Addresses
) -> dict[str, Session]:
    """Log everybody in, a few at a time, and return the sessions by e-mail address."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> Session:
        async with turns:
            return await _log_in(person, client, where)

    return {s.person.email: s for s in await asyncio.gather(*map(one, people))}


async def _log_in(person: Person, client: httpx.AsyncClient, where: Addresses) -> Session:
    codes = Codes(client, where.mailbox)
    before = await codes.numbers(person.email)
    identity = where.services["identity"]
    told = {"email": person.email, "password": PASSWORD}
    begun = body_of(await client.post(f"{identity}/logins", json=told), person.name)
    if begun["declarations"]:
        await _declare(person, client, identity, begun)
    code = await codes.newer(person.email, before)
    answer = await client.post(f"{identity}/logins/{begun['login_id']}/code", json={"code": code})
    given = body_of(answer, person.name)
    tokens = Tokens(
        account_id=given["account"]["id"],
        session_id=given["session_id"],
        session_secret=given["session_secret"],
        access_token=given["access_token"],
    )
    return Session(person, tokens, client, where)


async def _declare(
    person: Person, client: httpx.AsyncClient, identity: str, begun: dict[str, Any]
) -> None:
    """Tick every declaration that is asked for: these people are made up and agree to all."""
    accepted = [
        {
            "authority": asked["authority"]["code"],
            "version": asked["version"],
            "keys": [each["key"] for each in asked["declarations"]],
        }
        for asked in begun["declarations"]
    ]
    path = f"{identity}/logins/{begun['login_id']}/declarations"
    body_of(await client.post(path, json={"accepted": accepted}), person.name)
