"""A child's access list and the record of who has opened the record."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, NotFoundError, RefusedError, StaleError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.authorities import options, role_labels
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.questions import Option, Question
from web_portal.web.visit import LONGEST_SEARCH, SignedIn, Visit

routes = APIRouter(prefix="/children")


def _relations() -> tuple[Option, ...]:
    return (
        Option(value="carer", label=_("Carer")),
        Option(value="parent", label=_("Parent")),
        Option(value="young_person", label=_("The young person")),
    )


def _carer() -> list[Question]:
    return [
        Question(
            key="name",
            label=_("Full name"),
            type="line",
            mandatory=True,
            blank=_("Enter their name"),
        ),
        Question(
            key="email",
            label=_("Email address"),
            type="email",
            mandatory=True,
            blank=_("Enter their email address"),
            hint=_("They log in with it. The virtual school decides first."),
        ),
        Question(
            key="relation",
            label=_("Who they are to the child"),
            type="choice",
            mandatory=True,
            blank=_("Choose who they are to the child"),
            choices=_relations(),
        ),
    ]


def _to(child_id: UUID) -> str:
    return f"/children/{child_id}/access"


@routes.get("/{child_id}/access")
async def access_page(visit: SignedIn, child_id: UUID) -> Response:
    """Show who has access, since when, until when, and why."""
    return await _page(visit, child_id)


async def _page(
    visit: Visit, child_id: UUID, carer: Answers | None = None, granting: Answers | None = None
) -> Response:
    found = (await visit.call.get("pep", f"/children/{child_id}/access")).json
    carers, grants = show(_carer(), carer or saved(_carer())), None
    if found["may"]["grant"]:
        asked = await _granting(visit, found["authority"]["code"])
        grants = show(asked, granting or saved(asked))
    mistakes = carers.summary + (grants.summary if grants else [])
    return await visit.page(
        "access/list.html",
        422 if mistakes else 200,
        title=_("Who has access"),
        section="home",
        found=found,
        carers=carers,
        granting=grants,
        version=found["version"],
        error_items=mistakes,
        crumbs=[(_("Home"), "/"), (_("Child"), f"/children/{child_id}")],
    )


async def _granting(visit: Visit, authority: str) -> list[Question]:
    accounts, labels = await asyncio.gather(
        visit.call.get("identity", "/accounts", {"authority": authority}),
        role_labels(visit, authority),
    )
    people = {
        f"{each['id']} {grant['role']}": f"{each['name']}, {labels[grant['role']]}"
        for each in accounts.json["accounts"]
        for grant in each["grants"]
        if grant["role"] in labels
    }
    return [
        Question(
            key="person",
            label=_("Person and role"),
            type="choice",
            in_a_list=True,
            mandatory=True,
            blank=_("Choose a person"),
            choices=options(people),
        ),
        Question(
            key="held_to", label=_("Last day"), type="date", hint=_("Leave blank for no end.")
        ),
    ]


@routes.post("/{child_id}/access/people")
async def grant(visit: SignedIn, child_id: UUID) -> Response:
    """Give somebody access in one of their roles."""
    found = (await visit.call.get("pep", f"/children/{child_id}/access")).json
    asked = await _granting(visit, found["authority"]["code"])
    answers = read(asked, await visit.form(), all_needed=True)
    if not answers.wrong:
        account_id, _space, role = str(answers.values["person"]).partition(" ")
        days = {"held_to": answers.values["held_to"]}
        try:
            path = f"/children/{child_id}/people"
            body = {"account_id": account_id, "role": role, **days}
            await visit.call.change("pep", "PUT", path, body, version=await visit.version())
        except StaleError:
            return _changed(visit, child_id)
        except (InvalidError, RefusedError) as error:
            answers.place(error.errors, error.detail)
        else:
            return visit.go(_to(child_id), _("Access is given"))
    return await _page(visit, child_id, granting=answers)


def _changed(visit: Visit, child_id: UUID) -> Response:
    notice = _("The record has changed meanwhile")
    return visit.go(_to(child_id), notice, _("Look at it and try again."), neutral=True)


@routes.post("/{child_id}/access/people/{account_id}/{role}/end")
async def end(visit: SignedIn, child_id: UUID, account_id: UUID, role: str) -> Response:
    """Take access away, at once and in every service."""
    path = f"/children/{child_id}/people/{account_id}/{role}"
    try:
        await visit.call.change("pep", "DELETE", path, {}, version=await visit.version())
    except (StaleError, NotFoundError):
        return _changed(visit, child_id)
    return visit.go(_to(child_id), _("Access is ended"))


@routes.post("/{child_id}/access/carers")
async def ask_for_carer(visit: SignedIn, child_id: UUID) -> Response:
    """Ask the virtual school to let a carer, a parent or the young person in."""
    answers = read(_carer(), await visit.form(), all_needed=True)
    if not answers.wrong:
        try:
            path = f"/children/{child_id}/carer-requests"
            key = await visit.request_key()
            await visit.call.change("pep", "POST", path, answers.values, key=key)
        except (InvalidError, RefusedError) as error:
            answers.place(error.errors, error.detail)
        else:
            return visit.go(_to(child_id), _("The virtual school has been asked"))
    return await _page(visit, child_id, answers)


def _wanted() -> list[Question]:
    return [
        Question(key="q", label=_("Name"), type="line", hint=_("Or a part of it.")),
        Question(key="from", label=_("From"), type="date"),
        Question(key="to", label=_("To"), type="date"),
    ]


@routes.get("/{child_id}/reads")
async def reads(visit: SignedIn, child_id: UUID) -> Response:
    """Show who has opened the child's record, when, and why they could."""
    kept = visit.session.data.get("reads_search") or {}
    known = [each.model_copy(update={"value": kept.get(each.key)}) for each in _wanted()]
    return await _reads(visit, child_id, kept, saved(known))


async def _reads(
    visit: Visit, child_id: UUID, wanted: dict[str, Any], answers: Answers
) -> Response:
    page = page_number(visit.request.query_params.get("page"))
    asked = {**wanted, "page": page}
    found = (await visit.call.get("pep", f"/children/{child_id}/reads", asked)).json
    return await visit.page(
        "access/reads.html",
        422 if answers.wrong else 200,
        title=_("Who has opened this record"),
        section="home",
        found=found,
        child_id=child_id,
        narrowed=any(wanted.values()),
        form=show(_wanted(), answers),
        crumbs=[
            (_("Home"), "/"),
            (_("Child"), f"/children/{child_id}"),
            (_("Access"), _to(child_id)),
        ],
    )


@routes.post("/{child_id}/reads/search")
async def search_reads(visit: SignedIn, child_id: UUID) -> Response:
    """Remember whose looks to show; a name stays out of the address."""
    answers = read(_wanted(), await visit.form())
    if answers.wrong:
        return await _reads(visit, child_id, {}, answers)
    name = (answers.values["q"] or "")[:LONGEST_SEARCH]
    visit.session.put("reads_search", {**answers.values, "q": name})
    return visit.go(f"/children/{child_id}/reads")
