"""Allocating children to workers by file, and the settings with their designated teachers."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, TooLargeError
from web_portal.web.authorities import role_labels
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration")
NEVER_IN_A_FILE = {"delegate", "operator", "auditor"}
"""Roles in which nobody is allocated to a child: they come another way."""


EXAMPLE = (
    "social_care_id,email,role,held_from,held_to\n"
    "C000123,jo.bennett@council.example,social_worker,2026-09-01,"
)


@routes.get("/allocations")
async def allocations(visit: SignedIn) -> Response:
    """Ask for the file."""
    return await _page(visit)


async def _page(visit: Visit, report: dict[str, Any] | None = None, error: str = "") -> Response:
    wrong = bool(error) or bool(report and report["problems"])
    authority = authority_of(visit)
    labels = await role_labels(visit, authority)
    return await visit.page(
        "administration/allocations.html",
        422 if wrong else 200,
        title=_("Allocate children by file"),
        section="administration",
        authority=authority,
        roles={r: label for r, label in labels.items() if r not in NEVER_IN_A_FILE},
        report=report,
        example=EXAMPLE,
        error_items=[{"text": error, "href": "#file"}] if error else [],
        back_link=f"/administration?authority={authority}",
    )


@routes.post("/allocations")
async def allocate(visit: SignedIn) -> Response:
    """Check the file, or carry it out; nothing is done while anything in it is wrong."""
    form, authority = await visit.form(), authority_of(visit)
    given = form.get("file")
    content = await given.read() if isinstance(given, UploadFile) and given.filename else b""
    if not content:
        return await _page(visit, error=_("Choose a file"))
    check = form.get("do") != "allocate"
    asked = {"authority": authority, "check": "true" if check else "false"}
    try:
        files = {"file": ("allocations.csv", content, "text/csv")}
        report = (await visit.call.upload("pep", "/allocations", files, asked)).json
    except TooLargeError:
        return await _page(visit, error=_("The file is too large"))
    except InvalidError as error:
        return await _page(visit, error=error.words)
    if report["problems"] or check:
        return await _page(visit, report)
    words = _(
        "%(changed)s changed, %(unchanged)s were so already.",
        changed=report["changed"],
        unchanged=report["unchanged"],
    )
    return visit.go(f"/administration?authority={authority}", _("The file is carried out"), words)


@routes.get("/settings")
async def settings(visit: SignedIn) -> Response:
    """List schools and settings with their designated teachers."""
    authority = authority_of(visit)
    found = (await visit.call.get("pep", "/settings", {"authority": authority})).json
    return await visit.page(
        "administration/settings.html",
        title=_("Schools and settings"),
        section="administration",
        authority=authority,
        settings=found["settings"],
        back_link=f"/administration?authority={authority}",
    )
