"""Keeping a log-in to oneself while its next step is taken."""

from datetime import datetime
from uuid import UUID

from epep_runtime.postgres import Connection
from epep_runtime.service import Running
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.logins import records
from identity_service.logins.answers import start_again
from identity_service.logins.login import Login, is_over


async def hold_open(
    running: Running, connection: Connection, login_id: UUID
) -> tuple[Login, Account, datetime]:
    """Return the log-in with its account, both held until the transaction ends, and the instant.

    Raises ProblemError 401 for a log-in that is unknown or over, and for a suspended account.
    """
    seen = await records.find(connection, login_id)
    if seen is None:
        raise start_again()
    held = [ACCOUNT.stream(seen.account_id), records.stream(login_id)]
    await running.store.hold(connection, held)
    login = await records.find(connection, login_id)  # nobody changes it from here on
    account = (await running.store.load(connection, ACCOUNT, seen.account_id)).state
    now = running.store.clock()
    if login is None or is_over(login, now) or not account.active:
        raise start_again()
    return login, account, now
