"""How an older version of a published event becomes the next one: old logs stay readable."""

from epep_events.catalog import Document, Upcaster
from epep_events.profile import SignIn


def _unchanged(document: Document) -> Document:
    """Return it as it is: the older version knew fewer words, and each means what it did."""
    return document


def _without_not_me(document: Document) -> Document:
    """Version 1 of the code's mail had no link to say "this is not me"."""
    return document | {"sealed_not_me": None}


def _without_sign_in(document: Document) -> Document:
    """Version 1 of a profile asked for no declarations and remembered no devices."""
    return document | {"profile": document["profile"] | {"sign_in": SignIn().model_dump()}}


def _in_english(document: Document) -> Document:
    """Version 2 of a profile did not say its language; each was written in English."""
    return document | {"profile": document["profile"] | {"language": "en"}}


def _at_the_usual_hour(document: Document) -> Document:
    """Version 3 of a profile left the hour of the daily mail to the installation."""
    return document | {"profile": document["profile"] | {"digest_at": None}}


def _sent_first(document: Document) -> Document:
    """Version 1 of an invitation was only ever sent once."""
    return document | {"instead_of": None}


def _open_ended(document: Document) -> Document:
    """Version 1 knew no dates: a role began when it was said, and had no end but a second event."""
    return document | {"held_from": None, "held_to": None}


UPCASTERS: dict[tuple[str, int], Upcaster] = {
    ("LoginCodeRequested", 1): _without_not_me,
    ("LoginFailed", 1): _unchanged,
    ("NotificationRequested", 1): _unchanged,
    ("NotificationSent", 1): _unchanged,
    ("NotificationFailed", 1): _unchanged,
    ("NotificationHeld", 1): _unchanged,
    ("NotificationRequested", 2): _unchanged,
    ("NotificationSent", 2): _unchanged,
    ("NotificationFailed", 2): _unchanged,
    ("NotificationHeld", 2): _unchanged,
    ("NotificationLeftUnmailed", 1): _unchanged,
    ("NotificationPreferencesChanged", 1): _unchanged,
    ("InvitationWithdrawn", 1): _unchanged,
    ("RoleGranted", 1): _open_ended,
    ("RoleRevoked", 1): _unchanged,
    ("ProfessionalAssigned", 1): _open_ended,
    ("ProfessionalUnassigned", 1): _unchanged,
    ("InvitationIssued", 1): _sent_first,
    ("AuthorityProfilePublished", 1): _without_sign_in,
    ("AuthorityProfilePublished", 2): _in_english,
    ("AuthorityProfilePublished", 3): _at_the_usual_hour,
}
"""By the event's name and its older version."""
