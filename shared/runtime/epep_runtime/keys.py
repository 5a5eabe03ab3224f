"""The public keys that identity and notification publish, kept by every service."""

from epep_events.envelope import Metadata
from epep_events.identity import SigningKeyPublished
from epep_events.notification import SealingKeyPublished
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector


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


KEYS = Projector(
    name="keys",
    contexts=("identity", "notification"),
    tables=("signing_keys", "sealing_keys"),
    handles={SigningKeyPublished: keep_signing_key, SealingKeyPublished: keep_sealing_key},
)
