"""Read model: who opened which child's record, from every service that shows one."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_access.answers import Answers
from epep_access.checking import acting_for_child
from epep_access.days import MIDNIGHT
from epep_access.people import folded
from epep_access.permissions import table
from epep_access.readings import note_reading
from epep_events.access import RecordOpened
from epep_events.envelope import Metadata
from epep_runtime.civil_time import instant
from epep_runtime.http import Asking, running_of
from epep_runtime.language import _
from epep_runtime.postgres import Connection
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.subscriptions import Projector
from epep_runtime.text import Line
from pep_service.access.names import BASIS_LABELS, title
from pep_service.profiles.published import profile_of

router = APIRouter(tags=["access"])
PAGE_SIZE = 25
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


async def _opened(connection: Connection, event: RecordOpened, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO readings VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        meta.event_id,
        event.child_id,
        event.account_id,
        event.role,
        event.basis,
        event.part,
        event.opened_at,
    )


READINGS = Projector(
    name="readings",
    contexts=("pep", "meeting", "qa"),
    tables=("readings",),
    handles={RecordOpened: _opened},
)


class Reading(BaseModel):
    """One reading: who, in which role, why they could, what of the record, when."""

    at: datetime
    account_id: UUID
    name: str
    role: str
    role_label: str
    basis: str
    basis_label: str
    what: str


class ReadingsPage(BaseModel):
    """One page of a child's readings, newest first."""

    total: int
    page: int
    page_size: int = PAGE_SIZE
    rows: list[Reading]


FIND = """
SELECT r.at, r.account_id, r.role, r.basis, r.part, p.name, count(*) OVER () AS total
  FROM readings r LEFT JOIN known_people p USING (account_id)
 WHERE r.child_id = $1 AND ($2::timestamptz IS NULL OR r.at >= $2)
   AND ($3::timestamptz IS NULL OR r.at < $3)
   AND NOT EXISTS (SELECT FROM unnest($4::text[]) AS word
                    WHERE strpos(coalesce(p.search, ''), word) = 0)
 ORDER BY r.at DESC, r.event_id LIMIT $5 OFFSET $6
"""


def _midnight(name: str, text: str, days: int) -> datetime | None:
    try:
        return instant(date.fromisoformat(text) + timedelta(days), MIDNIGHT) if text else None
    except (ValueError, OverflowError) as error:
        raise InvalidError([FieldError(name, _("Enter a real date."), "date")]) from error


@router.get("/children/{child_id}/reads", summary="Who opened the record")
async def child_reads(
    child_id: UUID,
    asking: Asking,
    request: Request,
    q: Annotated[Line, Query(description="Words of a name or address")] = "",
    since: Annotated[str, Query(alias="from", pattern=DAY)] = "",
    until: Annotated[str, Query(alias="to", pattern=DAY)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> ReadingsPage:
    """Return who opened the child's record and why they could, for the virtual school and auditors.

    `from` and `to` are days in England, both included.
    """
    running = running_of(request)
    acting = await acting_for_child(running.pool, asking, child_id, running.part(Answers))
    acting.must("child.oversee")
    note_reading(running, asking, acting, "child.oversee")
    first, last = _midnight("from", since, 0), _midnight("to", until, 1)
    offset = (page - 1) * PAGE_SIZE
    found = await running.pool.fetch(
        FIND, child_id, first, last, folded(q).split(), PAGE_SIZE, offset
    )
    profile = await profile_of(running.pool, acting.authority)
    lines = table().permissions
    rows = [
        Reading(
            at=row["at"],
            account_id=row["account_id"],
            name=row["name"] or _("Name not known yet"),
            role=row["role"],
            role_label=title(profile, row["role"]),
            basis=row["basis"],
            basis_label=_(BASIS_LABELS[row["basis"]]),
            what=lines[row["part"]].what if row["part"] in lines else row["part"],
        )
        for row in found
    ]
    return ReadingsPage(total=found[0]["total"] if found else 0, page=page, rows=rows)
