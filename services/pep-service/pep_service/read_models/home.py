"""Read model: the home page's list, all of a person's children across authorities (S27)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_access.checking import GIVEN, held_by, see_my_children
from epep_access.permissions import table
from epep_events.envelope import Metadata
from epep_events.pep import ChildRegistered, CoreDataChanged
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import local_date
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector
from epep_runtime.text import Line
from epep_runtime.tokens import Principal
from pep_service.children.school_year import school_year
from pep_service.peps.cards import Party, bound_to, shown
from pep_service.peps.status import State, is_overdue
from pep_service.profiles.published import Wanted, profiles_of
from pep_service.read_models.children import ChildRow, children_of
from pep_service.read_models.folding import folded, like_patterns
from pep_service.read_models.pep_cards import Card, cards_by_child

router = APIRouter(tags=["home"])
PAGE_SIZE = 25
NAMES = ("first_name", "last_name", "preferred_name")


def keys_of(number: str, names: dict[str, str | None]) -> tuple[str, str]:
    """Return what a child is ordered and found by; children without names come last, by number."""
    last, first = names["last_name"] or "", names["preferred_name"] or names["first_name"] or ""
    order = folded(f"{last} {first}") or f"~{folded(number)}"
    known = [value for value in names.values() if value]
    return order, folded(" ".join([*known, number]))


KEEP = """
INSERT INTO home (child_id, authority, number, first_name, last_name, preferred_name,
                  sort_key, search_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (child_id) DO UPDATE
   SET first_name = excluded.first_name, last_name = excluded.last_name,
       preferred_name = excluded.preferred_name,
       sort_key = excluded.sort_key, search_key = excluded.search_key
"""


async def _keep(
    connection: Connection, child_id: UUID, authority: str, number: str, names: Any
) -> None:
    ordered = {name: names[name] for name in NAMES}
    keys = keys_of(number, ordered)
    await connection.execute(KEEP, child_id, authority, number, *ordered.values(), *keys)


async def _registered(connection: Connection, event: ChildRegistered, meta: Metadata) -> None:
    names = event.model_dump(include=set(NAMES))
    authority = meta.authority or ""
    await _keep(connection, event.child_id, authority, event.social_care_id, names)


async def _corrected(connection: Connection, event: CoreDataChanged, _: Metadata) -> None:
    changed = {each.field: each.new for each in event.changes if each.field in NAMES}
    row = await connection.fetchrow("SELECT * FROM home WHERE child_id = $1", event.child_id)
    if changed and row is not None:
        names = {**dict(row), **changed}
        await _keep(connection, event.child_id, row["authority"], row["number"], names)


HOME = Projector(
    name="home",
    contexts=("pep",),
    tables=("home",),
    handles={ChildRegistered: _registered, CoreDataChanged: _corrected},
)

MINE = """
SELECT h.child_id, h.authority, m.relations, count(*) OVER () AS total
  FROM home h
  LEFT JOIN (SELECT r.child_id, array_agg(r.role || ' ' || r.basis) AS relations
               FROM access_relations() r
              WHERE r.account_id = $1 AND r.since <= now() AND (r.until IS NULL OR r.until > now())
                AND (r.role = ANY($2) OR r.basis = ANY($8))
              GROUP BY r.child_id) m USING (child_id)
 WHERE (h.authority = ANY($3) OR m.child_id IS NOT NULL)
   AND ($4::text IS NULL OR h.authority = $4)
   AND h.search_key LIKE ALL($5::text[])
 ORDER BY h.sort_key, h.child_id LIMIT $6 OFFSET $7
"""


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


async def my_children(
    pool: Pool, principal: Principal, search: str, authority: str | None, page: int
) -> tuple[int, list[Mine]]:
    """Return how many children there are on the person's list, and one page of them by name.

    The virtual school and auditors see their whole authority; others the children whom they have a
    relationship with at this moment.
    """
    held_now = await held_by(pool, principal)
    await see_my_children(pool, principal.account_id)
    wide = table().authority_wide
    whole = held_now.authorities(wide)
    held = sorted(held_now.roles() - wide - {"operator"})
    given = sorted(GIVEN) if held_now.active else []
    who, patterns = principal.account_id, like_patterns(search)
    if search and not patterns:  # nothing but punctuation: no name fits it
        return 0, []
    offset = (page - 1) * PAGE_SIZE
    rows = await pool.fetch(MINE, who, held, whole, authority, patterns, PAGE_SIZE, offset, given)
    if not rows and page > 1:
        first = await pool.fetchrow(MINE, who, held, whole, authority, patterns, 1, 0, given)
        return (first["total"] if first else 0), []
    found = []
    for row in rows:
        bases = dict(each.split(" ") for each in row["relations"] or ())
        bases |= dict.fromkeys(held_now.inside(row["authority"]) & wide, "authority")
        found.append(Mine(row["child_id"], row["authority"], bases))
    return (rows[0]["total"] if rows else 0), found


class AuthorityName(BaseModel):
    """An authority."""

    code: str
    name: str


class CurrentPEP(BaseModel):
    """The PEP that is under way, as far as the list shows it."""

    pep_id: UUID
    state: State
    state_label: str
    kind_label: str
    meeting_at: datetime | None
    completion_due: date | None
    overdue: bool
    parties: list[Party]


class MayHere(BaseModel):
    """What the caller may do for the child."""

    create_pep: bool


class ChildLine(BaseModel):
    """One child on the home page; `role` is the caller's role for the child."""

    child_id: UUID
    name: str
    authority: AuthorityName
    setting: str | None
    year_group: int
    year_group_label: str
    key_stage: str
    child_label: str
    role: str
    basis: str
    pep: CurrentPEP | None
    may: MayHere


class HomePage(BaseModel):
    """One page of a person's children."""

    total: int
    page: int
    page_size: int = PAGE_SIZE
    children: list[ChildLine]


def _current(card: Card, profile: AuthorityProfile, today: date) -> CurrentPEP:
    pep = shown(card, profile)
    overdue = is_overdue(pep.completion_due, today, handed_in=card.submitted)
    facts = pep.model_dump(include=set(CurrentPEP.model_fields))
    return CurrentPEP.model_validate({**facts, "overdue": overdue})


def _line(
    mine: Mine, child: ChildRow, profile: AuthorityProfile, current: CurrentPEP | None, today: date
) -> ChildLine:
    year = school_year(child.date_of_birth, today)
    rules = profile.permissions
    creators = table().allowed("pep.create", rules.create_pep, rules.overrides)
    return ChildLine(
        child_id=mine.child_id,
        name=child.name,
        authority=AuthorityName(code=profile.code, name=profile.name),
        setting=child.setting_name,
        year_group=year.year_group,
        year_group_label=year.label,
        key_stage=year.key_stage,
        child_label=profile.labels["child_short"],
        role=mine.role,
        basis=mine.bases[mine.role],
        pep=current,
        may=MayHere(create_pep=not creators.isdisjoint(mine.bases)),
    )


@router.get("/home", summary="List my children")
async def read_home(
    asking: Asking,
    request: Request,
    q: Annotated[Line, Query(description="Words of a name, accents and case left aside")] = "",
    authority: Annotated[str, Query(pattern=r"^(\d{3})?$")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HomePage:
    """Return the person's children across all authorities by name, 25 a page."""
    running = running_of(request)
    pool = running.pool
    total, mine = await my_children(pool, asking, q, authority or None, page)
    return HomePage(
        total=total, page=page, children=await _lines(pool, mine, local_date(running.store.clock()))
    )


async def _lines(pool: Pool, mine: list[Mine], today: date) -> list[ChildLine]:
    ids = [each.child_id for each in mine]
    children, cards = await children_of(pool, ids), await cards_by_child(pool, ids)
    under_way = {
        child_id: card
        for child_id, found in cards.items()
        for card in reversed(found)
        if card.signed_off_on is None
    }
    wanted: set[Wanted] = {(each.authority, None) for each in mine}
    profiles = await profiles_of(pool, wanted | {bound_to(card) for card in under_way.values()})
    current = {
        child_id: _current(card, profiles[bound_to(card)], today)
        for child_id, card in under_way.items()
    }
    return [
        _line(
            each,
            children[each.child_id],
            profiles[(each.authority, None)],
            current.get(each.child_id),
            today,
        )
        for each in mine
        if each.child_id in children
    ]
