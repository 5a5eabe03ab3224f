"""May this person see this child, and as whom? No relationship, no record (404, not 403)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import ForbiddenError, NotFoundError
from epep_runtime.tokens import Principal

MOST_FIRST = (
    "virtual_school",
    "designated_teacher",
    "social_worker",
    "coordinator",
    "carer",
    "iro",
)


@dataclass(frozen=True, slots=True)
class Acting:
    """A person in relation to one child: the child's authority, the roles held for the child."""

    child_id: UUID
    authority: str
    roles: frozenset[str]

    @property
    def role(self) -> str:
        """Return the role to show and record where any would do."""
        return next(role for role in MOST_FIRST if role in self.roles)

    def may(self, allowed: Iterable[str]) -> bool:
        """Tell whether one of the person's roles for this child is among those allowed."""
        return not self.roles.isdisjoint(allowed)

    def must(self, allowed: Iterable[str]) -> str:
        """Return the role that allows it. Raises ForbiddenError where none does."""
        wanted = set(allowed)
        for role in MOST_FIRST:
            if role in self.roles and role in wanted:
                return role
        raise ForbiddenError


FOR_CHILD = """
SELECT c.child_id, c.authority,
       array(SELECT role FROM access_people p
              WHERE p.child_id = c.child_id AND p.account_id = $2) AS roles
  FROM access_children c WHERE c.child_id = $1
"""


async def acting_for_child(
    database: Pool | Connection, principal: Principal, child_id: UUID
) -> Acting:
    """Return who the person is to the child. Raises NotFoundError when nobody, or no such child.

    The virtual school is somebody to every child of its authority; anybody else needs an assigned
    relationship, in a role that their account still holds.
    """
    row = await database.fetchrow(FOR_CHILD, child_id, principal.account_id)
    if row is None:
        raise NotFoundError
    held = {grant.role for grant in principal.grants}
    roles = {role for role in row["roles"] if role in held and role != "virtual_school"}
    if principal.has(row["authority"], "virtual_school"):
        roles.add("virtual_school")
    if not roles:
        raise NotFoundError
    return Acting(child_id, row["authority"], frozenset(roles))


async def acting_for_pep(database: Pool | Connection, principal: Principal, pep_id: UUID) -> Acting:
    """Return who the person is to the child whose PEP it is. Raises NotFoundError."""
    child_id = await database.fetchval("SELECT child_id FROM access_peps WHERE pep_id = $1", pep_id)
    if child_id is None:
        raise NotFoundError
    return await acting_for_child(database, principal, child_id)
