"""A child's access list and the record of who has opened the record."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, NotFoundError, RefusedError, StaleError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.paging import page_number
from web_portal.web.questions import Option, Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/children")
RELATIONS = (
    Option(value="carer", label="Carer"),
    Option(value="parent", label="Parent"),
    Option(value="young_person", label="The young person"),
)
CARER = [
    Question(key="name", label="Full name", type="line", mandatory=True, blank="Enter their name"),
    Question(
        key="email",
        label="Email address",
        type="email",
        mandatory=True,
        blank="Enter their email address",
        hint="They log in with it. The virtual school decides first.",
    ),
    Question(
        key="relation",
        label="Who they are to the child",
        type="choice",
        mandatory=True,
        blank="Choose who they are to the child",
        choices=RELATIONS,
    ),
]


def _to(child_id: UUID) -> str:
    return f"/children/{child_id}/access"


@routes.get("/{child_id}/access")
async def access_page(visit: SignedIn, child_id: UUID) -> Response:
    """Show who has access, since when, until when, and why."""
    return await _page(visit, child_id, saved(CARER))


async def _page(visit: Visit, child_id: UUID, carer: Answers, error: str = "") -> Response:
    answer = await visit.call.get("pep", f"/children/{child_id}/access")
    found, form = answer.json, show(CARER, carer)
    people: list[dict[str, Any]] = []
    if found["may"]["grant"]:
        asked = {"authority": found["authority"]["code"]}
        people = (await visit.call.get("identity", "/accounts", asked)).json["accounts"]
    mistakes = form.summary + ([{"text": error, "href": "#person"}] if error else [])
    return await visit.page(
        "access/list.html",
        422 if mistakes else 200,
        title="Who has access",
        section="home",
        found=found,
        people=people,
        form=form,
        version=found["version"],
        granting=error,
        error_items=mistakes,
        crumbs=[("Home", "/"), ("Child", f"/children/{child_id}")],
    )


@routes.post("/{child_id}/access/people")
async def grant(visit: SignedIn, child_id: UUID) -> Response:
    """Give somebody access in one of their roles."""
    form = await visit.form()
    account_id, _, role = str(form.get("person") or "").partition(" ")
    if not role:
        return await _page(visit, child_id, saved(CARER), "Choose a person")
    try:
        body = {"account_id": account_id, "role": role, "held_to": _last_day(form.get("until"))}
        path = f"/children/{child_id}/people"
        await visit.call.change("pep", "PUT", path, body, version=await visit.version())
    except StaleError:
        return visit.go(_to(child_id), "The record has changed meanwhile", "Try again.",
                        neutral=True)  # fmt: skip
    except InvalidError as error:
        return await _page(visit, child_id, saved(CARER), error.words)
    return visit.go(_to(child_id), "Access is given")


def _last_day(typed: Any) -> str | None:
    try:
        return date.fromisoformat(str(typed)).isoformat()
    except ValueError:
        return None


@routes.post("/{child_id}/access/people/{account_id}/{role}/end")
async def end(visit: SignedIn, child_id: UUID, account_id: UUID, role: str) -> Response:
    """Take access away, at once and in every service."""
    path = f"/children/{child_id}/people/{account_id}/{role}"
    try:
        await visit.call.change("pep", "DELETE", path, {}, version=await visit.version())
    except (StaleError, NotFoundError):
        return visit.go(_to(child_id), "The record has changed meanwhile", "Look again.",
                        neutral=True)  # fmt: skip
    return visit.go(_to(child_id), "Access is ended")


@routes.post("/{child_id}/access/carers")
async def ask_for_carer(visit: SignedIn, child_id: UUID) -> Response:
    """Ask the virtual school to let a carer, a parent or the young person in."""
    answers = read(CARER, await visit.form(), all_needed=True)
    if not answers.wrong:
        try:
            path = f"/children/{child_id}/carer-requests"
            key = await visit.request_key()
            await visit.call.change("pep", "POST", path, answers.values, key=key)
        except (InvalidError, RefusedError) as error:
            answers.place(error.errors, error.detail)
        else:
            return visit.go(_to(child_id), "The virtual school has been asked")
    return await _page(visit, child_id, answers)


@routes.get("/{child_id}/reads")
async def reads(visit: SignedIn, child_id: UUID) -> Response:
    """Show who has opened the child's record, when, and why they could."""
    asked = visit.request.query_params
    search = visit.session.data.get("reads_search", "")
    wanted = {
        "q": search,
        "from": _last_day(asked.get("from")),
        "to": _last_day(asked.get("to")),
        "page": page_number(asked.get("page")),
    }
    found = (await visit.call.get("pep", f"/children/{child_id}/reads", wanted)).json
    return await visit.page(
        "access/reads.html",
        title="Who has opened this record",
        section="home",
        found=found,
        child_id=child_id,
        search=search,
        wanted=wanted,
        crumbs=[("Home", "/"), ("Child", f"/children/{child_id}")],
    )


@routes.post("/{child_id}/reads/search")
async def search_reads(visit: SignedIn, child_id: UUID) -> Response:
    """Remember whose looks to show; a name stays out of the address."""
    await visit.remember_search("reads_search")
    return visit.go(f"/children/{child_id}/reads")
