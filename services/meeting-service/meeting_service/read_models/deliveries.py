"""What became of each mail about an invitation, as notification-service says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.notification import (
    NotificationFailed,
    NotificationHeld,
    NotificationRequested,
    NotificationSent,
)
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector

ABOUT_INVITATIONS = {"invitation", "rescheduled", "cancelled"}
DeliveryState = Literal["pending", "sent", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The newest mail to an invitee: on its way, sent, refused (with the reason), or unknown.

    `notification_id` is None where no mail was asked for yet.
    """

    state: DeliveryState = "pending"
    reason: str | None = None
    notification_id: UUID | None = None

    def missed_by(self, instead_of: UUID | None) -> bool:
        """Tell whether the person may not have it, and it has not been sent again yet.

        `instead_of` is the invitation's newest mail that was sent again.
        """
        return self.state in {"failed", "uncertain"} and self.notification_id != instead_of

    def since(self, instead_of: UUID | None) -> "Delivery":
        """Return what is known after that mail was sent again: the new one is on its way."""
        again = self.notification_id is not None and self.notification_id == instead_of
        return Delivery() if again else self


async def _keep(
    connection: Connection,
    event: NotificationRequested | NotificationSent | NotificationFailed | NotificationHeld,
    meta: Metadata,
    delivery: Delivery,
) -> None:
    if event.kind not in ABOUT_INVITATIONS or event.invitation_id is None:
        return
    await connection.execute(
        "INSERT INTO deliveries (notification_id, invitation_id, requested_at, state, reason)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (notification_id)"
        " DO UPDATE SET state = excluded.state, reason = excluded.reason",
        event.notification_id,
        event.invitation_id,
        meta.occurred_at,
        delivery.state,
        delivery.reason,
    )


async def _requested(connection: Connection, event: NotificationRequested, meta: Metadata) -> None:
    await _keep(connection, event, meta, Delivery("pending"))


async def _sent(connection: Connection, event: NotificationSent, meta: Metadata) -> None:
    await _keep(connection, event, meta, Delivery("sent"))


async def _failed(connection: Connection, event: NotificationFailed, meta: Metadata) -> None:
    await _keep(connection, event, meta, Delivery("failed", event.why))


async def _held(connection: Connection, event: NotificationHeld, meta: Metadata) -> None:
    reason = "The mail server’s answer was lost."
    await _keep(connection, event, meta, Delivery("uncertain", reason))


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute(
        "UPDATE deliveries SET reason = NULL WHERE invitation_id = $1 OR invitation_id IN"
        " (SELECT invitation_id FROM invitations WHERE account_id = $1)",
        subject,
    )


DELIVERIES = Projector(
    name="deliveries",
    contexts=("notification", "pep", "identity"),
    forget=_forget,
    tables=("deliveries",),
    handles={
        NotificationRequested: _requested,
        NotificationSent: _sent,
        NotificationFailed: _failed,
        NotificationHeld: _held,
    },
)


async def deliveries(
    database: Pool | Connection, invitation_ids: Iterable[UUID]
) -> dict[UUID, Delivery]:
    """Return the newest mail's delivery by invitation; none where no mail was asked for yet."""
    rows = await database.fetch(
        "SELECT DISTINCT ON (invitation_id) invitation_id, state, reason, notification_id"
        " FROM deliveries"
        " WHERE invitation_id = ANY($1::uuid[])"
        " ORDER BY invitation_id, requested_at DESC, notification_id",
        list(invitation_ids),
    )
    return {
        row["invitation_id"]: Delivery(row["state"], row["reason"], row["notification_id"])
        for row in rows
    }
