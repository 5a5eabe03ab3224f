"""Two accounts have become one: what the closed one is invited to is the kept one's to answer."""

from uuid import UUID

from epep_events.base import ERASED, Event
from epep_events.envelope import Metadata
from epep_events.identity import AccountsMerged
from epep_events.meeting import InvitationLinked
from epep_runtime.subscriptions import Reaction, Reactor
from meeting_service.meetings.meeting import MEETING, Meeting

INVITED_TO = """
SELECT DISTINCT m.meeting_id, m.authority FROM invitations i JOIN meetings m USING (meeting_id)
 WHERE i.account_id = $1 AND m.state = 'scheduled' AND m.child_initials <> $2
"""
"""The meetings that are still to be held; in those that were, the record keeps who was invited."""


def decide(meeting: Meeting | None, old: UUID, kept: UUID) -> list[Event]:
    """Return the link to the kept account; nothing where that has an invitation of its own."""
    if meeting is None or any(each.person.account_id == kept for each in meeting.invitations):
        return []
    return [
        InvitationLinked(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            invitation_id=each.person.invitation_id,
            account_id=kept,
        )
        for each in meeting.invitations
        if each.person.account_id == old
    ]


async def merged(reaction: Reaction, event: AccountsMerged, _: Metadata) -> None:
    """Link every open invitation, each within the authority of its meeting."""
    rows = await reaction.connection.fetch(INVITED_TO, event.account_id, ERASED)
    old, kept, cause = event.account_id, event.into_account_id, reaction.cause()
    await reaction.append_many(
        MEETING,
        {row["meeting_id"]: lambda meeting: decide(meeting, old, kept) for row in rows},
        {row["meeting_id"]: cause.within(row["authority"]) for row in rows},
    )


MERGED = Reactor("merged", ("identity",), {AccountsMerged: merged})
