"""Asking the change log of a child: filtered, newest first, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from epep_access.checking import Acting
from epep_access.people import names_of
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import instant
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from pep_service.peps.own_log import peps_of_child
from pep_service.peps.reading import role_label
from pep_service.profiles.published import profile_of
from pep_service.read_models.change_log.row import CHILD, MAIL, MEETING, PEP, REVIEW
from pep_service.read_models.change_log.showing import Words, fields_of, in_words, label_of, told
from pep_service.settings_register.setting import setting_names

PAGE_SIZE = 25
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)


class FieldShown(BaseModel):
    """One field's old and new value in words; null for nothing."""

    label: str
    old: str | None
    new: str | None


class RowShown(BaseModel):
    """One change: when, who in which role, where, what, and each field old to new."""

    at: datetime
    who: str
    role_label: str
    section_title: str
    what: str
    changes: list[FieldShown]
    pep_id: UUID | None
    event_id: UUID


class SectionChoice(BaseModel):
    """A section to filter by."""

    key: str
    title: str


class PersonChoice(BaseModel):
    """A person to filter by."""

    id: str
    name: str


class LogPage(BaseModel):
    """A page of the log, with what it can be filtered by.

    `hidden` is true for a caller whose role does not see the log; it is empty then.
    """

    total: int
    page: int
    page_size: int = PAGE_SIZE
    sections: list[SectionChoice]
    people: list[PersonChoice]
    rows: list[RowShown]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a log is wanted; days are England's and both included."""

    section: str | None = None
    person: str | None = None
    since: date | None = None
    until: date | None = None
    pep_id: UUID | None = None


WHERE = """
  FROM change_log l
 WHERE (l.child_id = $1 OR l.pep_id = ANY($2))
   AND ($3 OR l.type NOT IN ('AreaScored', 'RatingGiven')
        OR EXISTS (SELECT FROM change_log p WHERE p.pep_id = l.pep_id
                      AND p.type = 'QAPublished' AND p.at >= l.at))
"""
FILTERS = """
   AND ($4::text IS NULL OR l.section = $4) AND ($5::text IS NULL OR l.who = $5)
   AND ($6::timestamptz IS NULL OR l.at >= $6) AND ($7::timestamptz IS NULL OR l.at < $7)
   AND ($8::uuid IS NULL OR l.pep_id = $8)
"""
ORDER = " ORDER BY l.at DESC, l.stream_version DESC, l.event_id DESC"


def _start_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    return instant(min(max(day, EARLIEST), LATEST), time(0, 0))


class Log:
    """The change log of one child for one person who may see it."""

    def __init__(self, pool: Pool, acting: Acting, pep_ids: Sequence[UUID]) -> None:
        self._pool, self._acting = pool, acting
        self._scope = (acting.child_id, list(pep_ids), acting.may("child.oversee"))

    def _parameters(self, filters: Filters) -> tuple[Any, ...]:
        day_after = min(filters.until, LATEST) + timedelta(days=1) if filters.until else None
        return (
            *self._scope,
            filters.section,
            filters.person,
            _start_of(filters.since),
            _start_of(day_after),
            filters.pep_id,
        )

    async def rows(self, filters: Filters) -> Sequence[Any]:
        """Return all rows that fit, newest first."""
        return await self._pool.fetch(
            f"SELECT l.* {WHERE} {FILTERS} {ORDER}", *self._parameters(filters)
        )

    async def page(self, filters: Filters, number: int) -> tuple[Sequence[Any], int]:
        """Return the rows of a page, and how many fit on all pages: both of one moment."""
        rows = await self._pool.fetch(
            f"SELECT l.*, count(*) OVER () AS total {WHERE} {FILTERS} {ORDER} LIMIT $9 OFFSET $10",
            *self._parameters(filters),
            PAGE_SIZE,
            (number - 1) * PAGE_SIZE,
        )
        return rows, rows[0]["total"] if rows else await self._count(filters)

    async def _count(self, filters: Filters) -> int:
        found = await self._pool.fetchval(
            f"SELECT count(*) {WHERE} {FILTERS}", *self._parameters(filters)
        )
        return int(found)

    async def everybody(self) -> Sequence[Any]:
        """Return every section and person in the log: section, who, one name given by events."""
        return await self._pool.fetch(
            f"SELECT l.section, l.who, max(l.who_name) AS who_name {WHERE} GROUP BY 1, 2",
            *self._scope,
        )


async def open_log(pool: Pool, acting: Acting) -> Log:
    """Return a child's log; the child's PEPs come from this service's own log, so none is late."""
    peps = await peps_of_child(pool, acting.child_id)
    return Log(pool, acting, [each.pep_id for each in peps])


def _account(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _mentioned(rows: Iterable[Any], shown_as: str) -> set[str]:
    return {
        str(value)
        for row in rows
        for change in row["changes"]
        if change["shown_as"] == shown_as
        for value in (change["old"], change["new"])
        if value is not None
    }


async def words_for(
    pool: Pool, acting: Acting, rows: Sequence[Any], whos: Iterable[str] = ()
) -> Words:
    """Look up every name that these rows need."""
    profile = await profile_of(pool, acting.authority)
    texts = {*(row["who"] for row in rows), *whos, *_mentioned(rows, "person")}
    accounts = {account for account in map(_account, texts) if account}
    return Words(
        profile=profile,
        fields=fields_of(profile),
        people=await names_of(pool, accounts),
        settings=await setting_names(pool, _mentioned(rows, "setting")),
        addresses=acting.may("child.change_log_restricted"),
    )


def who_shown(who: str, name: str | None, words: Words) -> str:
    """Return a person's name: their account's, else the one that the event gives, else ePEP."""
    account = _account(who)
    if account is not None:
        return words.people.get(account) or name or _("Somebody with an account")
    return "ePEP" if who.startswith("system:") else name or _("Somebody invited by email")


def _role_shown(role: str, who: str, words: Words) -> str:
    if role == "system":
        return "" if who.startswith("system:") else _("automatically")
    return role_label(words.profile, role)


def section_titles(profile: AuthorityProfile) -> Mapping[str, str]:
    """Return the titles of the log's sections: the form's own, in order, and those beside it."""
    beside = {
        PEP: _("The PEP as a whole"),
        MEETING: profile.labels.get("meeting", _("PEP meeting")),
        REVIEW: _("Quality assurance"),
        MAIL: _("Messages"),
        CHILD: _("Child’s record"),
    }
    form = {section.key: section.title for section in profile.sections}
    return form | beside | form


def row_shown(row: Any, words: Words) -> RowShown:
    """Return a stored row in words."""
    titles = section_titles(words.profile)
    return RowShown(
        at=row["at"],
        who=who_shown(row["who"], row["who_name"], words),
        role_label=_role_shown(row["role"], row["who"], words),
        section_title=titles.get(row["section"], row["section"]),
        what=told(row["what"]),
        changes=[
            FieldShown(
                label=label_of(change),
                old=in_words(change, change["old"], words),
                new=in_words(change, change["new"], words),
            )
            for change in row["changes"]
        ],
        pep_id=row["pep_id"],
        event_id=row["event_id"],
    )


async def page_of(pool: Pool, acting: Acting, filters: Filters, page: int) -> LogPage:
    """Return one page of a child's log."""
    log = await open_log(pool, acting)
    rows, total = await log.page(filters, page)
    groups = await log.everybody()
    words = await words_for(pool, acting, rows, {group["who"] for group in groups})
    present = {group["section"] for group in groups}
    names = {group["who"]: who_shown(group["who"], group["who_name"], words) for group in groups}
    titles = section_titles(words.profile)
    return LogPage(
        total=total,
        page=page,
        sections=[SectionChoice(key=k, title=t) for k, t in titles.items() if k in present],
        people=[
            PersonChoice(id=who, name=name)
            for who, name in sorted(names.items(), key=lambda pair: (pair[1].casefold(), pair[0]))
        ],
        rows=[row_shown(row, words) for row in rows],
    )
