"""Telling every process at once that a read model has changed of which it remembers answers."""

from collections.abc import Collection, Iterable, Sequence

from epep_events.base import Event
from epep_events.operations import SubjectErased
from epep_runtime.hearing import Hearing
from epep_runtime.own_writes import Written
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector, Subscription

CHANNEL = "read_model_changed"
TELL = "SELECT pg_notify($1, $2)"


def _told_by(subscription: Subscription) -> set[str]:
    """Return the types of the events after which a read model tells; none for all others."""
    if not isinstance(subscription, Projector) or not subscription.tells:
        return set()
    kinds: tuple[type[Event], ...] = (*subscription.tells, SubjectErased)
    return {kind.type_name() for kind in kinds}


async def tell_of(
    connection: Connection, subscription: Subscription, types: Collection[str]
) -> None:
    """Tell, with the caller's transaction, where one of these types of event is to be told.

    Whoever listens hears it when, and only if, the transaction commits.
    """
    if not _told_by(subscription).isdisjoint(types):
        await connection.execute(TELL, CHANNEL, subscription.name)


async def tell_of_all(connection: Connection, projector: Projector) -> None:
    """Tell, with the caller's transaction, that the whole read model is another one now."""
    if projector.tells:
        await connection.execute(TELL, CHANNEL, projector.name)


class News:
    """Which edition of a service's telling read models a process has before it.

    What was read while an edition was current may be remembered as long as it is. `edition` is
    None while nobody could say that it has ended: nothing may be remembered then.
    """

    def __init__(self, url: str, projectors: Sequence[Projector]) -> None:
        self._types = set[str]().union(*map(_told_by, projectors))
        self._number = 0
        self._hearing = Hearing(url, CHANNEL, lambda _: self.end(), self.end)

    @property
    def edition(self) -> int | None:
        """Return the current edition, None while changes may go unheard."""
        return self._number if self._hearing.now else None

    def end(self) -> None:
        """End the current edition: something may have changed."""
        self._number += 1

    def end_for(self, changes: Iterable[Written]) -> None:
        """End it where one of somebody's own changes is to be told.

        They have waited until the read model shows their change, and what is on its way to this
        process of that may come later than their next question.
        """
        if any(change.type_name in self._types for change in changes):
            self.end()

    async def run(self) -> None:
        """Listen until cancelled; at once done where no read model of the service tells."""
        if self._types:
            await self._hearing.run()
