"""What notification-service says: what was to be mailed, and what became of it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from epep_events.base import ADULT, CHILD, Event, PersonalData, PersonalOfAdult

Kind = Literal[
    "login_code",
    "invitation",
    "rescheduled",
    "cancelled",
    "answered",
    "meeting_confirmed",
    "submitted",
    "returned",
    "signed_off",
    "feedback",
    "emergency_access",
    "registration_link",
    "registration_known",
    "registration_waiting",
    "registration_accepted",
    "registration_refused",
    "password_reset",
    "email_reminder",
    "email_change_new",
    "email_change_old",
    "email_changed",
    "security_notice",
    "login_stopped",
    "digest",
]


class NotificationRequested(Event):
    """Said when something happened that a person must be told by mail."""

    schema_version = 3

    notification_id: UUID
    kind: Kind
    account_id: UUID | None
    child_id: UUID | None = None
    email: PersonalOfAdult[str]
    name: PersonalOfAdult[str]
    subject: Annotated[str, PersonalData((*CHILD, *ADULT))]
    pep_id: UUID | None = None
    meeting_id: UUID | None = None
    invitation_id: UUID | None = None


class NotificationSent(Event):
    """Said when the mail server has accepted the message for good."""

    schema_version = 3

    notification_id: UUID
    kind: Kind
    account_id: UUID | None = None
    email: PersonalOfAdult[str]
    name: PersonalOfAdult[str]
    message_id: str
    pep_id: UUID | None = None
    meeting_id: UUID | None = None
    invitation_id: UUID | None = None


class NotificationFailed(Event):
    """Said when the mail server refused the message for good; it is not tried again."""

    schema_version = 3

    notification_id: UUID
    kind: Kind
    account_id: UUID | None = None
    email: PersonalOfAdult[str]
    name: PersonalOfAdult[str]
    why: PersonalOfAdult[str]
    pep_id: UUID | None = None
    meeting_id: UUID | None = None
    invitation_id: UUID | None = None


class NotificationHeld(Event):
    """Said when a crash leaves it unknown whether the server took the message.

    It is held as uncertain: sending it again might mail a family twice.
    """

    schema_version = 3

    notification_id: UUID
    kind: Kind
    account_id: UUID | None = None
    email: PersonalOfAdult[str]
    name: PersonalOfAdult[str]
    message_id: str
    pep_id: UUID | None = None
    meeting_id: UUID | None = None
    invitation_id: UUID | None = None


class NotificationLeftUnmailed(Event):
    """Said when its person has switched off mails of this kind, at the latest before it goes out.

    Or when two accounts of theirs became one, and another mail tells them the same. The message
    waits in the portal and no mail goes out. It is a fact of its own: not `Failed`, for
    nothing went wrong; not `Held`, for it is certain that no mail went; and not the lack of a
    request, so that messages and change log show that the person was told, and how.
    """

    schema_version = 2

    notification_id: UUID
    kind: Kind
    account_id: UUID
    name: PersonalOfAdult[str]
    pep_id: UUID | None = None
    meeting_id: UUID | None = None


class NotificationGathered(Event):
    """Said when a message goes out in its person's one mail of the day, `digest_id`.

    That is a notification of its own (kind `digest`): what became of the mail is told of it.
    """

    notification_id: UUID
    kind: Kind
    account_id: UUID
    name: PersonalOfAdult[str]
    digest_id: UUID
    pep_id: UUID | None = None
    meeting_id: UUID | None = None


class NotificationPreferencesChanged(Event):
    """Said when a person has chosen which notifications come by mail, too, and when.

    `without_mail` are all the kinds that are now in the portal only; a kind that is not there, or
    that comes to be later, is mailed. With `daily` those that can be switched off come in one mail
    a day.
    """

    schema_version = 2

    account_id: UUID
    without_mail: tuple[Kind, ...]
    daily: bool = False


class MessagesRead(Event):
    """Said when a person has read messages of theirs in the portal."""

    account_id: UUID
    notification_ids: tuple[UUID, ...]


class SealingKeyPublished(Event):
    """Said when notification has a new key that others seal secrets to; `jwk` is public X25519."""

    kid: str
    jwk: dict[str, Any]


EVENTS: tuple[type[Event], ...] = (
    NotificationRequested,
    NotificationSent,
    NotificationFailed,
    NotificationHeld,
    NotificationLeftUnmailed,
    NotificationGathered,
    NotificationPreferencesChanged,
    MessagesRead,
    SealingKeyPublished,
)
