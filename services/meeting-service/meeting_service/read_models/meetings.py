"""Everybody's meetings and invitations, so that people find their own."""

from typing import Any
from uuid import UUID

from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.meeting import (
    InvitationIssued,
    InvitationLinked,
    InvitationResponded,
    InvitationWithdrawn,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingOrganiserChanged,
    MeetingRecordSaved,
    MeetingRescheduled,
    MeetingScheduled,
    NextMeetingSet,
)
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector


async def _moved_on(connection: Connection, event: Any, meta: Metadata) -> None:
    """Note the version that the rows show now."""
    await connection.execute(
        "UPDATE meetings SET version = $2 WHERE meeting_id = $1",
        event.meeting_id,
        meta.stream_version,
    )


async def _scheduled(connection: Connection, event: MeetingScheduled, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO meetings (meeting_id, pep_id, authority, child_initials, organiser,"
        " contact_name, reason, reason_detail, version, arranged_at, state, starts_at,"
        " duration_minutes, place)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'scheduled', $11, $12, $13)",
        event.meeting_id,
        event.pep_id,
        meta.authority or "",
        event.child_initials,
        event.organiser_account_id,
        event.contact_name,
        event.reason,
        event.reason_detail,
        meta.stream_version,
        meta.occurred_at,
        event.when.starts_at,
        event.when.duration_minutes,
        event.when.place,
    )


async def _issued(connection: Connection, event: InvitationIssued, meta: Metadata) -> None:
    person = event.person
    await connection.execute(
        "INSERT INTO invitations (invitation_id, meeting_id, account_id, name, role)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (invitation_id)"
        " DO UPDATE SET account_id = excluded.account_id, name = excluded.name",
        person.invitation_id,
        event.meeting_id,
        person.account_id,
        person.name,
        person.role,
    )
    await _moved_on(connection, event, meta)


async def _withdrawn(connection: Connection, event: InvitationWithdrawn, meta: Metadata) -> None:
    await connection.execute(
        "DELETE FROM invitations WHERE invitation_id = $1", event.invitation_id
    )
    await _moved_on(connection, event, meta)


async def _organiser_changed(
    connection: Connection, event: MeetingOrganiserChanged, meta: Metadata
) -> None:
    await connection.execute(
        "UPDATE meetings SET organiser = $2 WHERE meeting_id = $1",
        event.meeting_id,
        event.organiser_account_id,
    )
    await _moved_on(connection, event, meta)


async def _responded(connection: Connection, event: InvitationResponded, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE invitations SET answer = $2, proposed_at = $3, comment = $4"
        " WHERE invitation_id = $1",
        event.invitation_id,
        event.answer,
        event.proposed_at,
        event.comment,
    )
    await _moved_on(connection, event, meta)


async def _linked(connection: Connection, event: InvitationLinked, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE invitations SET account_id = $2 WHERE invitation_id = $1",
        event.invitation_id,
        event.account_id,
    )
    await _moved_on(connection, event, meta)


async def _rescheduled(connection: Connection, event: MeetingRescheduled, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE meetings SET state = 'scheduled', arranged_at = $2, starts_at = $3,"
        " duration_minutes = $4, place = $5 WHERE meeting_id = $1",
        event.meeting_id,
        meta.occurred_at,
        event.new.starts_at,
        event.new.duration_minutes,
        event.new.place,
    )
    await connection.execute(
        "UPDATE invitations SET answer = NULL, proposed_at = NULL, comment = NULL"
        " WHERE meeting_id = $1",
        event.meeting_id,
    )
    await _moved_on(connection, event, meta)


async def _set_state(connection: Connection, meeting_id: UUID, state: str) -> None:
    await connection.execute(
        "UPDATE meetings SET state = $2 WHERE meeting_id = $1", meeting_id, state
    )


async def _cancelled(connection: Connection, event: MeetingCancelled, meta: Metadata) -> None:
    await _set_state(connection, event.meeting_id, "cancelled")
    await _moved_on(connection, event, meta)


async def _confirmed(connection: Connection, event: MeetingConfirmed, meta: Metadata) -> None:
    await _set_state(connection, event.meeting_id, "confirmed")
    await _moved_on(connection, event, meta)


async def _forget(connection: Connection, subject: UUID) -> None:
    """Keep that a meeting was held; drop what was said of the child, or who was invited."""
    await connection.execute(
        "UPDATE meetings SET child_initials = $2, contact_name = NULL, reason_detail = NULL,"
        " place = NULL WHERE pep_id IN (SELECT pep_id FROM access_peps WHERE child_id = $1)",
        subject,
        ERASED,
    )
    await connection.execute(
        "UPDATE invitations SET comment = NULL WHERE meeting_id IN (SELECT m.meeting_id"
        " FROM meetings m JOIN access_peps a USING (pep_id) WHERE a.child_id = $1)",
        subject,
    )
    await connection.execute(
        "UPDATE invitations SET name = $2 WHERE account_id = $1 OR invitation_id = $1",
        subject,
        ERASED,
    )


MEETINGS = Projector(
    name="meetings",
    contexts=("meeting", "pep", "identity"),
    forget=_forget,
    tables=("meetings", "invitations"),
    handles={
        MeetingScheduled: _scheduled,
        InvitationIssued: _issued,
        InvitationWithdrawn: _withdrawn,
        InvitationResponded: _responded,
        InvitationLinked: _linked,
        MeetingRescheduled: _rescheduled,
        MeetingCancelled: _cancelled,
        MeetingOrganiserChanged: _organiser_changed,
        MeetingConfirmed: _confirmed,
        MeetingRecordSaved: _moved_on,
        NextMeetingSet: _moved_on,
    },
)
