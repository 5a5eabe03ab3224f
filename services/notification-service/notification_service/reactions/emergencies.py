"""A duty worker has opened a record in an emergency: the virtual school is told at once."""

from epep_events.access import EmergencyAccessTaken
from epep_events.envelope import Metadata
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.facts import Facts
from notification_service.notifications.requesting import Notice, Recipient, tell
from notification_service.reactions.knowing import authority_of, person_of
from notification_service.read_models.people import people_in_role

VIRTUAL_SCHOOL = ("virtual_school", "virtual_school_head")


async def mail_emergency(reaction: Reaction, event: EmergencyAccessTaken, meta: Metadata) -> None:
    """Tell everybody of the virtual school who it was; the reason is in the change log."""
    known = await authority_of(reaction)
    who = await person_of(reaction, event.account_id)
    told = await people_in_role(reaction.connection, meta.authority or "", VIRTUAL_SCHOOL)
    told = told or [Recipient(known.facts.virtual_school, known.facts.contact_email)]
    notices = [
        Notice(
            recipient,
            Facts(
                kind="emergency_access",
                said_at=meta.occurred_at,
                name=recipient.name,
                has_account=recipient.account_id is not None,
                authority=known.facts,
                child_id=event.child_id,
                who=who.name if who else None,
                expires_at=event.until,
            ),
        )
        for recipient in told
    ]
    await tell(reaction, notices)
