"""Erasing an adult: the account, what they registered with, and their invitations as a guest."""

from uuid import UUID

from epep_runtime.erasing import EraseError, erase
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool
from identity_service.causes import by_operator

KNOWN_AS = """
SELECT DISTINCT (data ->> field)::uuid AS subject
  FROM events, unnest(ARRAY['registration_id', 'invitation_id']) AS field
 WHERE type IN ('RegistrationValidated', 'InvitationClaimed')
   AND data ->> 'account_id' = $1 AND data ->> field IS NOT NULL
"""

SECRETS = (
    "account_addresses",
    "credentials",
    "logins",
    "sessions",
    "devices",
    "factors",
    "recovery_codes",
    "answers_once",
)


async def erase_adult(pool: Pool, store: EventStore, subject: UUID, why: str) -> bool:
    """Erase an adult, known by an account, a registration or an invitation; False if done before.

    Everything under the other ids that the account is known by goes as well, and nobody logs in
    with it any more. Raises EraseError where nobody is known by that id.
    """
    if not await store.keyring.keys_for([str(subject)]):
        raise EraseError(f"Nothing is known of anybody with the id {subject}.")
    rows = await pool.fetch(KNOWN_AS, str(subject))
    for other in sorted(row["subject"] for row in rows):
        await erase(pool, store, other, "adult", why, by_operator())

    async def tidy(connection: Connection) -> None:
        await _forget_secrets(connection, subject)

    return await erase(pool, store, subject, "adult", why, by_operator(), tidy)


async def _forget_secrets(connection: Connection, account_id: UUID) -> None:
    for table in SECRETS:
        await connection.execute(
            f"DELETE FROM {table} WHERE account_id = $1",  # noqa: S608 - fixed names
            account_id,
        )
    await connection.execute("DELETE FROM links WHERE subject = $1", account_id)
