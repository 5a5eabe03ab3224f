"""Who is using the portal: a session record behind an opaque cookie, and unsaved drafts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from epep_runtime.postgres import Pool
from web_portal.web.keys import Keys, new_sid, sid_hash

KEPT = timedelta(days=7)
"""How long an ended session is remembered, to give a draft back to the person who typed it."""

FormPairs = list[tuple[str, str]]

INSERT = """
INSERT INTO sessions (id_hash, account_id, sealed, created_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id_hash) DO UPDATE SET account_id = excluded.account_id,
       sealed = excluded.sealed, last_seen_at = excluded.last_seen_at
"""
UPDATE = """
UPDATE sessions SET account_id = $2, sealed = $3, last_seen_at = $5
 WHERE id_hash = $1 AND created_at = $4
"""


@dataclass
class Session:
    """One browser's session. `account` is None before log-in; `data` is kept sealed.

    `expired_account` is set when the cookie's session ran out: whose it was. `stored` says that
    there was a record of it: where that is gone by now, somebody has logged out.
    """

    sid: str
    created_at: datetime
    last_seen_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    expired_account: str | None = None
    sent_sid: str | None = None
    replaced_sid: str | None = None
    changed: bool = False
    ended: bool = False
    stored: bool = False

    @classmethod
    def blank(cls, now: datetime, sid: str | None = None) -> "Session":
        """Return a session of nobody, under the id that the browser sent or a new one."""
        return cls(sid=sid or new_sid(), created_at=now, last_seen_at=now)

    @property
    def account(self) -> dict[str, Any] | None:
        """Return {id, name, email, grants} of the person logged in, or None."""
        return self.data.get("account")

    @property
    def account_id(self) -> str | None:
        """Return the id of the person logged in, or None."""
        return self.account["id"] if self.account else None

    def put(self, key: str, value: Any) -> None:
        """Remember a JSON value; None forgets it."""
        if value is None:
            self.data.pop(key, None)
        else:
            self.data[key] = value
        self.changed = True

    def take(self, key: str) -> Any:
        """Return a value and forget it."""
        if key not in self.data:
            return None
        self.changed = True
        return self.data.pop(key)

    def rotate(self, now: datetime) -> None:
        """Give the session a new id, so that one planted before log-in is worth nothing."""
        self.replaced_sid, self.sid = self.sid, new_sid()
        self.created_at = self.last_seen_at = now
        self.changed, self.stored = True, False

    def end(self) -> None:
        """Log out: nothing of the session remains."""
        self.data, self.ended, self.changed = {}, True, True


class SessionStore(Protocol):
    """Where sessions and drafts are kept."""

    async def load(self, sid: str, now: datetime) -> Session | None:
        """Return the session of that id, or None where there is none."""

    async def save(self, session: Session) -> None:
        """Store the session as it is now; an ended one is deleted, and does not come back."""

    async def keep_draft(self, account_id: str, path: str, pairs: FormPairs, now: datetime) -> None:
        """Keep what somebody typed into the form at `path`, instead of an older draft."""

    async def draft(self, account_id: str, path: str) -> FormPairs | None:
        """Return what the person typed there and did not save."""

    async def drop_draft(self, account_id: str, path: str) -> None:
        """Forget a draft: it was saved or thrown away."""

    async def tidy(self, now: datetime) -> None:
        """Delete sessions and drafts that are older than a week."""

    async def ready(self) -> bool:
        """Tell whether the store answers."""


class PostgresSessions:
    """Sessions in the portal's own database; rows are sealed, ids are hashed.

    `idle` is how long a session lives without a request, `longest` how long at all.
    """

    def __init__(self, pool: Pool, keys: Keys, idle: timedelta, longest: timedelta) -> None:
        self._pool, self._keys, self._idle, self._longest = pool, keys, idle, longest

    async def load(self, sid: str, now: datetime) -> Session | None:
        """Return the session, or one of nobody that knows whose expired one it was."""
        row = await self._pool.fetchrow("SELECT * FROM sessions WHERE id_hash = $1", sid_hash(sid))
        if row is None:
            return None
        data = self._keys.unseal(row["sealed"], f"session {sid_hash(sid).hex()}")
        too_old = now - row["created_at"] >= self._longest
        if too_old or now - row["last_seen_at"] >= self._idle or not isinstance(data, dict):
            blank = Session.blank(now)
            blank.expired_account = row["account_id"]
            return blank
        return Session(sid, row["created_at"], row["last_seen_at"], data, stored=True)

    async def save(self, session: Session) -> None:
        """Insert or update the row; delete it for an ended or renamed session.

        A row that was there when the request began and is not now stays away: a page that was
        under way at the log-out would else bring the session back, with its secrets.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            gone = [session.replaced_sid] if session.replaced_sid else []
            gone += [session.sid] if session.ended else []
            for sid in gone:
                await connection.execute("DELETE FROM sessions WHERE id_hash = $1", sid_hash(sid))
            if session.ended:
                return
            digest = sid_hash(session.sid)
            await connection.execute(
                UPDATE if session.stored else INSERT,
                digest,
                session.account_id,
                self._keys.seal(session.data, f"session {digest.hex()}"),
                session.created_at,
                session.last_seen_at,
            )

    async def keep_draft(self, account_id: str, path: str, pairs: FormPairs, now: datetime) -> None:
        """Store the sealed draft under its person and form."""
        await self._pool.execute(
            "INSERT INTO drafts (account_id, path, sealed, kept_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (account_id, path) DO UPDATE SET sealed = excluded.sealed,"
            " kept_at = excluded.kept_at",
            account_id,
            path,
            self._keys.seal(pairs, f"draft {account_id} {path}"),
            now,
        )

    async def draft(self, account_id: str, path: str) -> FormPairs | None:
        """Return the opened draft, or None."""
        sealed = await self._pool.fetchval(
            "SELECT sealed FROM drafts WHERE account_id = $1 AND path = $2", account_id, path
        )
        if sealed is None:
            return None
        pairs = self._keys.unseal(sealed, f"draft {account_id} {path}")
        return [(key, value) for key, value in pairs] if isinstance(pairs, list) else None

    async def drop_draft(self, account_id: str, path: str) -> None:
        """Delete the draft if there is one."""
        await self._pool.execute(
            "DELETE FROM drafts WHERE account_id = $1 AND path = $2", account_id, path
        )

    async def tidy(self, now: datetime) -> None:
        """Delete what nobody can use any more."""
        await self._pool.execute("DELETE FROM sessions WHERE last_seen_at < $1", now - KEPT)
        await self._pool.execute("DELETE FROM drafts WHERE kept_at < $1", now - KEPT)

    async def ready(self) -> bool:
        """Ask the database for a one."""
        return bool(await self._pool.fetchval("SELECT 1") == 1)
