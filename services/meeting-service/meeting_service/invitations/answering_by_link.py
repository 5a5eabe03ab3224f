"""Answering by the link in the mail, without an account (S77).

The token is in the body, never in the address, so that no log has it.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from epep_events.envelope import Actor
from epep_runtime.commands import TRIES, Answer, to_response
from epep_runtime.event_store import Cause, VersionConflictError
from epep_runtime.http import CHANGE_RESPONSES, running_of
from epep_runtime.ids import new_id
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.telemetry import current_traceparent
from epep_runtime.text import Command, example
from meeting_service.invitations.links import invitation_of
from meeting_service.invitations.listing import InvitationOfMine, view_of
from meeting_service.invitations.responding import Respond, decide
from meeting_service.meetings.changing import Changed
from meeting_service.meetings.meeting import MEETING, existing
from meeting_service.read_models.finding import Invited, invitation
from meeting_service.settings import meeting_settings

router = APIRouter(tags=["invitation links"])

Token = Field(description="The last part of the link's address", examples=["Zm9v…"])


class Open(Command):
    """The token of a link."""

    model_config = example(token="from-the-link")  # noqa: S106

    token: str = Token


class RespondByLink(Respond):
    """An answer with the token of a link."""

    model_config = example(token="from-the-link", answer="accepted", comment="I can come.")  # noqa: S106

    token: str = Token


async def _invited(running: Running, token: str) -> Invited:
    invitation_id = invitation_of(meeting_settings(running.settings).key(), token)
    invited = await invitation(running.pool, running.store, invitation_id)
    if invited is None:
        raise NotFoundError
    return invited


def _cause(invited: Invited) -> Cause:
    """Return who answers: whoever holds the link, on behalf of the account it was sent to."""
    behalf = str(invited.account_id) if invited.account_id else None
    actor = Actor(id=f"invitation:{invited.invitation_id}", role=invited.role, on_behalf_of=behalf)
    return Cause(actor, invited.authority, new_id(), None, current_traceparent())


async def _append(running: Running, invited: Invited, command: Respond) -> int:
    store, now, cause = running.store, running.store.clock(), _cause(invited)
    async with running.pool.acquire() as connection, connection.transaction():
        loaded = await store.load(connection, MEETING, invited.meeting_id)
        events = decide(existing(loaded.state), invited, command, now)
        stream = MEETING.stream(invited.meeting_id)
        return await store.append(
            connection,
            stream,
            loaded.version,
            events,
            cause,
            about=MEETING.child_after(loaded.state, events),
        )


@router.post("/invitation-links", summary="What a link invites to")
async def open_link(command: Open, request: Request) -> InvitationOfMine:
    """Show the invitation that a link opens; 404 for a link that we never sent."""
    running = running_of(request)
    return view_of(await _invited(running, command.token), running.store.clock())


@router.post(
    "/invitation-links/response",
    summary="Answer by a link",
    response_model=Changed,
    responses={409: CHANGE_RESPONSES[409]},
)
async def respond_by_link(command: RespondByLink, request: Request) -> JSONResponse:
    """Answer, or change one's mind until the meeting starts; the same answer twice is one."""
    running = running_of(request)
    invited = await _invited(running, command.token)
    for attempt in range(TRIES):
        try:
            version = await _append(running, invited, command)
            return to_response(Answer({"version": version}), version)
        except VersionConflictError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
