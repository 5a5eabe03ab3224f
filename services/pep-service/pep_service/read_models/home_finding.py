"""Finding on the home page: whose children, by which words and filters, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from epep_access.checking import GIVEN, Held, held_by, see_my_children
from epep_access.permissions import table
from epep_runtime.postgres import Pool
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
    "overdue": f"pep.completion_due < $7 AND NOT {HANDED_IN}",
}
RELATED = """access_relations() r
              WHERE r.account_id = $1 AND r.since <= now() AND (r.until IS NULL OR r.until > now())
                AND (r.role = ANY($2) OR r.basis = ANY($5))"""
MINE = f"""
  FROM home h
  LEFT JOIN (SELECT r.child_id, array_agg(r.role || ' ' || r.basis) AS relations,
                    array_agg(r.role) AS roles
               FROM {RELATED}
              GROUP BY r.child_id) m USING (child_id)
"""  # noqa: S608
JOINS = {
    "c": " LEFT JOIN children c USING (child_id)\n",
    "pep": """  LEFT JOIN LATERAL (SELECT p.* FROM pep_cards p
                      WHERE p.child_id = h.child_id AND p.signed_off_on IS NULL
                      ORDER BY p.initiated_at DESC LIMIT 1) pep ON true
""",
}
# Not `m.child_id IS NOT NULL`: with that, every child of every authority would be looked at.
VISIBLE = f"(h.authority = ANY($3) OR h.child_id = ANY(ARRAY(SELECT r.child_id FROM {RELATED})))"  # noqa: S608
FITS = "(h.search_key LIKE ALL($4::text[]) OR ($6 <> '' AND upper(c.upn) LIKE $6))"
NEEDS_ME = """EXISTS (
    SELECT FROM unnest($8::text[], $9::integer[], $10::text[], $11::text[], $12::text[])
             AS n (code, version, variant, role, section)
     WHERE n.code = pep.profile_code AND n.version = pep.profile_version
       AND n.variant = pep.variant AND NOT n.section = ANY(pep.completed)
       AND (n.role = ANY(m.roles) OR (h.authority || ' ' || n.role) = ANY($13)))
   AND NOT pep.submitted"""


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

    def __init__(self, wish: Wish, today: date) -> None:
        self.wish, self.today = wish, today
        self.conditions, self.joins = [VISIBLE, FITS], {"c"} if _upn(wish.search) else set()
        self.values: list[Any] = []

    def also(self, condition: str, *values: Any) -> None:
        """Add a condition; `{0}` and so on are its values."""
        first = 14 + len(self.values)
        self.values += values
        places = [f"${first + number}" for number in range(len(values))]
        self.conditions.append(condition.format(*places))

    def text(self, columns: str, tail: str = "") -> str:
        """Return the statement."""
        wish = self.wish
        if wish.authority:
            self.also("h.authority = {0}", wish.authority)
        if wish.setting:
            self.joins.add("c")
            self.also("c.setting_urn = {0}", wish.setting)
        if wish.year is not None:
            self.joins.add("c")
            self.also("c.date_of_birth BETWEEN {0} AND {1}", *born_in_year(wish.year, self.today))
        if wish.state:
            self.joins.add("pep")
            self.conditions.append(STATES[wish.state])
        if wish.needs_me:
            self.joins.add("pep")
            self.conditions.append(NEEDS_ME)
        self.joins |= {name for name in JOINS if f"{name}." in ORDERS[wish.order]}
        where = "\n   AND ".join(self.conditions)
        if "c" not in self.joins:
            where = where.replace(FITS, "h.search_key LIKE ALL($4::text[]) AND $6 = ''")
        joins = "".join(JOINS[name] for name in sorted(self.joins))
        unused = "\n   AND ($7::date, $8::text[], $9::integer[], $10::text[], $11::text[],"
        unused += " $12::text[], $13::text[]) IS NOT NULL"
        return f"SELECT {columns} {MINE} {joins} WHERE {where}{unused} {tail}"


def _upn(search: str) -> str:
    """Return a pattern for a part of a UPN (a letter and digits), or "" where it is none."""
    bare = "".join(search.split()).upper()
    fits = len(bare) >= 4 and bare.isascii() and bare.isalnum() and any(map(str.isdigit, bare))
    return f"%{bare}%" if fits else ""


async def _to_do(pool: Pool) -> Sequence[Sequence[Any]]:
    """Return (profile, version, variant, role, section) of what each role has to complete."""
    kinds = await pool.fetch(
        "SELECT DISTINCT profile_code, profile_version, variant FROM pep_cards"
        " WHERE signed_off_on IS NULL"
    )
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
    relationship with.
    """

    pool: Pool
    principal: Principal
    held: Held
    today: date

    @classmethod
    async def of(cls, pool: Pool, principal: Principal, today: date) -> "Finder":
        """Return the finder of a person, whose rows the rest of the request may see."""
        await see_my_children(pool, principal.account_id)
        return cls(pool, principal, await held_by(pool, principal), today)

    async def _parameters(self, wish: Wish) -> list[Any]:
        wide = table().authority_wide
        here = sorted(self.held.roles() - wide - {"operator"})
        everywhere = [f"{where} {role}" for where, role in sorted(self.held.grants) if role in wide]
        to_do = await _to_do(self.pool) if wish.needs_me else [[], [], [], [], []]
        return [
            self.principal.account_id,
            here,
            self.held.authorities(wide),
            like_patterns(wish.search),
            sorted(GIVEN) if self.held.active else [],
            _upn(wish.search),
            self.today,
            *to_do,
            everywhere,
        ]

    async def find(self, wish: Wish, page: int, size: int = PAGE_SIZE) -> tuple[int, list[Mine]]:
        """Return how many children fit, and one page of them."""
        given = await self._parameters(wish)
        if wish.search and not given[3]:  # nothing but punctuation: no name fits it
            return 0, []
        query = _Query(wish, self.today)
        tail = f"ORDER BY {ORDERS[wish.order]}, h.child_id LIMIT {int(size)}"
        columns = "h.child_id, h.authority, m.relations, count(*) OVER () AS total"
        text = query.text(columns, f"{tail} OFFSET {(page - 1) * int(size)}")
        rows = await self.pool.fetch(text, *given, *query.values)
        if not rows and page > 1:
            return (await self.find(wish, 1, 1))[0], []
        return (rows[0]["total"] if rows else 0), [self._mine(row) for row in rows]

    def _mine(self, row: Any) -> Mine:
        wide = table().authority_wide
        bases = dict(each.split(" ") for each in row["relations"] or ())
        bases |= dict.fromkeys(self.held.inside(row["authority"]) & wide, "authority")
        return Mine(row["child_id"], row["authority"], bases)

    async def choices(self) -> list[tuple[str, str, str]]:
        """Return (authority, URN, name) of the settings of the person's children, by name."""
        given, query = await self._parameters(Wish()), _Query(Wish(), self.today)
        query.joins.add("c")
        columns = "DISTINCT h.authority, c.setting_urn, c.setting_name"
        text = query.text(columns, "AND c.setting_urn IS NOT NULL ORDER BY c.setting_name")
        rows = await self.pool.fetch(text, *given)
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
