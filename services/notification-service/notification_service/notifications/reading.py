"""A person has read messages of theirs."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_events.notification import MessagesRead
from epep_runtime.commands import Answer
from epep_runtime.event_store import Aggregate
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.problems import NotFoundError
from epep_runtime.text import Command, example
from notification_service.read_models.messages import MINE

MOST = 500
Reading = frozenset[UUID]
"""The messages that a person has read."""


def evolve(state: Reading, event: Event) -> Reading:
    """Return what the person has read after the event."""
    return state.union(event.notification_ids) if isinstance(event, MessagesRead) else state


READER: Aggregate[Reading] = Aggregate("reader", frozenset(), evolve)
router = APIRouter(tags=["messages"])


class ReadMessages(Command):
    """Which messages were read."""

    model_config = example(notification_ids=["5f0c3f3e-6f57-5a54-9d6c-0b6a4ac1f1f0"])

    notification_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST)]


class MessagesNoted(BaseModel):
    """The new version of what the person has read."""

    version: int


def read(state: Reading, account_id: UUID, told: Sequence[UUID]) -> list[Event]:
    """Return what is new; nothing where all of it was read before."""
    new = tuple(dict.fromkeys(each for each in told if each not in state))
    return [MessagesRead(account_id=account_id, notification_ids=new)] if new else []


@router.post(
    "/messages/read",
    summary="Note that I have read messages",
    response_model=MessagesNoted,
    responses=CHANGE_RESPONSES,
)
async def read_messages(command: ReadMessages, change: Changing, request: Request) -> JSONResponse:
    """Note messages of mine as read; again changes nothing. One that is not mine: 404."""
    running = running_of(request)
    me, wanted = change.principal.account_id, set(command.notification_ids)
    mine = await running.pool.fetchval(
        f"SELECT count(*) FROM messages m WHERE {MINE} AND notification_id = ANY($2)",  # noqa: S608
        me,
        list(wanted),
    )
    if mine != len(wanted):
        raise NotFoundError
    return await running.commands.carry_out(
        change,
        READER,
        me,
        lambda state: read(state, me, command.notification_ids),
        role="reader",
        authority=None,
        answer=lambda _, version: Answer({"version": version}),
        needs_version=False,
    )
