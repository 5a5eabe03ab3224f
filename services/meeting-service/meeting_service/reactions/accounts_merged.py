"""Two accounts have become one: the kept one answers and organises for the closed one."""

from uuid import UUID

from epep_access.people import kept_accounts
from epep_events.base import ERASED, Event
from epep_events.envelope import Metadata
from epep_events.identity import AccountsMerged
from epep_events.meeting import InvitationLinked, InvitationWithdrawn, MeetingOrganiserChanged
from epep_runtime.subscriptions import Reaction, Reactor
from meeting_service.meetings.meeting import MEETING, Invitation, Meeting

CONCERNED = """
SELECT m.meeting_id, m.authority FROM meetings m
 WHERE m.state <> 'confirmed' AND m.child_initials <> $2
   AND (m.organiser = $1 OR EXISTS (SELECT FROM invitations i
                                     WHERE i.meeting_id = m.meeting_id AND i.account_id = $1))
"""
"""Those still to be held, or called off and so perhaps on again; of those that were held, the
record keeps who organised them and who was invited.
"""


def decide(meeting: Meeting | None, old: UUID, kept: UUID) -> list[Event]:
    """Let the kept account organise what the closed one did, and answer its invitation.

    Where both are invited one invitation stays: the kept account's, unless only the other one has
    been answered.
    """
    if meeting is None or meeting.state == "confirmed":
        return []
    return [*_organising(meeting, old, kept), *_answering(meeting, old, kept)]


def _organising(meeting: Meeting, old: UUID, kept: UUID) -> list[Event]:
    if meeting.organiser != old:
        return []
    return [
        MeetingOrganiserChanged(
            meeting_id=meeting.meeting_id,
            pep_id=meeting.pep_id,
            child_id=meeting.child_id,
            old_account_id=old,
            organiser_account_id=kept,
        )
    ]


def _answering(meeting: Meeting, old: UUID, kept: UUID) -> list[Event]:
    closed = [each for each in meeting.invitations if each.person.account_id == old]
    own = [each for each in meeting.invitations if each.person.account_id == kept]
    if not closed:
        return []
    answered = [each for each in (*own, *closed) if each.answer is not None]
    stays = (answered or own or closed)[0]
    ended: list[Event] = [
        _withdrawn(meeting, each, stays) for each in (*own, *closed) if each is not stays
    ]
    if stays.person.account_id == kept:
        return ended
    linked = InvitationLinked(
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
        invitation_id=stays.person.invitation_id,
        account_id=kept,
    )
    return [*ended, linked]


def _withdrawn(meeting: Meeting, invitation: Invitation, stays: Invitation) -> InvitationWithdrawn:
    return InvitationWithdrawn(
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
        child_id=meeting.child_id,
        invitation_id=invitation.person.invitation_id,
        name=invitation.person.name,
        instead_id=stays.person.invitation_id,
        accounts_merged=True,
    )


async def merged(reaction: Reaction, event: AccountsMerged, _: Metadata) -> None:
    """Hand over every meeting that is not over, each within its own authority.

    The kept account may have been merged on already: merges are heard in any order.
    """
    connection, old, into = reaction.connection, event.account_id, event.into_account_id
    rows = await connection.fetch(CONCERNED, old, ERASED)
    kept = (await kept_accounts(connection, [into])).get(into, into)
    cause = reaction.cause()
    await reaction.append_many(
        MEETING,
        {row["meeting_id"]: lambda meeting: decide(meeting, old, kept) for row in rows},
        {row["meeting_id"]: cause.within(row["authority"]) for row in rows},
    )


MERGED = Reactor("merged", ("identity",), {AccountsMerged: merged})
