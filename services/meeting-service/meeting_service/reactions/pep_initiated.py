"""A PEP is initiated: its meeting is scheduled and everybody named is invited (B54, S50)."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from epep_access.people import Person, kept_accounts, people_of
from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.meeting import InvitedPerson, MeetingScheduled, When
from epep_events.pep import Invitee, MeetingPlan, PEPInitiated
from epep_runtime.subscriptions import Reaction, Reactor
from meeting_service.invitations.links import Sealer, sealer
from meeting_service.meetings.inviting import invitation_id_of, issue
from meeting_service.meetings.meeting import MEETING, Meeting, meeting_id_of
from meeting_service.read_models.peps import organiser_of
from meeting_service.read_models.profiles import profile
from meeting_service.settings import meeting_settings


class NotKnownYetError(Exception):
    """Something that the meeting needs has not arrived here yet; the event is tried again."""


def decide(
    meeting: Meeting | None,
    event: PEPInitiated,
    plan: MeetingPlan,
    invited: Iterable[InvitedPerson],
    organiser: UUID | None,
) -> list[Event]:
    """Schedule the meeting and invite each person once; nothing where that has been done.

    The plan's time is not compared with the clock: a meeting may already have been held.
    """
    if meeting is not None:
        return []
    scheduled = MeetingScheduled(
        meeting_id=meeting_id_of(event.pep_id),
        pep_id=event.pep_id,
        child_id=event.child_id,
        child_initials=event.child_initials,
        when=When(
            starts_at=plan.starts_at,
            duration_minutes=plan.duration_minutes,
            place=plan.place,
            sequence=0,
        ),
        reason=plan.reason,
        reason_detail=plan.reason_detail,
        contact_name=plan.contact_name,
        contact_phone=plan.contact_phone,
        organiser_account_id=organiser,
    )
    return [scheduled, *(issue(scheduled, scheduled.when, person) for person in invited)]


def invited_people(
    meeting_id: UUID, invitees: Iterable[Invitee], known: Mapping[UUID, Person], seal: Sealer
) -> list[InvitedPerson]:
    """Return whom to invite, each once, by account or else by address.

    Raises NotKnownYetError for an account whose address is not known here yet.
    """
    found: dict[UUID, InvitedPerson] = {}
    addresses: set[str] = set()
    for invitee in sorted(invitees, key=lambda each: each.account_id is None):
        email = _address(invitee, known)
        invitation_id = invitation_id_of(meeting_id, invitee.account_id, email)
        if invitation_id in found or email in addresses:
            continue
        addresses.add(email)
        found[invitation_id] = InvitedPerson(
            invitation_id=invitation_id,
            account_id=invitee.account_id,
            email=email,
            name=invitee.name,
            role=invitee.role,
            sealed_token=seal(invitation_id),
        )
    return list(found.values())


def _address(invitee: Invitee, known: Mapping[UUID, Person]) -> str:
    person = known.get(invitee.account_id) if invitee.account_id else None
    email = person.email if person else invitee.email
    if not email:
        raise NotKnownYetError(f"account {invitee.account_id} is not known here yet")
    return email.lower()


def _as_kept(invitee: Invitee, kept: Mapping[UUID, UUID]) -> Invitee:
    """Return the invitee under the account that theirs was merged into meanwhile, if it was."""
    own = invitee.account_id
    return invitee.model_copy(update={"account_id": kept.get(own, own)}) if own else invitee


async def on_initiated(reaction: Reaction, event: PEPInitiated, meta: Metadata) -> None:
    """Schedule the meeting that the PEP was initiated with, if it was.

    Raises NotKnownYetError or NoSealingKeyError when something has to arrive first.
    """
    plan, meeting_id = event.meeting, meeting_id_of(event.pep_id)
    if plan is None:
        return
    connection = reaction.connection
    if await profile(connection, event.profile_code, event.profile_version) is None:
        raise NotKnownYetError(f"profile {event.profile_code} is not known here yet")
    by = organiser_of(meta)
    named = [each.account_id for each in event.invitees if each.account_id]
    kept = await kept_accounts(connection, [*named, *([by] if by else [])])
    invitees = [_as_kept(each, kept) for each in event.invitees]
    known = await people_of(connection, [*named, *kept.values()])
    seal = await sealer(connection, meeting_settings(reaction.settings))
    invited = invited_people(meeting_id, invitees, known, seal)
    await reaction.append(
        MEETING,
        meeting_id,
        lambda meeting: decide(meeting, event, plan, invited, kept.get(by, by) if by else None),
    )


SCHEDULING = Reactor(name="scheduling", contexts=("pep",), handles={PEPInitiated: on_initiated})
