"""The change log over HTTP: pages of rows, and the whole as a file."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from epep_access.answers import Answers
from epep_access.checking import acting_for_child
from epep_access.readings import note_reading
from epep_runtime.http import Asking, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError
from pep_service.read_models.change_log.csv_file import csv_of
from pep_service.read_models.change_log.reading import (
    Filters,
    LogPage,
    open_log,
    page_of,
    row_shown,
    words_for,
)

router = APIRouter(tags=["change log"])


DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"
ID = r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"
Section = Annotated[str, Query(pattern=r"^([a-z][a-z0-9_]{0,60})?$", examples=["health"])]
Person = Annotated[str, Query(pattern=r"^[0-9A-Za-z:_-]{0,80}$")]


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidError([FieldError(name, _("Enter a real date."), "date")]) from error


def filters_of(
    section: Section = "",
    person: Person = "",
    since: Annotated[str, Query(alias="from", pattern=DAY)] = "",
    until: Annotated[str, Query(alias="to", pattern=DAY)] = "",
    pep_id: Annotated[str, Query(pattern=ID)] = "",
) -> Filters:
    """Read the filters of a request; an empty one is none."""
    return Filters(
        section or None,
        person or None,
        _day("from", since),
        _day("to", until),
        UUID(pep_id) if pep_id else None,
    )


Filtered = Annotated[Filters, Depends(filters_of)]


@router.get("/children/{child_id}/change-log", summary="Read a child's change log")
async def read_change_log(
    child_id: UUID,
    asking: Asking,
    request: Request,
    filters: Filtered,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> LogPage:
    """Return the changes of a child's record and PEPs, newest first, for ever.

    `from` and `to` are days in England, both included. Coordinators and carers do not see the
    log: they get an empty one with `hidden`. Quality scores are there for their authors once they
    are published, and addresses for the virtual school and social workers.
    """
    running = running_of(request)
    pool = running.pool
    acting = await acting_for_child(pool, asking, child_id, running.part(Answers))
    if not acting.may("child.change_log"):
        return LogPage(total=0, page=1, sections=[], people=[], rows=[], hidden=True)
    note_reading(running, asking, acting, "child.change_log")
    return await page_of(pool, acting, filters, page)


@router.get(
    "/children/{child_id}/change-log.csv",
    summary="Download a child's change log",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"example": "When,Who,Role,Section,What,…"}}}},
)
async def download_change_log(
    child_id: UUID, asking: Asking, request: Request, filters: Filtered
) -> Response:
    """Return all changes that fit, as CSV (UTF-8 with a byte-order mark), one line a field."""
    running = running_of(request)
    pool = running.pool
    acting = await acting_for_child(pool, asking, child_id, running.part(Answers))
    acting.must("child.change_log")
    note_reading(running, asking, acting, "child.change_log")
    rows = await (await open_log(pool, acting)).rows(filters)
    words = await words_for(pool, acting, rows)
    return Response(
        csv_of(row_shown(row, words) for row in rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="change-log.csv"'},
    )
