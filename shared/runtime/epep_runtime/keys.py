"""What every service keeps to know whom to believe: public keys, and sessions that have ended."""

from datetime import timedelta

from epep_events.envelope import Metadata
from epep_events.identity import (
    SessionEnded,
    SigningKeyPublished,
    UserDeactivated,
    UserReactivated,
)
from epep_events.notification import SealingKeyPublished
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

TOKENS_ARE_GONE = timedelta(hours=1)
"""Access tokens last ten minutes; an hour allows for clocks and for whoever is late."""


async def keep_signing_key(connection: Connection, event: SigningKeyPublished, _: Metadata) -> None:
    """Keep a key that access tokens are signed with."""
    await connection.execute(
        "INSERT INTO signing_keys (kid, jwk, not_after) VALUES ($1, $2, $3)"
        " ON CONFLICT (kid) DO UPDATE SET jwk = excluded.jwk, not_after = excluded.not_after",
        event.kid,
        event.jwk,
        event.not_after,
    )


async def keep_sealing_key(
    connection: Connection, event: SealingKeyPublished, meta: Metadata
) -> None:
    """Keep a key that secrets for notification-service are sealed to."""
    await connection.execute(
        "INSERT INTO sealing_keys (kid, jwk, published_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (kid) DO UPDATE SET jwk = excluded.jwk",
        event.kid,
        event.jwk,
        meta.occurred_at,
    )


async def keep_ended_session(connection: Connection, event: SessionEnded, meta: Metadata) -> None:
    """Refuse the tokens of a session that has ended; forget those whose tokens have run out."""
    await connection.execute(
        "DELETE FROM ended_sessions WHERE ended_at < $1", meta.occurred_at - TOKENS_ARE_GONE
    )
    await connection.execute(
        "INSERT INTO ended_sessions VALUES ($1, $2) ON CONFLICT DO NOTHING",
        str(event.session_id),
        meta.occurred_at,
    )


async def keep_ended_account(
    connection: Connection, event: UserDeactivated, meta: Metadata
) -> None:
    """Refuse the tokens that an account has had until now."""
    await connection.execute(
        "INSERT INTO ended_accounts VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET ended_at = excluded.ended_at",
        event.account_id,
        meta.occurred_at,
    )


async def drop_ended_account(connection: Connection, event: UserReactivated, _: Metadata) -> None:
    """Take new tokens of an account again; its old sessions have ended one by one."""
    await connection.execute("DELETE FROM ended_accounts WHERE account_id = $1", event.account_id)


KEYS = Projector(
    name="keys",
    contexts=("identity", "notification"),
    tables=("signing_keys", "sealing_keys", "ended_sessions", "ended_accounts"),
    handles={
        SigningKeyPublished: keep_signing_key,
        SealingKeyPublished: keep_sealing_key,
        SessionEnded: keep_ended_session,
        UserDeactivated: keep_ended_account,
        UserReactivated: drop_ended_account,
    },
)
