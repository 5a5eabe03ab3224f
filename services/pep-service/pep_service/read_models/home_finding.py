"""Finding on the home page: whose children, by which words and filters, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from epep_access.checking import GIVEN, Held, held_by
from epep_access.permissions import table
from epep_runtime.postgres import Pool
from epep_runtime.row_security import see_also
from epep_runtime.tokens import Principal
from pep_service.children.school_year import SEPTEMBER, school_year_of
from pep_service.profiles.form import completable, sections_for
from pep_service.profiles.published import Wanted, profiles_of
from pep_service.read_models.folding import like_patterns
from pep_service.read_models.pep_cards import Card

PAGE_SIZE = 25
Order = Literal["name", "meeting", "due", "year", "authority"]
Where = Literal[
    "no_pep",
    "initiated",
    "meeting_scheduled",
    "meeting_confirmed",
    "submitted",
    "returned",
    "overdue",
]
ORDERS: Mapping[Order, str] = {
    "name": "h.sort_key",
    "meeting": "pep.meeting_at NULLS LAST, h.sort_key",
    "due": "pep.completion_due NULLS LAST, h.sort_key",
    "year": "c.date_of_birth DESC NULLS LAST, h.sort_key",
    "authority": "h.authority, h.sort_key",
}
HANDED_IN = "(pep.submitted OR pep.signed_off_on IS NOT NULL)"
STATES: Mapping[Where, str] = {
    "no_pep": "pep.pep_id IS NULL",
    "initiated": "NOT (pep.scheduled OR pep.confirmed OR pep.submitted OR pep.returned)",
    "meeting_scheduled": "pep.scheduled AND NOT (pep.confirmed OR pep.submitted OR pep.returned)",
    "meeting_confirmed": "pep.confirmed AND NOT (pep.submitted OR pep.returned)",
    "submitted": "pep.submitted",
    "returned": "pep.returned AND NOT pep.submitted",
    "overdue": f"pep.completion_due < {{0}} AND NOT {HANDED_IN}",
}
JOINS = {
    "c": " LEFT JOIN children c USING (child_id)\n",
    "pep": """  LEFT JOIN LATERAL (SELECT p.* FROM pep_cards p
                      WHERE p.child_id = h.child_id AND p.signed_off_on IS NULL
                      ORDER BY p.initiated_at DESC LIMIT 1) pep ON true
""",
}
NEEDS_ME = """NOT pep.submitted AND EXISTS (
    SELECT FROM unnest({0}::text[], {1}::integer[], {2}::text[], {3}::text[], {4}::text[])
             AS n (code, version, variant, role, section)
     WHERE n.code = pep.profile_code AND n.version = pep.profile_version
       AND n.variant = pep.variant AND NOT n.section = ANY(pep.completed)
       AND ((h.authority, n.role) IN (SELECT * FROM unnest({5}::text[], {6}::text[]))
            OR (h.child_id, n.role) IN (SELECT * FROM unnest({7}::uuid[], {8}::text[]))))"""
CHOICES = """
SELECT DISTINCT c.authority, c.setting_urn, c.setting_name FROM children c
 WHERE {} AND c.setting_urn IS NOT NULL ORDER BY c.setting_name
"""
KINDS = """
SELECT DISTINCT p.profile_code, p.profile_version, p.variant FROM pep_cards p
 WHERE {} AND p.signed_off_on IS NULL
"""
CHILDREN_OF = "SELECT child_id, authority, relations FROM children_of_person($1)"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for: words of a name, a UPN or a number; filters; an order."""

    search: str = ""
    authority: str = ""
    setting: str = ""
    year: int | None = None
    state: Where | None = None
    needs_me: bool = False
    order: Order = "name"


@dataclass(frozen=True, slots=True)
class Mine:
    """A child on somebody's list, with the roles that they have for it and why."""

    child_id: UUID
    authority: str
    bases: Mapping[str, str]

    @property
    def role(self) -> str:
        """Return the role to show where there are several."""
        return table().first(self.bases)


def born_in_year(group: int, today: date) -> tuple[date, date]:
    """Return the first and the last birthday of a year group (see `school_year`)."""
    year = school_year_of(today) - 4 - group
    return date(year - 1, SEPTEMBER, 1), date(year, SEPTEMBER - 1, 31)


class _Query:
    """A query put together of the fixed texts above; what people typed is always a parameter."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.joins: set[str] = set()
        self.values: list[Any] = []

    def place(self, value: Any) -> str:
        """Return the place of one more parameter."""
        self.values.append(value)
        return f"${len(self.values)}"

    def also(self, condition: str, *values: Any) -> None:
        """Add a condition; `{0}` and so on are its values."""
        self.conditions.append(condition.format(*map(self.place, values)))
        self.joins |= {name for name in JOINS if f"{name}." in condition}

    def narrow(self, wish: Wish, today: date) -> None:
        """Keep the children whom a wish is for, but for `needs_me`."""
        if wish.search:
            self._search(wish.search)
        if wish.authority:
            self.also("h.authority = {0}", wish.authority)
        if wish.setting:
            self.also("c.setting_urn = {0}", wish.setting)
        if wish.year is not None:
            self.also("c.date_of_birth BETWEEN {0} AND {1}", *born_in_year(wish.year, today))
        if wish.state:
            self.also(STATES[wish.state], *([today] if wish.state == "overdue" else []))

    def _search(self, search: str) -> None:
        named, upn = "h.search_key LIKE ALL({0}::text[])", _upn(search)
        if upn:
            self.also(f"({named} OR upper(c.upn) LIKE {{1}})", like_patterns(search), upn)
        else:
            self.also(named, like_patterns(search))

    def page(self, order: Order, size: int, offset: int) -> str:
        """Return the statement for one page of children and how many fit in all.

        Where the filters are about nothing but the table itself, they are counted beside the page
        and not through it: both then come of the index, in its order and not sorted.
        """
        before = self._from()
        total = "count(*) OVER ()" if self.joins else f"(SELECT count(*) {before})"
        self.joins |= {name for name in JOINS if f"{name}." in ORDERS[order]}
        limits = f"LIMIT {self.place(size)} OFFSET {self.place(offset)}"
        return (
            f"SELECT h.child_id, h.authority, {total} AS total {self._from()}"
            f" ORDER BY {ORDERS[order]}, h.child_id {limits}"
        )

    def _from(self) -> str:
        joins = "".join(JOINS[name] for name in sorted(self.joins))
        return f"FROM home h\n{joins} WHERE " + "\n   AND ".join(self.conditions)


def _upn(search: str) -> str:
    """Return a pattern for a part of a UPN (a letter and digits), or "" where it is none."""
    bare = "".join(search.split()).upper()
    fits = len(bare) >= 4 and bare.isascii() and bare.isalnum() and any(map(str.isdigit, bare))
    return f"%{bare}%" if fits else ""


async def _to_do(pool: Pool, visible: _Query) -> Sequence[Sequence[Any]]:
    """Return (profile, version, variant, role, section) of what each role has to complete."""
    kinds = await pool.fetch(KINDS.format(visible.conditions[0]), *visible.values)
    wanted: set[Wanted] = {(each["profile_code"], each["profile_version"]) for each in kinds}
    profiles = await profiles_of(pool, wanted)
    rows = [
        (*each, role, section.key)
        for each in kinds
        for section in completable(
            sections_for(profiles[each["profile_code"], each["profile_version"]], each["variant"])
        )
        for role in section.completed_by
    ]
    return list(zip(*rows, strict=True)) if rows else [[], [], [], [], []]


@dataclass(frozen=True, slots=True)
class Finder:
    """Somebody's list, as far as they may see children at this moment.

    The virtual school and auditors see their whole authority; others the children whom they have a
    relationship with. `related` are these, with (authority, why by role) of each.
    """

    pool: Pool
    held: Held
    today: date
    related: Mapping[UUID, tuple[str, Mapping[str, str]]]

    @classmethod
    async def of(cls, pool: Pool, principal: Principal, today: date) -> "Finder":
        """Return the finder of a person, whose rows the rest of the request may see."""
        rows = await pool.fetch(CHILDREN_OF, principal.account_id)
        held = await held_by(pool, principal)
        here = held.roles() - table().authority_wide - {"operator"}
        given = GIVEN if held.active else frozenset()
        related = {}
        for row in rows:
            known = [each.partition(" ") for each in row["relations"]]
            bases = {role: why for role, _, why in known if role in here or why in given}
            if bases:
                related[row["child_id"]] = (row["authority"], bases)
        await see_also(pool, {authority for authority, _ in related.values()})
        return cls(pool, held, today, related)

    def _visible(self, query: _Query, which: str) -> None:
        """Leave only whom the person may see, in one of the tables that have an authority.

        An index gives rows in order for one authority, not for several or for an OR: what is not
        needed is left out.
        """
        wide = self.held.authorities(table().authority_wide)
        others = [child for child, (where, _) in self.related.items() if where not in wide]
        ways = []
        if len(wide) == 1:
            ways.append(f"{which}.authority = {query.place(wide[0])}")
        elif wide:
            ways.append(f"{which}.authority = ANY({query.place(wide)}::text[])")
        if others or not wide:
            ways.append(f"{which}.child_id = ANY({query.place(others)}::uuid[])")
        query.conditions.append(f"({' OR '.join(ways)})")

    async def _needing(self, query: _Query) -> None:
        """Leave only children with something in their PEP for the person to complete."""
        wide = table().authority_wide
        here = sorted(grant for grant in self.held.grants if grant[1] in wide)
        own = [(child, role) for child, (_, bases) in self.related.items() for role in bases]
        columns = [list(zip(*pairs, strict=True)) or [(), ()] for pairs in (here, own)]
        visible = _Query()
        self._visible(visible, "p")
        query.also(NEEDS_ME, *await _to_do(self.pool, visible), *columns[0], *columns[1])

    async def find(self, wish: Wish, page: int, size: int = PAGE_SIZE) -> tuple[int, list[Mine]]:
        """Return how many children fit, and one page of them."""
        if wish.search and not like_patterns(wish.search):  # only punctuation: no name fits it
            return 0, []
        query = _Query()
        self._visible(query, "h")
        query.narrow(wish, self.today)
        if wish.needs_me:
            await self._needing(query)
        text = query.page(wish.order, size, (page - 1) * size)
        rows = await self.pool.fetch(text, *query.values)
        if not rows and page > 1:
            return (await self.find(wish, 1, 1))[0], []
        return (rows[0]["total"] if rows else 0), [self._mine(row) for row in rows]

    def _mine(self, row: Any) -> Mine:
        wide = table().authority_wide
        _, bases = self.related.get(row["child_id"], ("", {}))
        everywhere = dict.fromkeys(self.held.inside(row["authority"]) & wide, "authority")
        return Mine(row["child_id"], row["authority"], {**bases, **everywhere})

    async def choices(self) -> list[tuple[str, str, str]]:
        """Return (authority, URN, name) of the settings of the person's children, by name."""
        query = _Query()
        self._visible(query, "c")
        rows = await self.pool.fetch(CHOICES.format(query.conditions[0]), *query.values)
        return [(row[0], row[1], row[2] or row[1]) for row in rows]


def mine_to_do(card: Card, roles: Mapping[str, Any], sections: Sequence[Any]) -> list[str]:
    """Return the parts of a PEP that somebody in these roles has yet to complete."""
    if card.submitted:
        return []
    return [
        section.party or section.title
        for section in completable(tuple(sections))
        if section.key not in card.completed and not set(roles).isdisjoint(section.completed_by)
    ]
