"""May this person see this child, as whom, and why? No relationship, no record (404, not 403)."""

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from epep_access.answers import Answers
from epep_access.permissions import table
from epep_events.access import Basis
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import ErasedError, ForbiddenError, NotFoundError
from epep_runtime.row_security import see_also
from epep_runtime.tokens import Principal


@dataclass(frozen=True, slots=True)
class Acting:
    """A person in relation to one child: the child's authority, the roles held for the child.

    `bases` says for each role why it is held; `overrides` are the authority's own lines of the
    table of permissions.
    """

    child_id: UUID
    authority: str
    roles: frozenset[str]
    bases: Mapping[str, Basis] = field(default_factory=dict)
    overrides: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """Return the role to show and record where any would do."""
        return table().first(self.roles)

    @property
    def basis(self) -> Basis:
        """Return why the person may see the child, in the role to show."""
        return self.bases.get(self.role, "allocated")

    def _having(self, permission: str, by_profile: Iterable[str]) -> frozenset[str]:
        return self.roles & table().allowed(permission, by_profile, self.overrides)

    def may(self, permission: str, by_profile: Iterable[str] = ()) -> bool:
        """Tell whether one of the person's roles for this child has the permission.

        `by_profile` are the roles that the profile names, for permissions that it decides.
        """
        return bool(self._having(permission, by_profile))

    def must(self, permission: str, by_profile: Iterable[str] = ()) -> str:
        """Return the role that allows it.

        Raises ForbiddenError where none does, NotFoundError where the person is not to know of it.
        """
        found = self._having(permission, by_profile)
        if found:
            return table().first(found)
        if table().permission(permission).refused == 404:
            raise NotFoundError
        raise ForbiddenError


@dataclass(frozen=True, slots=True)
class ActingHere:
    """A person in an authority as such: the roles they hold in it now."""

    authority: str
    roles: frozenset[str]
    overrides: Mapping[str, list[str]] = field(default_factory=dict)

    def may(self, permission: str) -> bool:
        """Tell whether one of the person's roles in this authority has the permission."""
        return bool(self.roles & table().allowed(permission, (), self.overrides))

    def must(self, permission: str) -> str:
        """Return the role that allows it. Raises ForbiddenError, or NotFoundError (see Acting)."""
        found = self.roles & table().allowed(permission, (), self.overrides)
        if found:
            return table().first(found)
        if table().permission(permission).refused == 404:
            raise NotFoundError
        raise ForbiddenError


@dataclass(frozen=True, slots=True)
class Held:
    """The roles that a person holds now, by authority; none for a suspended account."""

    grants: frozenset[tuple[str, str]]
    active: bool = True

    def roles(self) -> frozenset[str]:
        """Return the roles held in any authority."""
        return frozenset(role for _, role in self.grants)

    def inside(self, authority: str) -> frozenset[str]:
        """Return the roles held in one authority."""
        return frozenset(role for where, role in self.grants if where == authority)

    def authorities(self, roles: Iterable[str]) -> list[str]:
        """Return the authorities in which one of these roles is held, sorted."""
        wanted = set(roles)
        return sorted({where for where, role in self.grants if role in wanted})


ROLES = """
SELECT coalesce((SELECT active FROM known_people WHERE account_id = $1), true) AS active,
       array(SELECT concat_ws(' ', authority, role, bool_or(
                        held_from <= now() AND (held_to IS NULL OR held_to > now())))
               FROM known_roles WHERE account_id = $1 GROUP BY authority, role) AS known
"""


def _held(principal: Principal, active: bool, known: Iterable[str]) -> Held:
    """Return what a token says, corrected by what identity has said since.

    A role that has ended, or an account that is suspended, counts at once and not only when the
    token runs out; a role that is new counts before the next token has it.
    """
    if not active:
        return Held(frozenset(), active=False)
    grants = {(grant.authority, grant.role) for grant in principal.grants}
    for each in known:
        authority, role, now = each.split(" ")
        (grants.add if now == "t" else grants.discard)((authority, role))
    return Held(frozenset(grants))


async def held_by(database: Pool | Connection, principal: Principal) -> Held:
    """Return the roles that a person holds now."""
    row = await database.fetchrow(ROLES, principal.account_id)
    assert row is not None
    held = _held(principal, row["active"], row["known"])
    await see_also(database, (where for where, _ in held.grants))
    return held


FOR_CHILD = f"""
SELECT c.authority, c.erased, roles.*,
       (SELECT permissions -> 'overrides' FROM known_profiles
         WHERE code = c.authority ORDER BY version DESC LIMIT 1) AS overrides,
       relations_between($1, $2) AS relations
  FROM access_children c, ({ROLES}) roles WHERE c.child_id = $2
"""  # noqa: S608 - one fixed text in another
GIVEN = frozenset({"cover", "delegation", "setting"})
"""The reasons that bring their role with them; for the others the account must hold it."""


ENDS_AT_AN_HOUR = frozenset({"cover", "delegation", "emergency"})


def _lasts(row: Any) -> bool:
    """Tell whether an answer holds until something changes or the day ends."""
    if row is None or row["erased"] or not row["active"]:
        return False
    return not any(each.partition(" ")[2] in ENDS_AT_AN_HOUR for each in row["relations"])


async def acting_for_child(
    database: Pool | Connection,
    principal: Principal,
    child_id: UUID,
    answers: Answers | None = None,
) -> Acting:
    """Return who the person is to the child now. Raises NotFoundError: nobody, or no such child.

    With `answers` the database is asked only where its answer is not remembered.

    Raises ErasedError for a child whom the person could see and who has been erased.

    The virtual school and auditors are somebody to every child of their authority; anybody else
    needs a relationship that holds at this moment (`domain.md` 1.4, design.md section 7).
    """
    account_id = principal.account_id

    def ask() -> Awaitable[Any]:
        return database.fetchrow(FOR_CHILD, account_id, child_id)

    row = await (answers.find(account_id, child_id, ask, _lasts) if answers else ask())
    if row is None:
        raise NotFoundError
    held = _held(principal, row["active"], row["known"])
    wide = table().authority_wide
    bases: dict[str, Basis] = {}
    for each in row["relations"] if row["active"] else ():
        role, _, basis = each.partition(" ")
        if role not in wide and (basis in GIVEN or role in held.roles()):
            bases.setdefault(role, basis)
    bases |= dict.fromkeys(held.inside(row["authority"]) & wide, "authority")
    bases.pop("operator", None)
    if not bases:
        raise NotFoundError
    if row["erased"]:
        raise ErasedError
    await see_also(database, [row["authority"]])
    return Acting(child_id, row["authority"], frozenset(bases), bases, row["overrides"] or {})


async def acting_for_pep(
    database: Pool | Connection,
    principal: Principal,
    pep_id: UUID,
    answers: Answers | None = None,
) -> Acting:
    """Return who the person is to the child whose PEP it is. Raises NotFoundError."""
    child_id = await database.fetchval("SELECT child_id FROM access_peps WHERE pep_id = $1", pep_id)
    if child_id is None:
        raise NotFoundError
    return await acting_for_child(database, principal, child_id, answers)


async def acting_in(
    database: Pool | Connection, principal: Principal, authority: str
) -> ActingHere:
    """Return who the person is in an authority now; with no roles where nobody."""
    held = await held_by(database, principal)
    overrides = await database.fetchval(
        "SELECT permissions -> 'overrides' FROM known_profiles"
        " WHERE code = $1 ORDER BY version DESC LIMIT 1",
        authority,
    )
    return ActingHere(authority, held.inside(authority), overrides or {})


async def must_here(
    database: Pool | Connection, principal: Principal, authority: str, permission: str
) -> str:
    """Return the role that allows something in an authority, by the common table alone.

    For services without profiles. Raises ForbiddenError or NotFoundError (see Acting).
    """
    held = await held_by(database, principal)
    return ActingHere(authority, held.inside(authority)).must(permission)


async def see_my_children(database: Pool | Connection, account_id: UUID) -> None:
    """Let the rest of this request see rows of every authority that has a child of this person's.

    For lists across authorities, which choose the children by relationship themselves.
    """
    found = await database.fetchval("SELECT authorities_of_children_of($1)", account_id)
    await see_also(database, found)
