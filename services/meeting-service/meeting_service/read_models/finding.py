"""Finding invitations: one's own, or the one that a link opens."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from epep_events.base import ERASED
from epep_runtime.event_store import EventStore
from epep_runtime.postgres import Connection, Pool
from epep_runtime.row_security import see_also
from meeting_service.meetings.meeting import MEETING, Meeting, Reply, State

MOST = 200


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation with what its list shows. `arranged_at` is when the present time was set."""

    invitation_id: UUID
    account_id: UUID | None
    role: str
    meeting_id: UUID
    pep_id: UUID
    authority: str
    child_initials: str
    organiser: str | None
    reason: str
    reason_detail: str | None
    signed_off: bool
    version: int
    arranged_at: datetime
    state: State
    starts_at: datetime
    duration_minutes: int
    place: str | None
    answer: Reply | None
    proposed_at: datetime | None
    comment: str | None


FIND = """
SELECT i.invitation_id, i.account_id, i.role, m.meeting_id, m.pep_id, m.authority,
       m.child_initials, coalesce(o.name, m.contact_name) AS organiser,
       coalesce(r.label, m.reason) AS reason, m.reason_detail,
       coalesce(p.signed_off, false) AS signed_off,
       m.version, m.arranged_at, m.state, m.starts_at, m.duration_minutes, m.place,
       i.answer, i.proposed_at, i.comment,
       (SELECT max(e.stream_version) FROM events e
         WHERE e.stream_id = 'meeting-' || m.meeting_id) AS newest
  FROM invitations i
  JOIN meetings m USING (meeting_id)
  LEFT JOIN peps p USING (pep_id)
  LEFT JOIN known_people o ON o.account_id = m.organiser
  LEFT JOIN LATERAL (
       SELECT pair->>1 AS label FROM known_profiles f, jsonb_array_elements(f.reasons) AS pair
        WHERE f.code = p.profile_code AND f.version = p.profile_version
          AND pair->>0 = m.reason LIMIT 1) r ON true
"""

MINE = f"""{FIND}
 WHERE i.account_id = $1 AND m.child_initials <> '{ERASED}'
 ORDER BY m.starts_at < $2, abs(extract(epoch FROM m.starts_at - $2)), i.invitation_id
 LIMIT {MOST}
"""

ONE = f"{FIND} WHERE i.invitation_id = $1"


def with_newest(invited: Invited, meeting: Meeting) -> Invited | None:
    """Return the invitation as the meeting's own stream has it, for a row that is behind.

    None for one that has been withdrawn.
    """
    invitation = meeting.invitation(invited.invitation_id)
    if invitation is None:
        return None
    return replace(
        invited,
        version=meeting.version,
        state=meeting.state,
        starts_at=meeting.when.starts_at,
        duration_minutes=meeting.when.duration_minutes,
        place=meeting.when.place,
        answer=invitation.answer,
        proposed_at=invitation.proposed_at,
        comment=invitation.comment,
    )


async def _current(connection: Connection, store: EventStore, rows: Iterable[Any]) -> list[Invited]:
    """Read rows whose meeting has moved on from its stream, so that an answer shows at once."""
    found = []
    for row in rows:
        values = dict(row)
        newest = values.pop("newest")
        invited: Invited | None = Invited(**values)
        if newest is not None and newest > row["version"]:
            loaded = await store.load(connection, MEETING, row["meeting_id"])
            if invited is not None and loaded.state is not None:
                invited = with_newest(invited, loaded.state)
        if invited is not None:
            found.append(invited)
    return found


AUTHORITIES = """
SELECT DISTINCT m.authority FROM invitations i JOIN meetings m USING (meeting_id)
 WHERE i.account_id = $1 OR i.invitation_id = $1
"""


async def _see(connection: Connection, wanted: UUID) -> None:
    """Let the request see the meetings that an account was invited to, or of one invitation."""
    rows = await connection.fetch(AUTHORITIES, wanted)
    await see_also(connection, (row["authority"] for row in rows))


async def invitations_of(
    pool: Pool, store: EventStore, account_id: UUID, now: datetime
) -> list[Invited]:
    """Return a person's invitations: the meetings ahead, nearest first, then those before.

    At most 200; what was answered a moment ago is in it.
    """
    async with pool.acquire() as connection:
        await _see(connection, account_id)
        rows = await connection.fetch(MINE, account_id, now)
        return await _current(connection, store, rows)


async def invitation(pool: Pool, store: EventStore, invitation_id: UUID) -> Invited | None:
    """Return one invitation as it is now, or None."""
    async with pool.acquire() as connection:
        await _see(connection, invitation_id)
        rows = await connection.fetch(ONE, invitation_id)
        return next(iter(await _current(connection, store, rows)), None)
