"""Allocating children to workers by a file: who works with whom, in which role, between which days.

One CSV with the columns social_care_id, email, role, held_from, held_to (days as 2026-12-03; the
last two may be blank). Nothing is done while anything in it is wrong.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from epep_access.checking import acting_in
from epep_access.people import Person, people_by_email
from epep_access.permissions import table
from epep_events.base import Event
from epep_runtime.event_store import Loaded
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, ProblemError
from pep_service.access.many import change_children
from pep_service.children.assigning import NEVER_ASSIGNED, assign
from pep_service.children.child import Child, child_id_of
from pep_service.children.facts import ProfessionalFacts
from pep_service.importing.knowing import load_children

router = APIRouter(tags=["access"])
COLUMNS = ("social_care_id", "email", "role", "held_from", "held_to")
NEEDED = COLUMNS[:3]
MOST_ROWS = 20_000
REQUEST_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}


class AllocationProblem(BaseModel):
    """What is wrong in one cell; line 1 is the header, 0 the whole file."""

    line: int
    column: str
    value: str
    reason: str


class Allocated(BaseModel):
    """What the file comes to: children changed, rows that held already, and what is wrong."""

    total: int
    changed: int
    unchanged: int
    problems: list[AllocationProblem]


@dataclass(frozen=True, slots=True)
class Line:
    """One good row."""

    child_id: UUID
    told: ProfessionalFacts


def read(text: str) -> tuple[list[dict[str, str]], list[AllocationProblem]]:
    """Return the rows by column, and what is wrong with the file as such."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    columns = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    problems = [
        AllocationProblem(line=1, column=name, value="", reason=_("This column is missing."))
        for name in missing
    ] + [
        AllocationProblem(line=1, column=name[:80], value="", reason=_("There is no such column."))
        for name in unknown
    ]
    if problems:
        return [], problems
    reader.fieldnames = columns
    rows = []
    for row in reader:
        rows.append({name: str(row.get(name) or "").strip() for name in COLUMNS})
        if len(rows) > MOST_ROWS:
            reason = _("More than %(most)s rows: send them in several files.", most=MOST_ROWS)
            return [], [AllocationProblem(line=0, column="", value="", reason=reason)]
    return rows, []


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def check(
    rows: Sequence[Mapping[str, str]],
    authority: str,
    children: Mapping[UUID, Any],
    people: Mapping[str, Person],
) -> tuple[list[Line], list[AllocationProblem]]:
    """Return what the rows tell, and each cell that is wrong."""
    lines, problems = [], []

    def wrong(number: int, column: str, reason: str) -> None:
        value = rows[number - 2][column][:80]
        problems.append(AllocationProblem(line=number, column=column, value=value, reason=reason))

    for number, row in enumerate(rows, start=2):
        before = len(problems)
        child_id = child_id_of(authority, row["social_care_id"])
        if child_id not in children:
            wrong(number, "social_care_id", _("There is no such child in this authority."))
        role, person = row["role"].lower(), people.get(row["email"].lower())
        if role not in table().titles or role in NEVER_ASSIGNED:
            wrong(number, "role", _("This is not a role that somebody is given for a child."))
        elif person is None:
            wrong(number, "email", _("There is no account with this address."))
        elif not person.holds(role, authority if role in table().authority_wide else None):
            wrong(number, "role", _("This account does not hold the role."))
        try:
            first, last = _day(row["held_from"]), _day(row["held_to"])
            if first and last and last < first:
                wrong(number, "held_to", _("The last day is before the first."))
        except ValueError:
            wrong(number, "held_from", _("Give days as 2026-12-03."))
            continue
        if len(problems) == before and person is not None:
            told = ProfessionalFacts.model_validate(
                {"account_id": person.account_id, "role": role, "held_from": first, "held_to": last}
            )
            lines.append(Line(child_id, told))
    return lines, problems


async def _text_of(request: Request) -> str:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(400, "malformed", _("Send the file as multipart/form-data."))
    try:
        async with request.form(max_files=2, max_fields=1) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile):
                raise InvalidError([FieldError("file", _("Choose a CSV file."), "missing")])
            data = await sent.read()
            if b"\0" in data:  # which no column of the database takes
                message = _("This is not a text file.")
                raise InvalidError([FieldError("file", message, "encoding")])
            return data.decode("utf-8")
    except HTTPException as error:
        raise ProblemError(400, "malformed", _("The body is not multipart/form-data.")) from error
    except UnicodeDecodeError as error:
        raise InvalidError(
            [FieldError("file", _("Save the file as UTF-8."), "encoding")]
        ) from error


@router.post(
    "/allocations",
    summary="Allocate children by file",
    responses=CHANGE_RESPONSES,
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def allocate(
    authority: Annotated[str, Query(pattern=r"^[0-9]{3}$")],
    change: Changing,
    request: Request,
    check_only: Annotated[bool, Query(alias="check")] = False,
) -> Allocated:
    """Give workers the children of a CSV file; with `check=true` only say what would be wrong.

    For the virtual school; others get 404. The same file again changes nothing.
    """
    running = running_of(request)
    acting = await acting_in(running.pool, change.principal, authority)
    by = acting.must("people.allocate")
    try:
        rows, problems = read(await _text_of(request))
    except csv.Error:
        raise InvalidError([FieldError("file", _("This is not a CSV file."), "csv")]) from None
    ids = {child_id_of(authority, row["social_care_id"]) for row in rows}
    async with running.pool.acquire() as connection:
        children: Mapping[UUID, Loaded[Child]] = await load_children(connection, running.store, ids)
    people = await people_by_email(running.pool, {row["email"] for row in rows})
    lines, wrong = check(rows, authority, children, people)
    problems += wrong
    new = [each for each in lines if assign(children[each.child_id].state, each.told)]
    if not problems and not check_only:

        def deciding(line: Line) -> Any:
            def decide(child: Child) -> list[Event]:
                return assign(child, line.told)

            return decide

        wanted = [(each.child_id, deciding(each)) for each in new]
        await change_children(running, wanted, change.cause(by, authority))
    return Allocated(
        total=len(rows), changed=len(new), unchanged=len(lines) - len(new), problems=problems
    )
