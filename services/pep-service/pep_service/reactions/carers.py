"""A carer who was let in sees the child once they have an account with the role.

The approval and the role come in either order: an account there was, or one made afterwards.
"""

from uuid import UUID

from epep_access.people import people_by_email, person_of
from epep_events.access import CarerAccessApproved
from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.identity import RoleGranted
from epep_events.profile import Role
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.children.assigning import assign
from pep_service.children.child import CHILD, Child
from pep_service.children.facts import ProfessionalFacts

FAMILY: frozenset[Role] = frozenset({"carer", "parent", "young_person"})


BEHIND = """
WITH approvals AS MATERIALIZED (
    SELECT (data ->> 'request_id')::uuid AS request_id, (data ->> 'child_id')::uuid AS child_id
      FROM events WHERE type = 'CarerAccessApproved'
)
SELECT EXISTS (SELECT FROM approvals a
 WHERE NOT EXISTS (SELECT FROM carer_requests c
                    WHERE c.request_id = a.request_id AND c.state = 'approved')
   AND NOT EXISTS (SELECT FROM erased_subjects s WHERE s.subject = a.child_id))
"""
"""Whether an approval is not in the read model yet; those for an erased child are there no more.

The ids are read out first: behind row security no index is asked with what `->>` gives.
"""


TOLD = """
SELECT EXISTS (SELECT FROM known_roles WHERE account_id = $1 AND authority = $2 AND role = $3)
"""
"""Whether the role is in the read model: from then on an approval that comes later finds it there.

Before that each of the two could miss the other.
"""


class NotKnownYetError(Exception):
    """The account, its role or an approval is not in the read models yet: try again."""


def decide(child: Child, account_id: UUID, email: str, role: Role) -> list[Event]:
    """Return the assignment where that address was approved in that role.

    An approval lets them in once: what the virtual school has ended or given a last day since is
    not given again when the account gets its role again.
    """
    if (account_id, role) in child.people:
        return []
    since = child.approvals[child.ended.get((account_id, role), 0) :]
    asked = (child.carers[each][0] for each in since)
    if not any((each.email, each.relation) == (email, role) for each in asked):
        return []
    return assign(child, ProfessionalFacts(account_id=account_id, role=role))


async def approved(reaction: Reaction, event: CarerAccessApproved, _: Metadata) -> None:
    """Assign the carer whose account has the role already."""
    person = (await people_by_email(reaction.connection, [event.email])).get(event.email.lower())
    if person is None or not person.holds(event.role):
        return
    await reaction.append(
        CHILD,
        event.child_id,
        lambda child: decide(child, person.account_id, event.email, event.role),
    )


async def granted(reaction: Reaction, event: RoleGranted, _: Metadata) -> None:
    """Assign a carer who has just got the role to every child that they were approved for."""
    if event.role not in FAMILY:
        return
    connection = reaction.connection
    person = await person_of(connection, event.account_id)
    facts = event.account_id, event.authority_code, event.role
    if person is None or not await connection.fetchval(TOLD, *facts):
        raise NotKnownYetError
    if await connection.fetchval(BEHIND):
        raise NotKnownYetError
    rows = await connection.fetch(
        "SELECT DISTINCT child_id, authority FROM carer_requests"
        " WHERE email = $1 AND state = 'approved' AND relation = $2",
        person.email,
        event.role,
    )
    await reaction.append_many(
        CHILD,
        {
            row["child_id"]: lambda child: decide(
                child, person.account_id, person.email, event.role
            )
            for row in rows
        },
        {row["child_id"]: reaction.cause().within(row["authority"]) for row in rows},
    )


CARERS = Reactor(
    name="carers",
    contexts=("pep", "identity"),
    handles={CarerAccessApproved: approved, RoleGranted: granted},
)
