"""The declarations of each authority, each ticked separately (B09-B12)."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.logging_in.steps import go_on, pending_of
from web_portal.problems import InvalidError, UnauthenticatedError
from web_portal.web.language import _
from web_portal.web.visit import AnyVisit, Visit

routes = APIRouter(prefix="/log-in/declarations")


def _name(authority: dict[str, Any], key: str) -> str:
    return f"{authority['authority']['code']}-{key}"


@routes.get("")
async def declarations_page(visit: AnyVisit) -> Response:
    """Show what is to be declared; nothing is ticked beforehand."""
    pending = pending_of(visit)
    if pending is None or not pending["declarations"]:
        return visit.go("/log-in")
    return await _page(visit, pending, set())


async def _page(
    visit: Visit,
    pending: dict[str, Any],
    ticked: set[str],
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    wrong = errors or {}
    return await visit.page(
        "logging_in/declarations.html",
        status,
        title=_("Before you go on"),
        asked=pending["declarations"],
        ticked=ticked,
        wrong=wrong,
        error_items=[{"text": text, "href": f"#{name}"} for name, text in wrong.items()],
        back_link="/log-in",
        quiet=True,
    )


@routes.post("")
async def declare(visit: AnyVisit) -> Response:
    """Take the ticks; each that is missing is named, with a link to it."""
    pending = pending_of(visit)
    if pending is None:
        return visit.go("/log-in")
    form, accepted = await visit.form(), []
    ticked, missing = set(), {}
    for authority in pending["declarations"]:
        keys = []
        for each in authority["declarations"]:
            name = _name(authority, each["key"])
            if form.get(name) == "yes":
                ticked.add(name)
                keys.append(each["key"])
            else:
                missing[name] = _("Tick “%(title)s”", title=each["title"])
        code, version = authority["authority"]["code"], authority["version"]
        accepted.append({"authority": code, "version": version, "keys": keys})
    if missing:
        return await _page(visit, pending, ticked, missing, 422)
    try:
        path = f"/logins/{pending['login_id']}/declarations"
        body = {"accepted": accepted}
        login = (await visit.call.change("identity", "POST", path, body)).json
    except InvalidError:
        return visit.go(
            "/log-in", _("The declarations have changed meanwhile"), _("Log in again to read them.")
        )
    except UnauthenticatedError:
        return visit.go("/log-in")
    return await go_on(visit, pending["after"], login)
