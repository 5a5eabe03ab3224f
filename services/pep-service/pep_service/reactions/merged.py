"""Two accounts have become one: its children go with it."""

from uuid import UUID

from epep_access.people import kept_accounts
from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.identity import AccountsMerged
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.children.assigning import assign, unassign
from pep_service.children.child import CHILD, Child
from pep_service.children.facts import ProfessionalFacts

CHILDREN = """
SELECT DISTINCT (e.data ->> 'child_id')::uuid AS child_id, born.authority FROM events e
  JOIN events born ON born.stream_id = e.stream_id AND born.stream_version = 1
 WHERE e.gives_account = $1 AND e.type = 'ProfessionalAssigned'
   AND NOT EXISTS (SELECT FROM erased_subjects s
                    WHERE s.subject = (e.data ->> 'child_id')::uuid)
"""
"""From the log itself, for a read model may not know the newest assignment yet.

An erased child is left out: acting on its record would end the reaction for all the others.
"""


def decide(child: Child, old: UUID, kept: UUID) -> list[Event]:
    """Return the same roles and days for the account that is kept; nothing where there are none."""
    events: list[Event] = []
    for account, role in child.people:
        if account == old:
            first, last = child.terms.get((old, role), (None, None))
            told = ProfessionalFacts.model_validate(
                {"account_id": kept, "role": role, "held_from": first, "held_to": last}
            )
            given = [] if (kept, role) in child.people else assign(child, told)
            events += [*unassign(child, old, told.role), *given]
    return events


async def kept_by(reaction: Reaction, event: AccountsMerged) -> UUID:
    """Return the account that the person has in the end."""
    into = event.into_account_id
    return (await kept_accounts(reaction.connection, [into])).get(into, into)


async def merged(reaction: Reaction, event: AccountsMerged, _: Metadata) -> None:
    """Hand every child of the closed account to the one that is kept.

    Each within the child's own authority, which need not be that of who merged: a teacher has
    children of several. The kept account may have been merged on already: merges are heard in any
    order.
    """
    rows = await reaction.connection.fetch(CHILDREN, event.account_id)
    old, kept = event.account_id, await kept_by(reaction, event)
    cause = reaction.cause()
    await reaction.append_many(
        CHILD,
        {row["child_id"]: lambda child: decide(child, old, kept) for row in rows},
        {row["child_id"]: cause.within(row["authority"]) for row in rows},
    )


MERGED = Reactor(name="merged", contexts=("identity",), handles={AccountsMerged: merged})
