"""Read model: the home page's list, all of a person's children across authorities (S27)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from epep_access.permissions import table
from epep_events.envelope import Metadata
from epep_events.pep import ChildRegistered, CoreDataChanged
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import local_date
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector
from epep_runtime.text import Line
from pep_service.children.school_year import school_year
from pep_service.peps.cards import Party, bound_to, shown
from pep_service.peps.status import State, is_overdue
from pep_service.profiles.form import sections_for
from pep_service.profiles.published import Wanted, profiles_of
from pep_service.read_models.children import ChildRow, children_of
from pep_service.read_models.folding import folded
from pep_service.read_models.home_finding import (
    PAGE_SIZE,
    Finder,
    Mine,
    Order,
    Where,
    Wish,
    mine_to_do,
)
from pep_service.read_models.pep_cards import Card, cards_by_child

router = APIRouter(tags=["home"])
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


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("DELETE FROM home WHERE child_id = $1", subject)


HOME = Projector(
    name="home",
    contexts=("pep", "identity"),
    forget=_forget,
    tables=("home",),
    handles={ChildRegistered: _registered, CoreDataChanged: _corrected},
)


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
    """One child on the home page; `role` is the caller's role for the child.

    `mine` are the parts of the current PEP that the caller has yet to complete.
    """

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
    mine: list[str]
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
    mine: Mine,
    child: ChildRow,
    profile: AuthorityProfile,
    current: CurrentPEP | None,
    to_do: list[str],
    today: date,
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
        mine=to_do,
        may=MayHere(create_pep=not creators.isdisjoint(mine.bases)),
    )


class SettingChoice(BaseModel):
    """A setting of one of the caller's children."""

    authority: str
    urn: str
    name: str


class HomeChoices(BaseModel):
    """What the list can be narrowed to."""

    settings: list[SettingChoice]


async def wish_of(
    q: Annotated[Line, Query(description="Words of a name, a UPN or a number, or parts")] = "",
    authority: Annotated[str, Query(pattern=r"^(\d{3})?$")] = "",
    setting: Annotated[str, Query(pattern=r"^(\d{6})?$", description="URN")] = "",
    year: Annotated[int | None, Query(ge=-4, le=14, description="Year group; 0: Reception")] = None,
    state: Where | None = None,
    needs_me: bool = False,
    order: Order = "name",
) -> Wish:
    """Return what a request looks for."""
    return Wish(q, authority, setting, year, state, needs_me, order)


Wanting = Annotated[Wish, Depends(wish_of)]


@router.get("/home", summary="List my children")
async def read_home(
    asking: Asking,
    request: Request,
    wish: Wanting,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HomePage:
    """Return the person's children across all authorities, 25 a page, those that fit."""
    running = running_of(request)
    today = local_date(running.store.clock())
    finder = await Finder.of(running.pool, asking, today)
    total, mine = await finder.find(wish, page)
    return HomePage(total=total, page=page, children=await lines(running.pool, mine, today))


@router.get("/home/choices", summary="What my list can be narrowed to")
async def read_choices(asking: Asking, request: Request) -> HomeChoices:
    """Return the settings of the person's children."""
    running = running_of(request)
    finder = await Finder.of(running.pool, asking, local_date(running.store.clock()))
    found = await finder.choices()
    return HomeChoices(settings=[SettingChoice(authority=a, urn=u, name=n) for a, u, n in found])


async def lines(pool: Pool, mine: Sequence[Mine], today: date) -> list[ChildLine]:
    """Return what the list shows of these children."""
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
    found = []
    for each in mine:
        child, card = children.get(each.child_id), under_way.get(each.child_id)
        if child is None:
            continue
        current, to_do = None, []
        if card is not None:
            bound = profiles[bound_to(card)]
            current = _current(card, bound, today)
            to_do = mine_to_do(card, each.bases, sections_for(bound, card.variant))
        profile = profiles[each.authority, None]
        found.append(_line(each, child, profile, current, to_do, today))
    return found
