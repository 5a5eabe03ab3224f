"""What one person wants mailed: their choices, decided and folded from their own stream."""

from collections.abc import Sequence
from uuid import UUID

from epep_events.base import Event
from epep_events.notification import Kind, NotificationPreferencesChanged
from epep_runtime.event_store import Aggregate
from epep_runtime.problems import FieldError, InvalidError
from notification_service.mails.language import _
from notification_service.preferences.kinds import kinds

Unmailed = frozenset[Kind]
"""The kinds that a person reads in the portal only; none where they never chose."""


def evolve(state: Unmailed, event: Event) -> Unmailed:
    """Return the choices after the event."""
    if isinstance(event, NotificationPreferencesChanged):
        return frozenset(event.without_mail)
    return state


PREFERENCES: Aggregate[Unmailed] = Aggregate("preferences", frozenset(), evolve)


def choose(state: Unmailed, account_id: UUID, without_mail: Sequence[Kind]) -> list[Event]:
    """Return the change to these choices; nothing where they are the same.

    Raises InvalidError for each kind that is always mailed, with the reason.
    """
    refused = [
        FieldError(
            f"without_mail.{n}",
            _("This is always mailed. %(why)s", why=_(kinds().why_always(kind))),
        )
        for n, kind in enumerate(without_mail)
        if not kinds().may_be_unmailed(kind)
    ]
    if refused:
        raise InvalidError(refused)
    if frozenset(without_mail) == state:
        return []
    wanted = tuple(sorted(set(without_mail)))
    return [NotificationPreferencesChanged(account_id=account_id, without_mail=wanted)]


def is_mailed(state: Unmailed, kind: Kind) -> bool:
    """Tell whether a notification goes out by mail, too.

    A choice made before its kind became one that is always mailed counts no more.
    """
    return kind not in state or not kinds().may_be_unmailed(kind)
