"""The authority's people, their sessions, and handing all of somebody's children over."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/leavers")


async def _accounts(visit: Visit, search: str = "") -> list[dict[str, Any]]:
    asked = {"authority": authority_of(visit), "q": search}
    return list((await visit.call.get("identity", "/accounts", asked)).json["accounts"])


@routes.get("")
async def people(visit: SignedIn) -> Response:
    """List the people of the authority, or those whom the last search found."""
    search = visit.session.data.get("people_search", "")
    return await visit.page(
        "administration/people.html",
        title="People",
        section="administration",
        authority=authority_of(visit),
        accounts=await _accounts(visit, search),
        search=search,
        back_link=f"/administration?authority={authority_of(visit)}",
    )


@routes.post("/search")
async def search(visit: SignedIn) -> Response:
    """Remember a search; names stay out of addresses, histories and logs."""
    await visit.remember_search("people_search")
    return visit.go(_back(visit))


def _back(visit: Visit, account_id: UUID | str = "") -> str:
    tail = f"/{account_id}" if account_id else ""
    return f"/administration/leavers{tail}?authority={authority_of(visit)}"


async def _person(visit: Visit, account_id: UUID, errors: dict[str, str]) -> Response:
    authority = authority_of(visit)
    theirs, everybody, sessions = await asyncio.gather(
        visit.call.get("pep", f"/people/{account_id}/children", {"authority": authority}),
        _accounts(visit),
        visit.call.get("identity", f"/accounts/{account_id}/sessions"),
    )
    others = [each for each in everybody if each["id"] != str(account_id)]
    return await visit.page(
        "administration/person.html",
        422 if errors else 200,
        title=theirs.json["account"]["name"],
        section="administration",
        authority=authority,
        person=theirs.json,
        others=others,
        sessions=sessions.json["sessions"],
        errors=errors,
        error_items=[{"text": text, "href": f"#{key}"} for key, text in errors.items()],
        back_link=_back(visit),
    )


@routes.get("/{account_id}")
async def person(visit: SignedIn, account_id: UUID) -> Response:
    """Show whom somebody works with, and where they are logged in."""
    return await _person(visit, account_id, {})


@routes.post("/{account_id}/hand-over")
async def hand_over(visit: SignedIn, account_id: UUID) -> Response:
    """Give all of somebody's children to a colleague."""
    chosen = (await visit.form()).get("to")
    if not isinstance(chosen, str) or not chosen:
        return await _person(visit, account_id, {"to": "Choose who takes the children over"})
    body = {"authority": authority_of(visit), "to_account_id": chosen, "role": None}
    try:
        path = f"/people/{account_id}/hand-over"
        done = await visit.call.change("pep", "POST", path, body, key=await visit.request_key())
    except InvalidError as error:
        return await _person(visit, account_id, {"to": error.words})
    count = done.json["children"]
    words = f"{count} {'child is' if count == 1 else 'children are'} handed over"
    return visit.go(_back(visit, account_id), words)


@routes.post("/{account_id}/log-out")
async def end_sessions(visit: SignedIn, account_id: UUID) -> Response:
    """Log somebody out everywhere, at once."""
    why = (await visit.form()).get("why")
    if not isinstance(why, str) or not why.strip():
        return await _person(visit, account_id, {"why": "Say why, for the record"})
    path = f"/accounts/{account_id}/sessions/end"
    await visit.call.change("identity", "POST", path, {"why": why.strip()})
    return visit.go(_back(visit, account_id), "They are logged out everywhere")
