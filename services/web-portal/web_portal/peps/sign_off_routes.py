"""Sign-off: each party marks its section complete, then the PEP is submitted or signed off."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.peps.shell import Plan, load
from web_portal.problems import ForbiddenError, RefusedError, StaleError
from web_portal.web.language import N_, _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")
STEPS = {
    "submission": (N_("Submit the PEP"), N_("PEP submitted")),
    "sign-off": (N_("Sign the PEP off"), N_("PEP signed off")),
}
CHANGED = N_(
    "Something in this PEP changed while you had the page open, so nothing was done. "
    "Look at how it is now, then try again"
)


async def _both(visit: Visit, pep_id: UUID) -> tuple[Plan, dict[str, Any]]:
    plan, answer = await asyncio.gather(
        load(visit, pep_id), visit.call.get("pep", f"/peps/{pep_id}/sign-off")
    )
    return plan, answer.json


@routes.get("/{pep_id}/sign-off")
async def sign_off_page(visit: SignedIn, pep_id: UUID) -> Response:
    """Show who has completed what, what is outstanding, and what may be done now."""
    plan, sheet = await _both(visit, pep_id)
    return await _sheet(visit, plan, sheet)


async def _sheet(
    visit: Visit,
    plan: Plan,
    sheet: dict[str, Any],
    status: int = 200,
    errors: Sequence[dict[str, str]] = (),
) -> Response:
    frame = plan.frame(plan.asked_for("sign_off", visit.request.query_params.get("page")))
    return await visit.page("peps/sign_off.html", status, sheet=sheet, error_items=errors, **frame)


async def _not_done(visit: Visit, pep_id: UUID, error: RefusedError | StaleError) -> Response:
    """Show the page as it is now, with why the button did nothing."""
    plan, sheet = await _both(visit, pep_id)
    items = [{"text": _(CHANGED)}] if isinstance(error, StaleError) else _refusal(plan, error)
    return await _sheet(visit, plan, sheet, error.status, items)


def _refusal(plan: Plan, refused: RefusedError) -> list[dict[str, str]]:
    items = []
    for each in refused.errors:
        page, _dot, field = each.field.partition(".")
        item = {"text": each.message}
        if plan.page(page):
            item["href"] = plan.field_path(page, field)
        items.append(item)
    return items or [{"text": refused.detail}]


@routes.post("/{pep_id}/sections/{section}/completion")
async def mark_complete(visit: SignedIn, pep_id: UUID, section: str) -> Response:
    """Mark a section complete; what is outstanding is listed with links when it cannot be."""
    try:
        await visit.call.change(
            "pep",
            "POST",
            f"/peps/{pep_id}/sections/{section}/completion",
            {},
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except (RefusedError, StaleError) as error:
        return await _not_done(visit, pep_id, error)
    return await visit.saved(f"/peps/{pep_id}/sign-off", _("Section marked complete"))


@routes.get("/{pep_id}/submission")
async def confirm_submission(visit: SignedIn, pep_id: UUID) -> Response:
    """Ask whether to submit the PEP."""
    return await _confirm(visit, pep_id, "submission")


@routes.get("/{pep_id}/sign-off/confirm")
async def confirm_sign_off(visit: SignedIn, pep_id: UUID) -> Response:
    """Ask whether to sign the PEP off, which cannot be undone."""
    return await _confirm(visit, pep_id, "sign-off")


async def _confirm(visit: Visit, pep_id: UUID, step: str) -> Response:
    plan, sheet = await _both(visit, pep_id)
    may = sheet["submission"]["may_submit"] if step == "submission" else sheet["final"]["may_sign"]
    if not may:
        raise ForbiddenError(403, detail=_("This cannot be done now. The sign-off page says why."))
    heading = _(STEPS[step][0])
    return await visit.page(
        "peps/sign_off_confirm.html",
        step=step,
        sheet=sheet,
        version=sheet["version"],
        **plan.frame("sign_off", heading),
    )


@routes.post("/{pep_id}/submission")
async def submit(visit: SignedIn, pep_id: UUID) -> Response:
    """Submit the PEP to the virtual school."""
    return await _finish(visit, pep_id, "submission", _("The virtual school has been told."))


@routes.post("/{pep_id}/sign-off/confirm")
async def sign_off(visit: SignedIn, pep_id: UUID) -> Response:
    """Sign the PEP off finally."""
    return await _finish(visit, pep_id, "sign-off", _("Next term’s PEP is being made ready."))


async def _finish(visit: Visit, pep_id: UUID, step: str, body: str) -> Response:
    try:
        await visit.call.change(
            "pep",
            "POST",
            f"/peps/{pep_id}/{step}",
            {},
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except (RefusedError, StaleError) as error:
        return await _not_done(visit, pep_id, error)
    return await visit.saved(f"/peps/{pep_id}", _(STEPS[step][1]), body)
