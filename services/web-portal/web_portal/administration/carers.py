"""Carers, parents and young people whom somebody has asked access for."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, RefusedError, StaleError
from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/carers")


def _states() -> dict[str, str]:
    return {"waiting": _("Waiting"), "approved": _("Approved"), "refused": _("Refused")}


LONGEST_REASON = 200


@routes.get("")
async def carers(visit: SignedIn) -> Response:
    """List whom access was asked for."""
    return await _page(visit)


async def _page(visit: Visit, error: tuple[str, str] | None = None) -> Response:
    authority, asked = authority_of(visit), visit.request.query_params
    state = asked.get("state") if asked.get("state") in _states() else "waiting"
    wanted = {"authority": authority, "state": state, "page": page_number(asked.get("page"))}
    found = (await visit.call.get("pep", "/carer-requests", wanted)).json
    return await visit.page(
        "administration/carers.html",
        422 if error else 200,
        title=_("Carers and parents"),
        section="administration",
        authority=authority,
        found=found,
        state=state,
        states=_states(),
        wrong=error[0] if error else None,
        error_items=[{"text": error[1], "href": f"#why-{error[0]}"}] if error else [],
        back_link=f"/administration?authority={authority}",
    )


@routes.post("/{child_id}/{request_id}/approval")
async def approve(visit: SignedIn, child_id: UUID, request_id: UUID) -> Response:
    """Let the person see this child's plan, as far as carers may."""
    return await _decide(visit, child_id, request_id, "approval", {}, _("Access is given"))


@routes.post("/{child_id}/{request_id}/refusal")
async def refuse(visit: SignedIn, child_id: UUID, request_id: UUID) -> Response:
    """Refuse, with the reason."""
    text = await visit.typed("why", LONGEST_REASON)
    if not text:
        return await _page(visit, (str(request_id), _("Say why")))
    return await _decide(visit, child_id, request_id, "refusal", {"why": text}, _("It is refused"))


async def _decide(
    visit: Visit, child_id: UUID, request_id: UUID, how: str, body: dict[str, str], notice: str
) -> Response:
    path = f"/children/{child_id}/carer-requests/{request_id}/{how}"
    back = f"/administration/carers?authority={authority_of(visit)}"
    try:
        await visit.call.change("pep", "POST", path, body, version=await visit.version())
    except StaleError:
        return visit.go(
            back, _("The child’s record has changed meanwhile"), _("Try again."), neutral=True
        )
    except (RefusedError, InvalidError) as error:
        return visit.go(back, error.detail or _("That could not be done"), neutral=True)
    return visit.go(back, notice)
