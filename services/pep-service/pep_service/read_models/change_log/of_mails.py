"""What each event of notification-service says in the change log. Pure, one function an event.

Only mail about a PEP is in a child's log. The address stays out of it: the name is enough.
"""

from epep_events.envelope import Metadata
from epep_events.notification import (
    Kind,
    NotificationFailed,
    NotificationGathered,
    NotificationHeld,
    NotificationLeftUnmailed,
    NotificationSent,
)
from pep_service.read_models.change_log.row import MAIL, Row, change

KINDS: dict[Kind, str] = {
    "login_code": "a log-in code",
    "invitation": "an invitation to the meeting",
    "rescheduled": "the meeting’s new time",
    "cancelled": "that the meeting is cancelled",
    "answered": "an answer to an invitation",
    "meeting_confirmed": "that the meeting took place",
    "submitted": "that the PEP was submitted",
    "returned": "that the PEP was returned",
    "signed_off": "that the PEP was signed off",
    "feedback": "feedback on the PEP",
}


def _words(kind: Kind) -> str:
    return KINDS.get(kind, "a message")


def notification_sent(event: NotificationSent, _: Metadata) -> Row | None:
    """The mail server has taken the mail."""
    if event.pep_id is None:
        return None
    return Row(MAIL, f"Mail sent to {event.name}: {_words(event.kind)}", pep_id=event.pep_id)


def notification_failed(event: NotificationFailed, _: Metadata) -> Row | None:
    """The mail server has refused the mail for good."""
    if event.pep_id is None:
        return None
    what = f"Mail to {event.name} was refused: {_words(event.kind)}"
    return Row(MAIL, what, pep_id=event.pep_id, changes=(change("why", "Why", None, event.why),))


def notification_held(event: NotificationHeld, _: Metadata) -> Row | None:
    """Nobody knows whether the mail server took the mail; it is not sent twice."""
    if event.pep_id is None:
        return None
    what = f"Mail to {event.name} is held as uncertain: {_words(event.kind)}"
    return Row(MAIL, what, pep_id=event.pep_id)


def notification_left_unmailed(event: NotificationLeftUnmailed, _: Metadata) -> Row | None:
    """The person reads it in ePEP; they have chosen to have no mail of this kind."""
    if event.pep_id is None:
        return None
    what = f"Told {event.name} in ePEP, without a mail: {_words(event.kind)}"
    return Row(MAIL, what, pep_id=event.pep_id)


def notification_gathered(event: NotificationGathered, _: Metadata) -> Row | None:
    """The person reads it in ePEP, and in the one mail a day that they have chosen."""
    if event.pep_id is None:
        return None
    what = f"Told {event.name} in ePEP, and in one mail of the day: {_words(event.kind)}"
    return Row(MAIL, what, pep_id=event.pep_id)
