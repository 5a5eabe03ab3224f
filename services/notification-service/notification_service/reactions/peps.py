"""A PEP has come a step further: tell whose turn it is, and at the end everybody."""

from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.notification import Kind
from epep_events.pep import PEPReturned, PEPSignedOff, PEPSubmitted
from epep_events.qa import QAPublished
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.facts import Facts
from notification_service.notifications.requesting import Notice, Recipient, tell
from notification_service.reactions.knowing import authority_of, pep_of, virtual_school_people
from notification_service.read_models.people import assigned_people

AUTHORS = ("designated_teacher", "social_worker")


async def _tell_of(
    reaction: Reaction, kind: Kind, pep_id: UUID, meta: Metadata, told: list[Recipient]
) -> None:
    known = await authority_of(reaction)
    pep = await pep_of(reaction, pep_id)
    notices = [
        Notice(
            recipient,
            Facts(
                kind=kind,
                said_at=meta.occurred_at,
                name=recipient.name,
                has_account=recipient.account_id is not None,
                authority=known.facts,
                child_id=pep.child_id,
                initials=pep.initials,
                pep_id=pep_id,
                pep_kind=pep.kind_label,
            ),
        )
        for recipient in told
    ]
    await tell(reaction, notices)


async def mail_submission(reaction: Reaction, event: PEPSubmitted, meta: Metadata) -> None:
    """Tell the virtual school that a PEP waits for its judgement (S21)."""
    known = await authority_of(reaction)
    told = await virtual_school_people(reaction, event.child_id, known)
    await _tell_of(reaction, "submitted", event.pep_id, meta, told)


async def mail_return(reaction: Reaction, event: PEPReturned, meta: Metadata) -> None:
    """Tell the authors that their PEP came back for more work."""
    told = await assigned_people(reaction.connection, event.child_id, AUTHORS)
    await _tell_of(reaction, "returned", event.pep_id, meta, told)


async def mail_sign_off(reaction: Reaction, event: PEPSignedOff, meta: Metadata) -> None:
    """Tell everybody assigned to the child that the PEP is signed off."""
    told = await assigned_people(reaction.connection, event.child_id)
    await _tell_of(reaction, "signed_off", event.pep_id, meta, told)


async def mail_feedback(reaction: Reaction, event: QAPublished, meta: Metadata) -> None:
    """Tell the authors of feedback after sign-off.

    A decision that returns the PEP or signs it off is told when pep-service has carried it out.
    """
    if event.decision != "feedback":
        return
    told = await assigned_people(reaction.connection, event.child_id, AUTHORS)
    await _tell_of(reaction, "feedback", event.pep_id, meta, told)
