"""Each person's messages in the portal: what they were told, newest first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.notification import (
    Kind,
    MessagesRead,
    NotificationFailed,
    NotificationGathered,
    NotificationHeld,
    NotificationLeftUnmailed,
    NotificationRequested,
    NotificationSent,
)
from epep_runtime.http import Asking, running_of
from epep_runtime.language import speaking
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector
from notification_service.mails.language import N_, Accepted, _, asked_for

PAGE_SIZE = 25
TITLES: dict[str, str] = {
    "invitation": N_("Invitation to a PEP meeting"),
    "rescheduled": N_("PEP meeting changed"),
    "cancelled": N_("PEP meeting cancelled"),
    "answered": N_("Answer to your invitation"),
    "meeting_confirmed": N_("PEP meeting held"),
    "submitted": N_("PEP ready for quality assurance"),
    "returned": N_("PEP returned for more work"),
    "signed_off": N_("PEP signed off"),
    "feedback": N_("Feedback on a PEP"),
    "emergency_access": N_("A record opened in an emergency"),
    "registration_accepted": N_("You have access"),
    "registration_refused": N_("Your request for access"),
    "security_notice": N_("A change to how you log in"),
    "login_stopped": N_("A log-in was stopped"),
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
    NotificationLeftUnmailed: "unmailed",
    NotificationGathered: "gathered",
}


async def _settled(
    connection: Connection,
    event: NotificationSent
    | NotificationFailed
    | NotificationHeld
    | NotificationLeftUnmailed
    | NotificationGathered,
    _: Metadata,
) -> None:
    await connection.execute(
        "UPDATE messages SET state = $2 WHERE notification_id = $1",
        event.notification_id,
        STATES[type(event)],
    )


READ = """
INSERT INTO messages_read AS known SELECT unnest($1::uuid[]), $2, $3
    ON CONFLICT (notification_id)
    DO UPDATE SET account_id = excluded.account_id, at = excluded.at
 WHERE (excluded.at, excluded.account_id) < (known.at, known.account_id)
"""
"""The first reading counts, whichever is heard first: after a merge there may be two, of two
accounts."""


async def _read(connection: Connection, event: MessagesRead, meta: Metadata) -> None:
    await connection.execute(
        READ,
        list(event.notification_ids),
        event.account_id,
        meta.occurred_at,
    )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute(
        "DELETE FROM messages WHERE account_id = $1"
        " OR pep_id IN (SELECT pep_id FROM access_peps WHERE child_id = $1)",
        subject,
    )
    await connection.execute("DELETE FROM messages_read WHERE account_id = $1", subject)


MESSAGES = Projector(
    name="messages",
    contexts=("notification", "pep", "identity"),
    forget=_forget,
    tables=("messages", "messages_read"),
    handles={
        NotificationRequested: _requested,
        NotificationSent: _settled,
        NotificationFailed: _settled,
        NotificationHeld: _settled,
        NotificationLeftUnmailed: _settled,
        NotificationGathered: _settled,
        MessagesRead: _read,
    },
)


class Message(BaseModel):
    """One message; `at` is when it was written (UTC).

    `state` is that of its e-mail; `unmailed`: its person wants no mails of the kind, or
    has the same by another mail since two accounts became one;
    `gathered`: it is in their one mail of the day.
    """

    notification_id: UUID
    kind: Kind
    title: str
    subject: str
    at: datetime
    state: Literal["pending", "sent", "failed", "uncertain", "unmailed", "gathered"]
    pep_id: UUID | None
    meeting_id: UUID | None
    read_at: datetime | None


EXAMPLE: JsonDict = {
    "unread": 1,
    "total": 1,
    "page": 1,
    "page_size": PAGE_SIZE,
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
            "read_at": None,
        }
    ],
}


class Messages(BaseModel):
    """A page of the messages of the person who asks; `unread` counts all of theirs."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    unread: int
    total: int
    page: int
    page_size: int
    messages: list[Message]


MINE = """
m.account_id IN (SELECT $1::uuid
                  UNION ALL SELECT account_id FROM known_people WHERE merged_into = $1)
"""
"""One's own, and those of accounts that a virtual school has merged into this one: one person's."""
COUNTED = f"""
SELECT count(*) AS total, count(*) FILTER (WHERE r.notification_id IS NULL) AS unread
  FROM messages m LEFT JOIN messages_read r USING (notification_id) WHERE {MINE}
"""  # noqa: S608 - one fixed text in another
PAGE = f"""
SELECT counted.*, p.* FROM ({COUNTED}) counted LEFT JOIN (
SELECT m.*, r.at AS read_at FROM messages m LEFT JOIN messages_read r USING (notification_id)
 WHERE {MINE} AND (NOT $2 OR r.notification_id IS NULL)
 ORDER BY m.at DESC, m.notification_id LIMIT $3 OFFSET $4
) p ON true ORDER BY p.at DESC, p.notification_id
"""  # noqa: S608 - one fixed text in another
"""A page and the numbers, of one moment; where the page is empty, a row with the numbers alone."""


@router.get("/messages", summary="My messages")
async def my_messages(
    asking: Asking,
    request: Request,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    unread: Annotated[bool, Query(description="Only those that I have not read")] = False,
    accept_language: Accepted = None,
) -> Messages:
    """Return a page of 25 messages to the person who asks, newest first.

    Titles are in the language that is accepted, subjects in that of their mail.
    """
    pool, me = running_of(request).pool, asking.account_id
    rows = await pool.fetch(PAGE, me, unread, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    counted = rows[0]
    with speaking(asked_for(accept_language)):
        shown = [_message(dict(row)) for row in rows if row["notification_id"]]
    return Messages(
        unread=counted["unread"],
        total=counted["unread"] if unread else counted["total"],
        page=page,
        page_size=PAGE_SIZE,
        messages=shown,
    )


def _message(row: Mapping[str, Any]) -> Message:
    known = {key: value for key, value in row.items() if key in Message.model_fields}
    return Message(title=_(TITLES[row["kind"]]), **known)


class Unread(BaseModel):
    """How many messages the person who asks has not read."""

    model_config = ConfigDict(json_schema_extra={"example": {"unread": 1}})

    unread: int


@router.get("/messages/unread", summary="How many messages I have not read")
async def my_unread(asking: Asking, request: Request) -> Unread:
    """Return the number for the portal's navigation, which asks for it on many pages."""
    counted = await running_of(request).pool.fetchrow(COUNTED, asking.account_id)
    assert counted is not None  # a count has a row
    return Unread(unread=counted["unread"])
