"""What the operator does to accounts, on the service's own database."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Pool
from identity_service.accounts import directory
from identity_service.accounts.account import ACCOUNT, Account, Grant
from identity_service.accounts.opening import OpenAccount, Opened, open_account
from identity_service.accounts.suspending import restore_account, suspend_account
from identity_service.causes import by_operator
from identity_service.operating.erasing import erase_adult
from identity_service.operating.reading import UnreadableError
from identity_service.operating.welcoming import Welcome, welcome
from identity_service.passwords.hashing import Passwords
from identity_service.secrets_at_rest import SecretsAtRest
from identity_service.settings import IdentitySettings
from identity_service.tokens.signing_keys import SigningKeys

AT_ONCE = 4


class Desk:
    """The operator's desk: the database, the log and the passwords."""

    def __init__(
        self, pool: Pool, store: EventStore, passwords: Passwords, settings: IdentitySettings
    ) -> None:
        self._pool, self._store, self._passwords = pool, store, passwords
        self._settings = settings

    async def welcome(self, command: Welcome) -> str:
        """Make an administrator and return the link by which they choose their password."""
        token = await welcome(self._pool, self._store, command, by_operator())
        return f"{self._settings.portal_url.rstrip('/')}/welcome/{token}"

    async def rotate_keys(self) -> str:
        """Publish the next signing key and return its id; the running service begins to use it."""
        at_rest = SecretsAtRest(self._settings.secret_bytes())
        return await SigningKeys(self._pool, self._store, at_rest, self._settings).rotate()

    async def open_all(self, wanted: Sequence[OpenAccount]) -> list[Opened]:
        """Open or change these accounts, a few at a time, and return them in the same order."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(command: OpenAccount) -> Opened:
            async with turns:
                return await open_account(
                    self._pool, self._store, self._passwords, command, by_operator()
                )

        return await asyncio.gather(*map(one, wanted))

    async def erase(self, subject: UUID, why: str) -> bool:
        """Erase a person; False when that had been done. Raises EraseError."""
        return await erase_adult(self._pool, self._store, subject, why)

    async def suspend(self, email: str, why: str) -> str:
        """Suspend a person's account and return a line that says so. Raises UnreadableError."""
        account_id = await self._account_id(email)
        changed = await suspend_account(self._pool, self._store, account_id, why, by_operator())
        return f"{account_id}\t{'suspended' if changed else 'was suspended already'}"

    async def restore(self, email: str, why: str) -> str:
        """Restore a person's account and return a line that says so. Raises UnreadableError."""
        account_id = await self._account_id(email)
        changed = await restore_account(self._pool, self._store, account_id, why, by_operator())
        return f"{account_id}\t{'restored' if changed else 'was in use already'}"

    async def listing(self, authority: str | None) -> list[str]:
        """Return id, address, name, state and grants of the accounts, a line each, by address."""
        rows = await self._pool.fetch(
            "SELECT *, data::text AS text FROM events WHERE stream_id LIKE 'account-%'"
            " ORDER BY position"
        )
        accounts: dict[str, Account] = {}
        for event in await self._store.recorded(rows):
            before = accounts.get(event.meta.stream_id, ACCOUNT.initial)
            accounts[event.meta.stream_id] = ACCOUNT.evolve(before, event.data)
        chosen = [
            each
            for each in accounts.values()
            if authority is None or any(grant.authority == authority for grant in each.grants)
        ]
        return [_line(each) for each in sorted(chosen, key=lambda each: each.email)]

    async def _account_id(self, email: str) -> UUID:
        owner = await directory.owner(self._pool, email)
        if owner is None:
            raise UnreadableError(["Nobody has an account with that email address."])
        return owner


def _line(account: Account) -> str:
    state = "in use" if account.active else "suspended"
    grants = " ".join(map(_grant, account.grants))
    return f"{account.account_id}\t{account.email}\t{account.name}\t{state}\t{grants}"


def _grant(grant: Grant) -> str:
    return ":".join(part for part in (grant.authority, grant.role, grant.setting_urn) if part)
