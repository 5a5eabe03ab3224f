"""When meeting-service says what became of a PEP's meeting, the PEP notes it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.meeting import (
    MeetingConfirmed,
    MeetingRescheduled,
    MeetingScheduled,
    NextMeetingSet,
)
from epep_events.profile import AuthorityProfile
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.peps import hearing
from pep_service.peps.pep import PEP, PEPS
from pep_service.profiles.published import profile_of

Noting = Callable[[PEP, AuthorityProfile], Sequence[Event]]


async def _note(reaction: Reaction, pep_id: UUID, noting: Noting) -> None:
    """Append what the PEP notes, by the profile that it is bound to; nothing for no such PEP."""
    pep = (await reaction.load(PEPS, pep_id)).state
    if pep.initiated is None:
        return
    start = pep.start
    profile = await profile_of(reaction.connection, start.profile_code, start.profile_version)
    await reaction.append(PEPS, pep_id, lambda newest: noting(newest, profile))


async def _time(reaction: Reaction, pep_id: UUID, starts_at: datetime, place: str | None) -> None:
    await _note(
        reaction,
        pep_id,
        lambda pep, profile: hearing.meeting_time(pep, profile, starts_at, place),
    )


async def scheduled(reaction: Reaction, event: MeetingScheduled, _: Metadata) -> None:
    """Note when the meeting takes place."""
    await _time(reaction, event.pep_id, event.when.starts_at, event.when.place)


async def rescheduled(reaction: Reaction, event: MeetingRescheduled, _: Metadata) -> None:
    """Note the new time; the completion date moves where the profile says so."""
    await _time(reaction, event.pep_id, event.new.starts_at, event.new.place)


async def confirmed(reaction: Reaction, event: MeetingConfirmed, _: Metadata) -> None:
    """Note that the meeting has taken place."""
    await _note(
        reaction,
        event.pep_id,
        lambda pep, _profile: hearing.meeting_confirmed(pep, event.meeting_id),
    )


async def next_set(reaction: Reaction, event: NextMeetingSet, _: Metadata) -> None:
    """Note when the people meet next."""
    await _note(
        reaction, event.pep_id, lambda pep, profile: hearing.next_meeting(pep, profile, event)
    )


MEETINGS = Reactor(
    name="meetings",
    contexts=("meeting",),
    handles={
        MeetingScheduled: scheduled,
        MeetingRescheduled: rescheduled,
        MeetingConfirmed: confirmed,
        NextMeetingSet: next_set,
    },
)
