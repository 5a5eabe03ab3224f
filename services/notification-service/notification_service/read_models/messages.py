"""Each person's messages in the portal: what they were mailed about, newest first."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.notification import (
    Kind,
    NotificationFailed,
    NotificationHeld,
    NotificationRequested,
    NotificationSent,
)
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

NEWEST = 50
TITLES: dict[str, str] = {
    "invitation": "Invitation to a PEP meeting",
    "rescheduled": "PEP meeting changed",
    "cancelled": "PEP meeting cancelled",
    "answered": "Answer to your invitation",
    "meeting_confirmed": "PEP meeting held",
    "submitted": "PEP ready for quality assurance",
    "returned": "PEP returned for more work",
    "signed_off": "PEP signed off",
    "feedback": "Feedback on a PEP",
    "emergency_access": "A record opened in an emergency",
    "registration_accepted": "You have access",
    "registration_refused": "Your request for access",
    "security_notice": "A change to how you log in",
    "login_stopped": "A log-in was stopped",
}
router = APIRouter(tags=["messages"])


async def _requested(connection: Connection, event: NotificationRequested, meta: Metadata) -> None:
    if event.account_id is None or event.kind not in TITLES:  # log-in codes are nobody's reading
        return
    await connection.execute(
        "INSERT INTO messages VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7)"
        " ON CONFLICT DO NOTHING",
        event.notification_id,
        event.account_id,
        event.kind,
        event.subject,
        meta.occurred_at,
        event.pep_id,
        event.meeting_id,
    )


STATES: dict[type[Event], str] = {
    NotificationSent: "sent",
    NotificationFailed: "failed",
    NotificationHeld: "uncertain",
}


async def _settled(
    connection: Connection,
    event: NotificationSent | NotificationFailed | NotificationHeld,
    _: Metadata,
) -> None:
    await connection.execute(
        "UPDATE messages SET state = $2 WHERE notification_id = $1",
        event.notification_id,
        STATES[type(event)],
    )


MESSAGES = Projector(
    name="messages",
    contexts=("notification",),
    tables=("messages",),
    handles={
        NotificationRequested: _requested,
        NotificationSent: _settled,
        NotificationFailed: _settled,
        NotificationHeld: _settled,
    },
)


class Message(BaseModel):
    """One message; `state` is that of its e-mail, `at` when it was written (UTC)."""

    notification_id: UUID
    kind: Kind
    title: str
    subject: str
    at: datetime
    state: Literal["pending", "sent", "failed", "uncertain"]
    pep_id: UUID | None
    meeting_id: UUID | None


EXAMPLE: JsonDict = {
    "messages": [
        {
            "notification_id": "5f0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f0",
            "kind": "invitation",
            "title": "Invitation to a PEP meeting",
            "subject": "Invitation: PEP meeting for A.B., Thursday 3 December, 10:30am",
            "at": "2026-11-20T09:15:00Z",
            "state": "sent",
            "pep_id": "0192f0a0-0000-7000-8000-000000000001",
            "meeting_id": "3e0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f1",
        }
    ]
}


class Messages(BaseModel):
    """The newest messages of the person who asks."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    messages: list[Message]


@router.get("/messages", summary="My newest messages")
async def my_messages(asking: Asking, request: Request) -> Messages:
    """Return the newest 50 messages to the person who asks, newest first."""
    rows = await running_of(request).pool.fetch(
        "SELECT * FROM messages WHERE account_id = $1 ORDER BY at DESC, notification_id LIMIT $2",
        asking.account_id,
        NEWEST,
    )
    return Messages(messages=[Message(title=TITLES[row["kind"]], **dict(row)) for row in rows])
