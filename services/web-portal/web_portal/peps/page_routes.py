"""One page of a PEP: reading it, saving it, and two people saving it at once."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from web_portal.peps import merging
from web_portal.peps.conflicts import Theirs, choose, conflict_page
from web_portal.peps.shell import Plan, load
from web_portal.problems import InvalidError, NotFoundError, StaleError, TooLargeError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import in_words, show
from web_portal.web.language import N_, _
from web_portal.web.questions import questions
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/peps")
FAMILY = frozenset({"carer", "parent", "young_person"})
REOPENED = N_("This section had been marked complete and is now open again.")


@routes.get("/{pep_id}/pages/{page_key}")
async def show_page(visit: SignedIn, pep_id: UUID, page_key: str) -> Response:
    """Show a page's form, or its answers to who may only read it."""
    plan = await load(visit, pep_id)
    known = plan.page(page_key)
    if known is None:
        raise NotFoundError(404)
    if known["kind"] != "form":
        return visit.go(plan.page_path(known))
    page = (await visit.call.get("pep", f"/peps/{pep_id}/pages/{page_key}")).json
    if page["may"].get("ask_for_carer"):
        page["carers"] = await _carers(visit, plan)
    if not page["may"]["write"]:
        return await _read_only(visit, plan, page)
    draft = await visit.draft()
    asked = questions(page["fields"])
    answers = read(asked, draft) if draft else saved(asked)
    return await _form(visit, plan, page, answers, draft)


async def _carers(visit: Visit, plan: Plan) -> dict[str, Any]:
    """Return which carers, parents and young people see the plan, and who is waiting to."""
    child_id = plan.pep["child"]["child_id"]
    found = (await visit.call.get("pep", f"/children/{child_id}/access")).json
    return {
        "path": f"/children/{child_id}/access#ask-for-carer",
        "let_in": [
            each for each in found["rows"] if each["role"] in FAMILY and each["state"] == "active"
        ],
        "waiting": [each for each in found["carer_requests"] if each["state"] == "waiting"],
    }


async def _read_only(visit: Visit, plan: Plan, page: dict[str, Any]) -> Response:
    rows = [(q, in_words(q, q.value)) for q in questions(page["fields"])]
    frame = plan.frame(page["page"]["key"], page["page"]["title"])
    return await visit.page("peps/page_read.html", page=page, rows=rows, **frame)


async def _form(
    visit: Visit,
    plan: Plan,
    page: dict[str, Any],
    answers: Answers,
    sent: FormData | None,
    status: int = 200,
) -> Response:
    asked = questions(page["fields"])
    opened_at = sent.get("version") if sent else None
    return await visit.page(
        "peps/page_form.html",
        status,
        page=page,
        form=show(asked, answers),
        bases=merging.bases(asked, sent),
        version=opened_at or page["version"],
        restored=sent is not None and status == 200,
        unsaved=sent is not None,
        **plan.frame(page["page"]["key"], page["page"]["title"]),
    )


@routes.post("/{pep_id}/pages/{page_key}")
async def save_page(visit: SignedIn, pep_id: UUID, page_key: str) -> Response:
    """Save a page. What is typed comes back with each mistake, and beside what others saved."""
    path = f"/peps/{pep_id}/pages/{page_key}"
    plan, answer = await asyncio.gather(load(visit, pep_id), visit.call.get("pep", path))
    page, form = answer.json, await visit.form()
    if page["may"].get("ask_for_carer"):
        page["carers"] = await _carers(visit, plan)
    asked = questions(page["fields"])
    answers = read(asked, form)
    if answers.wrong:
        return await _form(visit, plan, page, answers, form, 422)
    choice = choose(asked, answers, form)
    answers = choice.answers
    frame = plan.frame(page_key, page["page"]["title"])
    if not choice.made:
        return await conflict_page(visit, frame, _theirs(page), answers, chosen=True)
    try:
        result = await visit.call.change(
            "pep",
            "PUT",
            path,
            {"values": answers.values},
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except StaleError as error:
        return await conflict_page(visit, frame, _theirs(error.state or page), answers)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _form(visit, plan, page, answers, form, 422)
    except TooLargeError:
        answers.general.append(_("There is too much text on this page. Make it shorter"))
        return await _form(visit, plan, page, answers, form, 413)
    return await _saved(visit, plan, page_key, result.json, form)


async def _saved(
    visit: Visit, plan: Plan, page_key: str, result: dict[str, Any], form: FormData
) -> Response:
    missing = result.get("missing") or []
    page = plan.page(page_key) or {}
    changed = bool(result.get("changed", 1))
    notice = _("Saved") if changed else _("Nothing had changed, so nothing was saved")
    body = _(REOPENED) if result.get("reopened") else ""
    links = [{"text": m["label"], "href": f"#field-{m['field']}"} for m in missing]
    onward = form.get("then") == "next" and not missing
    if onward:
        return await visit.saved(
            plan.after(page_key), _("%(notice)s: %(page)s", notice=notice, page=page["title"]), body
        )
    path = plan.page_path(page)
    return await visit.saved(path, notice, body, links=links, neutral=not changed)


def _theirs(page: dict[str, Any]) -> Theirs:
    fields = questions(page["fields"])
    return Theirs(page["page"]["title"], fields, page["version"], page.get("saved"))
