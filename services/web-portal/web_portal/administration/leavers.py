"""The authority's people, their sessions, and handing all of somebody's children over."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.authorities import role_labels
from web_portal.web.language import _, ngettext
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/leavers")
LONGEST_REASON = 200


async def accounts_of(
    visit: Visit, search: str = "", state: str = "active"
) -> list[dict[str, Any]]:
    """Return the people of the authority whose accounts are in use, or suspended."""
    asked = {"authority": authority_of(visit), "q": search, "state": state}
    return list((await visit.call.get("identity", "/accounts", asked)).json["accounts"])


@routes.get("")
async def people(visit: SignedIn) -> Response:
    """List the people of the authority, or those whom the last search found."""
    search, authority = visit.session.data.get("people_search", ""), authority_of(visit)
    state = "suspended" if visit.request.query_params.get("state") == "suspended" else "active"
    accounts, labels = await asyncio.gather(
        accounts_of(visit, search, state), role_labels(visit, authority)
    )
    return await visit.page(
        "administration/people.html",
        title=_("People"),
        section="administration",
        authority=authority,
        accounts=accounts,
        labels=labels,
        search=search,
        state=state,
        states={"active": _("In use"), "suspended": _("Suspended")},
        back_link=f"/administration?authority={authority}",
    )


@routes.post("/search")
async def search(visit: SignedIn) -> Response:
    """Remember a search; names stay out of addresses, histories and logs."""
    await visit.remember_search("people_search")
    return visit.go(back_to(visit))


def back_to(visit: Visit, account_id: UUID | str = "") -> str:
    """Return the address of the list of people, or of one of them."""
    tail = f"/{account_id}" if account_id else ""
    return f"/administration/leavers{tail}?authority={authority_of(visit)}"


async def _sessions(visit: Visit, account_id: UUID) -> list[dict[str, Any]]:
    """Return where somebody is logged in; nowhere for who has no role here any more."""
    try:
        return list(
            (await visit.call.get("identity", f"/accounts/{account_id}/sessions")).json["sessions"]
        )
    except NotFoundError:
        return []


async def person_page(visit: Visit, account_id: UUID, errors: dict[str, str]) -> Response:
    """Show one person, with what was wrong with what was asked of them."""
    authority = authority_of(visit)
    theirs, active, suspended, sessions, labels = await asyncio.gather(
        visit.call.get("pep", f"/people/{account_id}/children", {"authority": authority}),
        accounts_of(visit),
        accounts_of(visit, state="suspended"),
        _sessions(visit, account_id),
        role_labels(visit, authority),
    )
    known = {each["id"]: each for each in (*active, *suspended)}
    return await visit.page(
        "administration/person.html",
        422 if errors else 200,
        title=theirs.json["account"]["name"],
        section="administration",
        authority=authority,
        person=theirs.json,
        account_shown=known.get(str(account_id)),
        suspended=any(each["id"] == str(account_id) for each in suspended),
        labels=labels,
        others=[each for each in active if each["id"] != str(account_id)],
        sessions=sessions,
        errors=errors,
        typed=dict((await visit.form()).items()) if errors else {},
        error_items=[{"text": text, "href": f"#{key}"} for key, text in errors.items()],
        back_link=back_to(visit),
    )


@routes.get("/{account_id}")
async def person(visit: SignedIn, account_id: UUID) -> Response:
    """Show whom somebody works with, and where they are logged in."""
    return await person_page(visit, account_id, {})


@routes.post("/{account_id}/hand-over")
async def hand_over(visit: SignedIn, account_id: UUID) -> Response:
    """Give all of somebody's children to a colleague."""
    chosen = (await visit.form()).get("to")
    if not isinstance(chosen, str) or not chosen:
        return await person_page(visit, account_id, {"to": _("Choose who takes the children over")})
    body = {"authority": authority_of(visit), "to_account_id": chosen, "role": None}
    try:
        path = f"/people/{account_id}/hand-over"
        done = await visit.call.change("pep", "POST", path, body, key=await visit.request_key())
    except InvalidError as error:
        return await person_page(visit, account_id, {"to": error.words})
    count = done.json["children"]
    words = ngettext("%(num)s child is handed over", "%(num)s children are handed over", count)
    return visit.go(back_to(visit, account_id), words)


@routes.post("/{account_id}/log-out")
async def end_sessions(visit: SignedIn, account_id: UUID) -> Response:
    """Log somebody out everywhere, at once."""
    why = (await visit.form()).get("why")
    if not isinstance(why, str) or not why.strip():
        return await person_page(visit, account_id, {"why": _("Say why, for the record")})
    path = f"/accounts/{account_id}/sessions/end"
    await visit.call.change("identity", "POST", path, {"why": why.strip()})
    return visit.go(back_to(visit, account_id), _("They are logged out everywhere"))


@routes.post("/{account_id}/factors")
async def reset_factors(visit: SignedIn, account_id: UUID) -> Response:
    """Take somebody's app and passkeys away, whose phone or key is lost; they are told by mail."""
    why = await visit.typed("lost", LONGEST_REASON)
    if not why:
        return await person_page(visit, account_id, {"lost": _("Say how you know that it is them")})
    path = f"/accounts/{account_id}/factors/reset"
    try:
        await visit.call.change("identity", "POST", path, {"why": why})
    except RefusedError as error:
        return await person_page(visit, account_id, {"lost": error.detail})
    words = _("At their next log-in they get a code by email.")
    return visit.go(
        back_to(visit, account_id), _("Their app, passkeys and recovery codes are gone"), words
    )
