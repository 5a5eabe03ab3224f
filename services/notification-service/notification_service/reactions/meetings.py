"""Something was said about a meeting: tell those who are invited, and whoever arranges it."""

from epep_events.envelope import Metadata
from epep_events.meeting import (
    InvitationIssued,
    InvitationResponded,
    InvitedPerson,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingRescheduled,
    When,
)
from epep_events.notification import Kind
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.facts import Facts, MeetingFacts
from notification_service.notifications.requesting import Notice, Recipient, tell
from notification_service.reactions.knowing import (
    authority_of,
    pep_of,
    present_person_of,
    virtual_school_people,
)
from notification_service.read_models.authorities import Authority
from notification_service.read_models.people import present_person

Invitation = InvitationIssued | MeetingRescheduled | MeetingCancelled


async def _recipient(reaction: Reaction, invited: InvitedPerson) -> Recipient:
    """Return whom to write to: an account at its present address, also after a merge.

    The address of the invitation is what stood there when it was written; it is for guests, and
    for an account that is not known here.
    """
    if invited.account_id is None:
        return Recipient(invited.name, invited.email)
    known = await present_person(reaction.connection, invited.account_id)
    if known is None and invited.email is None:
        known = await present_person_of(reaction, invited.account_id)
    if known is None:
        return Recipient(invited.name, invited.email, invited.account_id)
    return Recipient(invited.name, known.email, known.account_id)


def _meeting(event: Invitation, when: When) -> MeetingFacts:
    return MeetingFacts(
        meeting_id=event.meeting_id,
        starts_at=when.starts_at,
        duration_minutes=when.duration_minutes,
        place=when.place,
        sequence=when.sequence,
    )


async def _notice(
    reaction: Reaction, event: Invitation, invited: InvitedPerson, facts: Facts
) -> Notice:
    recipient = await _recipient(reaction, invited)
    own = {
        "name": recipient.name,
        "has_account": recipient.account_id is not None,
        "child_id": event.child_id,
        "initials": event.child_initials,
        "pep_id": event.pep_id,
        "sealed": None if facts.kind == "cancelled" else invited.sealed_token,
    }
    return Notice(recipient, facts.model_copy(update=own), invited.invitation_id)


async def _notices(
    reaction: Reaction, event: MeetingRescheduled | MeetingCancelled, facts: Facts
) -> list[Notice]:
    """Return a notice for each person; whoever was invited under two accounts, now one, has one."""
    own = {each.account_id for each in event.invited if each.account_id is not None}
    found = [(each, await _notice(reaction, event, each, facts)) for each in event.invited]
    return [
        notice
        for each, notice in found
        if notice.recipient.account_id in {None, each.account_id}
        or notice.recipient.account_id not in own
    ]


def _facts(kind: Kind, meta: Metadata, known: Authority, meeting: MeetingFacts) -> Facts:
    return Facts(
        kind=kind,
        said_at=meta.occurred_at,
        name="",
        has_account=False,
        authority=known.facts,
        meeting=meeting,
    )


async def mail_invitation(reaction: Reaction, event: InvitationIssued, meta: Metadata) -> None:
    """Invite one person (B54, S50)."""
    known = await authority_of(reaction)
    facts = _facts("invitation", meta, known, _meeting(event, event.when)).model_copy(
        update={
            "reason": known.reasons.get(event.reason),
            "contact_name": event.contact_name,
            "contact_phone": event.contact_phone,
        }
    )
    await tell(reaction, [await _notice(reaction, event, event.person, facts)])


async def mail_new_time(reaction: Reaction, event: MeetingRescheduled, meta: Metadata) -> None:
    """Tell everybody invited of the new time or place (B58, S76)."""
    known = await authority_of(reaction)
    facts = _facts("rescheduled", meta, known, _meeting(event, event.new)).model_copy(
        update={
            "old_starts_at": event.old.starts_at,
            "why": event.why,
            "contact_name": event.contact_name,
            "contact_phone": event.contact_phone,
        }
    )
    await tell(reaction, await _notices(reaction, event, facts))


async def mail_cancellation(reaction: Reaction, event: MeetingCancelled, meta: Metadata) -> None:
    """Tell everybody invited that it will not take place."""
    known = await authority_of(reaction)
    facts = _facts("cancelled", meta, known, _meeting(event, event.when)).model_copy(
        update={"why": event.why}
    )
    await tell(reaction, await _notices(reaction, event, facts))


async def mail_answer(reaction: Reaction, event: InvitationResponded, meta: Metadata) -> None:
    """Tell the organiser of an answer (B55); the virtual school where nobody organises."""
    known = await authority_of(reaction)
    pep = await pep_of(reaction, event.pep_id)
    organiser = (
        await present_person_of(reaction, event.organiser_account_id)
        if event.organiser_account_id
        else None
    )
    told = [organiser] if organiser else await virtual_school_people(reaction, pep.child_id, known)
    facts = Facts(
        kind="answered",
        said_at=meta.occurred_at,
        name="",
        has_account=True,
        authority=known.facts,
        child_id=event.child_id,
        initials=event.child_initials,
        pep_id=event.pep_id,
        who=event.name,
        answer=event.answer,
        proposed_at=event.proposed_at,
        commented=bool(event.comment),
    )
    await tell(reaction, [_to(each, facts) for each in told])


def _to(recipient: Recipient, facts: Facts) -> Notice:
    own = {"name": recipient.name, "has_account": recipient.account_id is not None}
    return Notice(recipient, facts.model_copy(update=own))


async def mail_confirmation(reaction: Reaction, event: MeetingConfirmed, meta: Metadata) -> None:
    """Tell the virtual school that the meeting has taken place (B80)."""
    known = await authority_of(reaction)
    pep = await pep_of(reaction, event.pep_id)
    facts = Facts(
        kind="meeting_confirmed",
        said_at=meta.occurred_at,
        name="",
        has_account=True,
        authority=known.facts,
        child_id=pep.child_id,
        initials=pep.initials,
        pep_id=pep.pep_id,
        pep_kind=pep.kind_label,
    )
    told = await virtual_school_people(reaction, event.child_id, known)
    await tell(reaction, [_to(each, facts) for each in told])
