"""SMART targets: the list, adding, amending, submitting, withdrawing."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.peps.shell import Plan, load
from web_portal.peps.target_form import target_questions
from web_portal.problems import ForbiddenError, InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")


def _why_asked() -> Question:
    return Question(
        key="reason",
        label=_("Why is the target withdrawn?"),
        type="text",
        mandatory=True,
        max_length=1000,
        rows=3,
        blank=_("Say why the target is withdrawn"),
    )


async def _both(visit: Visit, pep_id: UUID) -> tuple[Plan, dict[str, Any]]:
    plan, answer = await asyncio.gather(
        load(visit, pep_id), visit.call.get("pep", f"/peps/{pep_id}/targets")
    )
    return plan, answer.json


def _one(listed: dict[str, Any], target_id: UUID) -> dict[str, Any]:
    for target in listed["targets"]:
        if target["target_id"] == str(target_id):
            return dict(target)
    raise NotFoundError(404)


@routes.get("/{pep_id}/targets")
async def targets(visit: SignedIn, pep_id: UUID) -> Response:
    """List the targets."""
    plan, listed = await _both(visit, pep_id)
    frame = plan.frame("targets")
    return await visit.page("peps/targets.html", listed=listed, **frame)


@routes.get("/{pep_id}/targets/new")
async def new_target(visit: SignedIn, pep_id: UUID) -> Response:
    """Show an empty target, or the one that was being written."""
    plan, listed = await _both(visit, pep_id)
    if not listed["may"]["draft"]:
        raise ForbiddenError(403)
    return await _open(visit, plan, target_questions(listed["areas"]), _("Add a target"), listed)


@routes.get("/{pep_id}/targets/{target_id}")
async def one_target(visit: SignedIn, pep_id: UUID, target_id: UUID) -> Response:
    """Show one target to amend."""
    plan, listed = await _both(visit, pep_id)
    target = _one(listed, target_id)
    if not target["may"]["amend"]:
        raise ForbiddenError(403)
    asked = target_questions(listed["areas"], target)
    return await _open(visit, plan, asked, _("Change a target"), listed)


async def _open(
    visit: Visit, plan: Plan, asked: list[Question], heading: str, listed: dict[str, Any]
) -> Response:
    draft = await visit.draft()
    answers = read(asked, draft) if draft else saved(asked)
    return await _form(
        visit, plan, asked, answers, heading, version=listed["version"], restored=draft is not None
    )


async def _form(
    visit: Visit,
    plan: Plan,
    asked: list[Question],
    answers: Answers,
    heading: str,
    status: int = 200,
    *,
    version: int | None,
    restored: bool = False,
) -> Response:
    return await visit.page(
        "peps/target_form.html",
        status,
        form=show(asked, answers),
        version=version,
        restored=restored,
        unsaved=restored or status != 200,
        **plan.frame("targets", heading),
    )


@routes.post("/{pep_id}/targets/new")
async def add_target(visit: SignedIn, pep_id: UUID) -> Response:
    """Add a draft target."""
    plan, listed = await _both(visit, pep_id)
    return await _save(visit, plan, listed, None)


@routes.post("/{pep_id}/targets/{target_id}")
async def amend_target(visit: SignedIn, pep_id: UUID, target_id: UUID) -> Response:
    """Save a target's changes."""
    plan, listed = await _both(visit, pep_id)
    return await _save(visit, plan, listed, _one(listed, target_id))


async def _save(
    visit: Visit, plan: Plan, listed: dict[str, Any], target: dict[str, Any] | None
) -> Response:
    asked = target_questions(listed["areas"], target)
    answers = read(asked, await visit.form(), all_needed=True)
    heading = _("Change a target") if target else _("Add a target")
    opened = await visit.version()
    if answers.wrong:
        return await _form(visit, plan, asked, answers, heading, 422, version=opened)
    method, path = ("PUT", f"/{target['target_id']}") if target else ("POST", "")
    try:
        await visit.call.change(
            "pep",
            method,
            f"/peps/{plan.pep['pep_id']}/targets{path}",
            answers.values,
            version=opened if target else None,
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, plan, asked, answers, heading, error.status, version=opened)
    notice = _("Target saved") if target else _("Target added as a draft")
    return await visit.saved(f"{plan.path}/targets", notice)


@routes.post("/{pep_id}/targets/{target_id}/submission")
async def submit_target(visit: SignedIn, pep_id: UUID, target_id: UUID) -> Response:
    """Submit a target, which the meeting agreed."""
    await visit.call.change(
        "pep",
        "POST",
        f"/peps/{pep_id}/targets/{target_id}/submission",
        {},
        version=await visit.version(),
        key=await visit.request_key(),
    )
    return await visit.saved(f"/peps/{pep_id}/targets", _("Target submitted"))


@routes.get("/{pep_id}/targets/{target_id}/withdrawal")
async def ask_why(visit: SignedIn, pep_id: UUID, target_id: UUID) -> Response:
    """Ask why a target is withdrawn."""
    plan, listed = await _both(visit, pep_id)
    target = _one(listed, target_id)
    if not target["may"]["withdraw"]:
        raise ForbiddenError(403)
    draft = await visit.draft()
    answers = read([_why_asked()], draft) if draft else saved([_why_asked()])
    return await _why(visit, plan, target, answers, listed["version"])


async def _why(
    visit: Visit,
    plan: Plan,
    target: dict[str, Any],
    answers: Answers,
    version: int | None,
    status: int = 200,
) -> Response:
    return await visit.page(
        "peps/target_withdrawal.html",
        status,
        target=target,
        form=show([_why_asked()], answers),
        version=version,
        **plan.frame("targets", _("Withdraw a target")),
    )


@routes.post("/{pep_id}/targets/{target_id}/withdrawal")
async def withdraw_target(visit: SignedIn, pep_id: UUID, target_id: UUID) -> Response:
    """Withdraw a target with its reason."""
    plan, listed = await _both(visit, pep_id)
    target, opened = _one(listed, target_id), await visit.version()
    answers = read([_why_asked()], await visit.form(), all_needed=True)
    if answers.wrong:
        return await _why(visit, plan, target, answers, opened, 422)
    try:
        await visit.call.change(
            "pep",
            "POST",
            f"/peps/{pep_id}/targets/{target_id}/withdrawal",
            answers.values,
            version=opened,
            key=await visit.request_key(),
        )
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _why(visit, plan, target, answers, opened, error.status)
    return await visit.saved(f"{plan.path}/targets", _("Target withdrawn"))
