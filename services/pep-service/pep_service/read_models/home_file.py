"""The home page's list as a file, for whoever works with a table of their own."""

import csv
import io
from collections.abc import Iterable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_runtime.civil_time import local, local_date
from epep_runtime.http import Asking, running_of
from epep_runtime.language import N_, _
from pep_service.read_models.change_log.csv_file import BYTE_ORDER_MARK, harmless
from pep_service.read_models.home import ChildLine, Wanting, lines
from pep_service.read_models.home_finding import Finder

router = APIRouter(tags=["home"])
MOST = 20_000
COLUMNS = (
    N_("Name"),
    N_("Authority"),
    N_("Setting"),
    N_("Year group"),
    N_("PEP"),
    N_("State"),
    N_("Meeting"),
    N_("To be complete by"),
    N_("Overdue"),
    N_("Mine to do"),
)


def _row(child: ChildLine) -> list[str]:
    pep = child.pep
    meeting = f"{local(pep.meeting_at):%d/%m/%Y %H:%M}" if pep and pep.meeting_at else ""
    return [
        child.name,
        child.authority.name,
        child.setting or "",
        child.year_group_label,
        pep.kind_label if pep else "",
        pep.state_label if pep else "",
        meeting,
        f"{pep.completion_due:%d/%m/%Y}" if pep and pep.completion_due else "",
        _("yes") if pep and pep.overdue else "",
        ", ".join(child.mine),
    ]


def csv_of(children: Iterable[ChildLine]) -> bytes:
    """Return the list as CSV with a byte-order mark, as spreadsheets want it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_(each) for each in COLUMNS])
    writer.writerows([harmless(each) for each in _row(child)] for child in children)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


@router.get(
    "/home.csv",
    summary="My children as a file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"example": "Name,Authority,Setting,…"}}}},
)
async def home_file(asking: Asking, request: Request, wish: Wanting) -> Response:
    """Return all the children that fit, 20,000 at most, as CSV; the same filters as the list."""
    running = running_of(request)
    today = local_date(running.store.clock())
    _, mine = await (await Finder.of(running.pool, asking, today)).find(wish, 1, MOST)
    found = await lines(running.pool, mine, today)
    headers = {"Content-Disposition": 'attachment; filename="my-children.csv"'}
    return Response(csv_of(found), media_type="text/csv; charset=utf-8", headers=headers)
