"""The change log over HTTP: pages of rows, and the whole as a file."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator

from epep_access.checking import acting_for_child
from epep_runtime.http import Asking, running_of
from pep_service.read_models.change_log.csv_file import csv_of
from pep_service.read_models.change_log.reading import (
    MAY_READ,
    Filters,
    LogPage,
    open_log,
    page_of,
    row_shown,
    words_for,
)

router = APIRouter(tags=["change log"])


def _or_none(value: Any) -> Any:
    return None if value == "" else value


Blank = BeforeValidator(_or_none)
Section = Annotated[str | None, Blank, Query(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Person = Annotated[str | None, Blank, Query(pattern=r"^[0-9A-Za-z:_-]{1,80}$")]
Day = Annotated[date | None, Blank]


def filters_of(
    section: Section = None,
    person: Person = None,
    since: Annotated[Day, Query(alias="from")] = None,
    until: Annotated[Day, Query(alias="to")] = None,
    pep_id: Annotated[UUID | None, Blank, Query()] = None,
) -> Filters:
    """Read the filters of a request; an empty one is none."""
    return Filters(section, person, since, until, pep_id)


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
    pool = running_of(request).pool
    acting = await acting_for_child(pool, asking, child_id)
    if not acting.may(MAY_READ):
        return LogPage(total=0, page=1, sections=[], people=[], rows=[], hidden=True)
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
    pool = running_of(request).pool
    acting = await acting_for_child(pool, asking, child_id)
    acting.must(MAY_READ)
    rows = await (await open_log(pool, acting)).rows(filters)
    words = await words_for(pool, acting, rows)
    return Response(
        csv_of(row_shown(row, words) for row in rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="change-log.csv"'},
    )
