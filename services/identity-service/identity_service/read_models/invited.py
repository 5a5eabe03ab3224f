"""Addresses that somebody has vouched for: invited to a meeting, or let in as a carer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from epep_events.access import CarerAccessApproved
from epep_events.envelope import Metadata
from epep_events.meeting import InvitationIssued, InvitationWithdrawn
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

GOOD_FOR = timedelta(days=60)
"""An invitation to a meeting long past says nothing about who somebody is today."""


async def _issued(connection: Connection, event: InvitationIssued, meta: Metadata) -> None:
    person = event.person
    if person.account_id is not None or not person.email or meta.authority is None:
        return
    await connection.execute(
        "INSERT INTO invited VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        person.invitation_id,
        person.email.lower(),
        meta.authority,
        event.meeting_id,
        event.pep_id,
        meta.occurred_at,
    )


async def _withdrawn(connection: Connection, event: InvitationWithdrawn, _: Metadata) -> None:
    """Vouch no longer for an address that was a mistake."""
    await connection.execute("DELETE FROM invited WHERE invitation_id = $1", event.invitation_id)


async def _approved(connection: Connection, event: CarerAccessApproved, meta: Metadata) -> None:
    if meta.authority is not None:
        await connection.execute(
            "INSERT INTO approved_carers (request_id, email, authority, role, child_id)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            event.request_id,
            event.email.lower(),
            meta.authority,
            event.role,
            event.child_id,
        )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("DELETE FROM invited WHERE invitation_id = $1", subject)
    await connection.execute("DELETE FROM approved_carers WHERE child_id = $1", subject)


INVITED = Projector(
    name="invited",
    contexts=("meeting", "pep", "identity"),
    forget=_forget,
    tables=("invited", "approved_carers"),
    handles={
        InvitationIssued: _issued,
        InvitationWithdrawn: _withdrawn,
        CarerAccessApproved: _approved,
    },
)


async def is_approved_carer(connection: Connection, email: str, authority: str, role: str) -> bool:
    """Tell whether that authority's virtual school let the address in as a carer or parent."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM approved_carers"
            " WHERE email = $1 AND authority = $2 AND role = $3)",
            email,
            authority,
            role,
        )
    )


async def invitations_of(
    connection: Connection, email: str, authority: str, now: datetime
) -> list[Any]:
    """Return the invitations of the last 60 days to an address by one authority."""
    return await connection.fetch(
        "SELECT * FROM invited WHERE email = $1 AND authority = $2 AND invited_at > $3"
        " ORDER BY invited_at, invitation_id",
        email,
        authority,
        now - GOOD_FOR,
    )
