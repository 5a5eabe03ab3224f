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
from epep_runtime.language import N_
from pep_service.read_models.change_log.row import MAIL, Row, change, said

KINDS: dict[Kind, str] = {
    "login_code": N_("a log-in code"),
    "invitation": N_("an invitation to the meeting"),
    "rescheduled": N_("the meeting’s new time"),
    "cancelled": N_("that the meeting is cancelled"),
    "answered": N_("an answer to an invitation"),
    "meeting_confirmed": N_("that the meeting took place"),
    "submitted": N_("that the PEP was submitted"),
    "returned": N_("that the PEP was returned"),
    "signed_off": N_("that the PEP was signed off"),
    "feedback": N_("feedback on the PEP"),
}


def _words(kind: Kind) -> list[str]:
    return [KINDS.get(kind, N_("a message"))]


def notification_sent(event: NotificationSent, _: Metadata) -> Row | None:
    """The mail server has taken the mail."""
    if event.pep_id is None:
        return None
    return Row(
        MAIL,
        said(N_("Mail sent to %(name)s: %(mail)s"), name=event.name, mail=_words(event.kind)),
        pep_id=event.pep_id,
    )


def notification_failed(event: NotificationFailed, _: Metadata) -> Row | None:
    """The mail server has refused the mail for good."""
    if event.pep_id is None:
        return None
    what = said(
        N_("Mail to %(name)s was refused: %(mail)s"), name=event.name, mail=_words(event.kind)
    )
    return Row(
        MAIL, what, pep_id=event.pep_id, changes=(change("why", N_("Why"), None, event.why),)
    )


def notification_held(event: NotificationHeld, _: Metadata) -> Row | None:
    """Nobody knows whether the mail server took the mail; it is not sent twice."""
    if event.pep_id is None:
        return None
    what = said(
        N_("Mail to %(name)s is held as uncertain: %(mail)s"),
        name=event.name,
        mail=_words(event.kind),
    )
    return Row(MAIL, what, pep_id=event.pep_id)


def notification_left_unmailed(event: NotificationLeftUnmailed, _: Metadata) -> Row | None:
    """The person reads it in ePEP; they have chosen to have no mail of this kind."""
    if event.pep_id is None:
        return None
    what = said(
        N_("Told %(name)s in ePEP, without a mail: %(mail)s"),
        name=event.name,
        mail=_words(event.kind),
    )
    return Row(MAIL, what, pep_id=event.pep_id)


def notification_gathered(event: NotificationGathered, _: Metadata) -> Row | None:
    """The person reads it in ePEP, and in the one mail a day that they have chosen."""
    if event.pep_id is None:
        return None
    what = said(
        N_("Told %(name)s in ePEP, and in one mail of the day: %(mail)s"),
        name=event.name,
        mail=_words(event.kind),
    )
    return Row(MAIL, what, pep_id=event.pep_id)
