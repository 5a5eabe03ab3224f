"""What one person wants mailed: their choices, decided and folded from their own stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from epep_events.base import Event
from epep_events.notification import Kind, NotificationPreferencesChanged
from epep_runtime.event_store import Aggregate
from epep_runtime.problems import FieldError, InvalidError
from notification_service.mails.language import _
from notification_service.preferences.kinds import kinds

Mailed = Literal["at_once", "daily", "never"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The kinds that a person reads in the portal only, and whether the others come daily.

    Who never chose has everything by mail, at once.
    """

    without_mail: frozenset[Kind] = frozenset()
    daily: bool = False


def evolve(state: Choices, event: Event) -> Choices:
    """Return the choices after the event."""
    if isinstance(event, NotificationPreferencesChanged):
        return Choices(frozenset(event.without_mail), event.daily)
    return state


PREFERENCES: Aggregate[Choices] = Aggregate("preferences", Choices(), evolve)


def choose(
    state: Choices, account_id: UUID, without_mail: Sequence[Kind], daily: bool | None = None
) -> list[Event]:
    """Return the change to these choices; nothing where they are the same.

    `daily` None leaves it as it is. Raises InvalidError for each kind that is always mailed, with
    the reason.
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
    wanted = Choices(frozenset(without_mail), state.daily if daily is None else daily)
    if wanted == state:
        return []
    return [
        NotificationPreferencesChanged(
            account_id=account_id,
            without_mail=tuple(sorted(wanted.without_mail)),
            daily=wanted.daily,
        )
    ]


def mailed(state: Choices, kind: Kind) -> Mailed:
    """Return how a notification goes out by mail, if it does.

    A choice made before its kind became one that is always mailed counts no more: what is always
    mailed never waits for the mail of the day.
    """
    if not kinds().may_be_unmailed(kind):
        return "at_once"
    if kind in state.without_mail:
        return "never"
    return "daily" if state.daily else "at_once"
