"""What a reaction must know before it can tell anybody anything."""

from datetime import timedelta
from uuid import UUID

from epep_runtime.subscriptions import Reaction
from notification_service.notifications.requesting import Recipient
from notification_service.read_models.authorities import Authority, authority
from notification_service.read_models.people import assigned_people, person, present_person
from notification_service.read_models.peps import KnownPep, known_pep

PATIENCE = timedelta(minutes=10)


class NotKnownYetError(Exception):
    """A read model has not come as far as the event at hand: it is tried again."""


async def authority_of(reaction: Reaction) -> Authority:
    """Return the authority of the event. Raises NotKnownYetError."""
    found = await authority(reaction.connection, reaction.meta.authority)
    if found is None:
        raise NotKnownYetError(f"authority {reaction.meta.authority}")
    return found


async def pep_of(reaction: Reaction, pep_id: UUID) -> KnownPep:
    """Return the PEP of the event. Raises NotKnownYetError."""
    found = await known_pep(reaction.connection, pep_id)
    if found is None:
        raise NotKnownYetError(f"PEP {pep_id}")
    return found


async def person_of(reaction: Reaction, account_id: UUID) -> Recipient | None:
    """Return the person with that account, or None if there seems to be none.

    Identity told the others of the account before anybody could use it, so it is on its way here:
    the event waits for it ten minutes, but not for ever: then the organiser is told. Raises
    NotKnownYetError meanwhile.
    """
    return _awaited(reaction, account_id, await person(reaction.connection, account_id))


async def present_person_of(reaction: Reaction, account_id: UUID) -> Recipient | None:
    """Return the person with that account, or with the one that it was merged into.

    Raises NotKnownYetError as `person_of` does.
    """
    found = await present_person(reaction.connection, account_id)
    return _awaited(reaction, account_id, found)


def _awaited(reaction: Reaction, account_id: UUID, found: Recipient | None) -> Recipient | None:
    if found is None and reaction.now - reaction.meta.occurred_at < PATIENCE:
        raise NotKnownYetError(f"account {account_id}")
    return found


async def virtual_school_people(
    reaction: Reaction, child_id: UUID, known: Authority
) -> list[Recipient]:
    """Return the virtual school's workers for the child; with none, its shared mailbox."""
    workers = await assigned_people(reaction.connection, child_id, ("virtual_school",))
    return workers or [Recipient(known.facts.virtual_school, known.facts.contact_email)]
