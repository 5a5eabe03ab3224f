"""Imports over HTTP: check the files, look at the problems, run it, watch it."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import acting_in
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.ids import derived_id, new_id
from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import FieldError, NotFoundError, ProblemError, RefusedError
from epep_runtime.service import Running
from epep_runtime.text import Command, example
from epep_runtime.tokens import Principal
from pep_service.importing.checking import Plan, check, read_tables
from pep_service.importing.knowing import known_to
from pep_service.importing.problems import problems_csv
from pep_service.importing.staging import Staged, problems_of, stage, staged
from pep_service.importing.uploading import REQUEST_BODY, Upload, upload_of

router = APIRouter(prefix="/imports", tags=["imports"])
SHOWN_PROBLEMS = 200
Code = Annotated[str, Query(pattern=r"^[0-9]{3}$", description="The authority's DfE code")]


class Counts(BaseModel):
    """How many children are new, changed, unchanged, refused."""

    new: int
    changed: int
    unchanged: int
    refused: int


class ProblemShown(BaseModel):
    """One problem; line 0 is the whole file."""

    file: Literal["header.csv", "episodes.csv", "people.csv"]
    line: int
    column: str
    value: str
    reason: str
    severity: Literal["error", "warning"]


class ImportMay(BaseModel):
    """What the caller may do with the import now."""

    run: bool


class Import(BaseModel):
    """An import: the result of its check, and how far it has come."""

    import_id: UUID
    authority: str
    state: Literal["checked", "importing", "imported", "failed"]
    counts: Counts
    problems: list[ProblemShown]
    problem_count: int
    done: int
    total: int
    may: ImportMay


class Run(Command):
    """Start the import: nothing more is to be said."""

    model_config = example()


@router.post(
    "",
    status_code=201,
    summary="Check an authority's files",
    response_model=Import,
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def post_import(authority: Code, change: Changing, request: Request) -> Response:
    """Check the files and keep the plan; no child is touched.

    The same `Idempotency-Key` with the same files gets the first check again. At most 200
    problems are in the answer; `problems.csv` has all. Files that cannot be read at all give
    problems and a plan with nothing in it.
    """
    running = running_of(request)
    await _may_import(running.pool, change.principal, authority)
    upload = await upload_of(request)
    account, fingerprint = change.principal.account_id, upload.fingerprint(authority)
    import_id = derived_id("import", account, change.key) if change.key else new_id()
    found = await staged(running.pool, import_id)
    if found is None:
        plan = await _checked(running, authority, upload)
        async with running.pool.acquire() as connection:
            now = running.store.clock()
            await stage(connection, import_id, authority, account, fingerprint, plan, now)
            found = await staged(connection, import_id)
        assert found is not None
    if found.fingerprint != fingerprint:
        raise ProblemError(
            422,
            "idempotency-mismatch",
            _("This Idempotency-Key was used for other files."),
            errors=[FieldError("Idempotency-Key", _("Use a new key for new files."), "reused")],
        )
    location = {"Location": f"/imports/{import_id}"}
    return JSONResponse(await _shown(running.pool, found), 201, headers=location)


async def _checked(running: Running, authority: str, upload: Upload) -> Plan:
    """Check the files beside the event loop: a large file takes a second or two."""
    tables = await asyncio.to_thread(read_tables, upload.header, upload.episodes, upload.people)
    async with running.pool.acquire() as connection:
        known = await known_to(connection, running.store, authority, tables)
    return await asyncio.to_thread(check, tables, known)


@router.get("/{import_id}", summary="An import and its progress", response_model=Import)
async def get_import(import_id: UUID, principal: Asking, request: Request) -> Response:
    """Return the check's result, and how many children are done of how many."""
    pool = running_of(request).pool
    return JSONResponse(await _shown(pool, await _mine(pool, principal, import_id)))


@router.get(
    "/{import_id}/problems.csv",
    summary="All problems as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "file, line, column, value, …"}},
)
async def get_problems(import_id: UUID, principal: Asking, request: Request) -> Response:
    """Return all problems, with cells that a spreadsheet cannot take for formulas."""
    pool = running_of(request).pool
    found = await _mine(pool, principal, import_id)
    text = problems_csv(await problems_of(pool, found.import_id))
    disposition = 'attachment; filename="problems.csv"'
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


@router.post(
    "/{import_id}/run",
    status_code=202,
    summary="Run a checked import",
    response_model=Import,
    responses={409: CHANGE_RESPONSES[409]},
)
async def run_import(import_id: UUID, _: Run, change: Changing, request: Request) -> Response:
    """Start the import; it goes on in the background, whatever happens to this connection.

    Starting it again changes nothing while it runs or after it ended; one that failed goes on
    where it was. 409 where there is nothing to import, or another import runs in the authority.
    """
    pool = running_of(request).pool
    found = await _mine(pool, change.principal, import_id)
    async with pool.acquire() as connection:
        await _start(connection, found, change.principal)
    found = await _mine(pool, change.principal, import_id)
    return JSONResponse(await _shown(pool, found), 202)


async def _start(connection: Connection, found: Staged, principal: Principal) -> None:
    if found.state in {"importing", "imported"}:
        return
    if found.total == 0:
        raise RefusedError(_("There is no child in these files to import."), "nothing-to-import")
    try:
        await connection.execute(
            "UPDATE imports SET state = 'importing', failure = NULL, started_at = now(),"
            " started_by = coalesce(started_by, $2)"
            " WHERE import_id = $1 AND state IN ('checked', 'failed')",
            found.import_id,
            principal.account_id,
        )
    except asyncpg.UniqueViolationError as error:
        raise RefusedError(
            _("Another import is running for this authority. Wait until it has ended."),
            "already-importing",
        ) from error


async def _may_import(pool: Pool, principal: Principal, authority: str) -> None:
    (await acting_in(pool, principal, authority)).must("imports.run")


async def _mine(pool: Pool, principal: Principal, import_id: UUID) -> Staged:
    found = await staged(pool, import_id)
    if found is None:
        raise NotFoundError
    await _may_import(pool, principal, found.authority)
    return found


async def _shown(pool: Pool, found: Staged) -> dict[str, Any]:
    problems = await problems_of(pool, found.import_id, SHOWN_PROBLEMS)
    shown = Import(
        import_id=found.import_id,
        authority=found.authority,
        state=found.state,
        counts=Counts(
            new=found.new,
            changed=found.changed,
            unchanged=found.unchanged,
            refused=found.refused,
        ),
        problems=[
            ProblemShown(
                file=each.file,
                line=each.line,
                column=each.column,
                value=each.value,
                reason=each.reason,
                severity=each.severity,
            )
            for each in problems
        ],
        problem_count=found.problem_count,
        done=found.done,
        total=found.total,
        may=ImportMay(run=found.state in {"checked", "failed"} and found.total > 0),
    )
    return shown.model_dump(mode="json")
