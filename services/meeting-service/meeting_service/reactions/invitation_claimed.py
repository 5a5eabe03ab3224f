"""Somebody invited by e-mail has an account now: their invitation is among their own."""

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.getting_in import InvitationClaimed
from epep_events.meeting import InvitationLinked
from epep_runtime.subscriptions import Reaction, Reactor
from meeting_service.meetings.meeting import MEETING, Meeting


def decide(meeting: Meeting | None, event: InvitationClaimed) -> list[Event]:
    """Return the link; nothing for an invitation that is not known or is somebody's already."""
    invited = meeting.invitation(event.invitation_id) if meeting else None
    if invited is None or invited.person.account_id is not None:
        return []
    return [
        InvitationLinked(
            meeting_id=event.meeting_id,
            pep_id=event.pep_id,
            invitation_id=event.invitation_id,
            account_id=event.account_id,
        )
    ]


async def claimed(reaction: Reaction, event: InvitationClaimed, _: Metadata) -> None:
    """Link the invitation to the account."""
    await reaction.append(MEETING, event.meeting_id, lambda meeting: decide(meeting, event))


LINKING = Reactor("linking", ("identity",), {InvitationClaimed: claimed})
