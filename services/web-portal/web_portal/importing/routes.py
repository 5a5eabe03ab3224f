"""Importing the authority's own file: check it, look at the report, then import."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from web_portal.problems import InvalidError, NotFoundError, ServiceProblemError, TooLargeError
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/imports")


def _files() -> dict[str, tuple[str, str]]:
    return {
        "header": (
            "header.csv",
            _("One row for each child: CHILD, SEX, DOB, ETHNIC, UPN, MOTHER, MC_DOB"),
        ),
        "episodes": (
            "episodes.csv",
            _("One row for each episode of care: CHILD, DECOM, RNE, LS, CIN, PLACE and so on"),
        ),
        "people": (
            _("people.csv (optional)"),
            _(
                "Names, schools and who works with each child: CHILD, FIRST_NAME, LAST_NAME"
                " and so on"
            ),
        ),
    }


NEEDED = ("header", "episodes")
SHOWN = 200


@routes.get("")
async def new_import(visit: SignedIn) -> Response:
    """Show the form for the three files."""
    return await _form(visit, {})


async def _form(
    visit: Visit, errors: dict[str, str], general: list[str] | None = None, status: int = 200
) -> Response:
    codes = visit.authorities_as_virtual_school
    if not codes:
        raise NotFoundError(404)
    profiles = (await visit.call.get("pep", "/profiles")).json
    listed = profiles["profiles"] if isinstance(profiles, dict) else profiles
    items = [{"text": text} for text in general or []]
    items += [{"text": text, "href": f"#file-{name}"} for name, text in errors.items()]
    return await visit.page(
        "importing/new.html",
        status,
        title=_("Import children"),
        section="administration",
        back_link="/administration",
        back_text=_("Administration"),
        files=_files(),
        authorities=[each for each in listed if each["code"] in codes],
        errors=errors,
        error_items=items,
    )


@routes.post("")
async def check_files(visit: SignedIn) -> Response:
    """Send the files to be checked; nothing is imported yet."""
    form = await visit.form()
    authority = form.get("authority")
    if authority not in visit.authorities_as_virtual_school:
        raise NotFoundError(404)
    files, errors = {}, {}
    for name, (label, _hint) in _files().items():
        given = form.get(name)
        content = await given.read() if isinstance(given, UploadFile) and given.filename else b""
        if content:
            files[name] = (f"{name}.csv", content, "text/csv")
        elif name in NEEDED:
            errors[name] = _("Choose %(file)s, with something in it", file=label)
    if errors:
        return await _form(visit, errors, status=422)
    try:
        answer = await visit.call.upload("pep", "/imports", files, {"authority": authority})
    except TooLargeError:
        return await _form(visit, {}, [_("The files are too large: together at most 20 MB")], 413)
    except InvalidError as error:
        return await _refused(visit, error)
    return visit.go(f"/imports/{answer.json['import_id']}")


async def _refused(visit: Visit, error: ServiceProblemError) -> Response:
    errors: dict[str, str] = {}
    general = []
    for each in error.errors:
        name = next((part for part in each.field.split(".") if part in _files()), None)
        if name:
            errors[name] = each.message
        else:
            general.append(each.message)
    if not errors and not general:
        general.append(error.detail or _("The files could not be read"))
    return await _form(visit, errors, general, 422)


@routes.get("/{import_id}")
async def report(visit: SignedIn, import_id: UUID) -> Response:
    """Show the check's report, how far the import is, or what came of it."""
    return await _report(visit, (await visit.call.get("pep", f"/imports/{import_id}")).json)


async def _report(visit: Visit, found: dict[str, Any]) -> Response:
    titles = {
        "importing": _("Importing"),
        "imported": _("Import finished"),
        "failed": _("Import stopped"),
    }
    return await visit.page(
        "importing/report.html",
        title=titles.get(found["state"], _("Check of the files")),
        section="administration",
        found=found,
        problems=found["problems"][:SHOWN],
        back_link="/imports",
        back_text=_("Choose other files"),
    )


@routes.get("/{import_id}/problems.csv")
async def problems_file(visit: SignedIn, import_id: UUID) -> Response:
    """Hand over every problem as a CSV file."""
    answer = await visit.call.get("pep", f"/imports/{import_id}/problems.csv")
    headers = {"Content-Disposition": 'attachment; filename="problems.csv"'}
    return Response(answer.content, media_type="text/csv; charset=utf-8", headers=headers)


@routes.post("/{import_id}/run")
async def run_import(visit: SignedIn, import_id: UUID) -> Response:
    """Start the import of what was checked."""
    key = await visit.request_key()
    await visit.call.change("pep", "POST", f"/imports/{import_id}/run", {}, key=key)
    return await visit.saved(f"/imports/{import_id}")
