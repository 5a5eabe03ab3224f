"""A session: half an hour without a sign ends it, twelve hours end it anyway (ASVS 7.3)."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from identity_service.secrets_at_rest import hashed

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of a session; its secret only as SHA-256."""

    session_id: UUID
    account_id: UUID
    secret_hash: bytes
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    login_id: UUID | None = None
    device_id: UUID | None = None
    device: str = ""
    network: str = ""
    reauthenticated_at: datetime | None = None


def start(session_id: UUID, account_id: UUID, secret: str, now: datetime) -> Session:
    """Return a session that begins now; who has just logged in need not do so again at once."""
    return Session(
        session_id, account_id, hashed(secret), now, now, now + LONGEST, reauthenticated_at=now
    )


def idle_ends_at(session: Session) -> datetime:
    """Return when the session ends if nothing more is heard of its person."""
    return min(session.last_seen_at + IDLE, session.expires_at)


def is_fresh(session: Session, now: datetime) -> bool:
    """Tell whether the person has proved themselves in the last ten minutes (ASVS 7.5.1)."""
    proved = session.reauthenticated_at
    return proved is not None and now - proved < FRESH


def is_alive(session: Session, now: datetime) -> bool:
    """Tell whether the session may still be used."""
    return (
        session.ended_at is None and now < session.expires_at and now - session.last_seen_at < IDLE
    )


def is_proved(session: Session, secret: str) -> bool:
    """Tell whether this is the session's secret."""
    return hmac.compare_digest(session.secret_hash, hashed(secret))


def seen(session: Session, now: datetime) -> Session:
    """Return the session after a sign of life."""
    return replace(session, last_seen_at=now)
