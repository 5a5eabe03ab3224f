"""Home: the children whom a person works with, across authorities (S27)."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter()


def _states() -> dict[str, str]:
    return {
        "no_pep": _("No PEP open"),
        "initiated": _("Meeting to be arranged"),
        "meeting_scheduled": _("Meeting arranged"),
        "meeting_confirmed": _("Meeting held"),
        "submitted": _("Submitted"),
        "returned": _("Returned"),
        "overdue": _("Overdue"),
    }


def _orders() -> dict[str, str]:
    return {
        "name": _("Name"),
        "meeting": _("Meeting date"),
        "due": _("Date to complete by"),
        "year": _("Year group"),
        "authority": _("Authority"),
    }


def _years() -> dict[str, str]:
    return {
        "-1": _("Nursery"),
        "0": _("Reception"),
        **{str(year): _("Year %(year)s", year=year) for year in range(1, 14)},
    }


FILTERS = ("authority", "setting", "year", "state", "needs_me", "order")


def _wish(visit: Visit) -> dict[str, Any]:
    """Return the search and the filters that the person last chose."""
    return {"q": visit.session.data.get("search", ""), **visit.session.data.get("home", {})}


@routes.get("/")
async def home(visit: SignedIn) -> Response:
    """List the person's children, those whom they last searched for."""
    wish, page = _wish(visit), page_number(visit.request.query_params.get("page"))
    account = visit.session.account or {}
    if not account.get("grants"):
        return await _next_steps(visit)
    found, choices, profiles = (
        answer.json
        for answer in await asyncio.gather(
            visit.call.get("pep", "/home", {**wish, "page": page}),
            visit.call.get("pep", "/home/choices"),
            visit.call.get("pep", "/profiles"),
        )
    )
    listed = profiles["profiles"] if isinstance(profiles, dict) else profiles
    held = {each["authority"] for each in account["grants"]}
    return await visit.page(
        "home/home.html",
        title=_("Home"),
        section="home",
        found=found,
        search=wish["q"],
        wish=wish,
        narrowed=any(wish.get(each) for each in FILTERS if each != "order"),
        authorities=[each for each in listed if each["code"] in held],
        settings=choices["settings"],
        states=_states(),
        orders=_orders(),
        years=_years(),
    )


async def _next_steps(visit: Visit) -> Response:
    """Say what happens next to somebody who has no role yet.

    What was granted meanwhile shows at once: identity is asked, not the session.
    """
    me = (await visit.call.get("identity", "/me")).json
    if me["grants"]:
        visit.session.put("account", {**(visit.session.account or {}), "grants": me["grants"]})
        return visit.go("/")
    return await visit.page(
        "home/waiting.html", title=_("What happens next"), section="home", asked=me["registrations"]
    )


@routes.post("/search")
async def search(visit: SignedIn) -> Response:
    """Remember a search and filters, and show what they find.

    They are kept in the session and not in the address: a child's name stays out of histories and
    logs.
    """
    form = await visit.form()
    await visit.remember_search("search")
    if form.get("clear"):
        visit.session.put("home", None)
    elif form.get("filters"):
        chosen = {key: form.get(key) for key in FILTERS}
        allowed = {
            "state": _states(),
            "order": _orders(),
            "year": _years(),
            "needs_me": {"true": ""},
        }
        kept = {
            key: value
            for key, value in chosen.items()
            if isinstance(value, str) and value and value in allowed.get(key, {value: ""})
        }
        for key, length in (("authority", 3), ("setting", 6)):
            if key in kept and not (kept[key].isdecimal() and len(kept[key]) == length):
                del kept[key]
        visit.session.put("home", kept or None)
    return visit.go("/")


@routes.get("/my-children.csv")
async def home_file(visit: SignedIn) -> Response:
    """Hand the list over as a file, as it is narrowed now."""
    answer = await visit.call.get("pep", "/home.csv", _wish(visit), seconds=60.0)
    headers = {"Content-Disposition": 'attachment; filename="my-children.csv"'}
    return Response(answer.content, media_type="text/csv; charset=utf-8", headers=headers)
