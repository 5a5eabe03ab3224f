"""People who ask for access: the virtual school gives them a role, or says why not."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, RefusedError, StaleError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.authorities import names_of
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.paging import page_number
from web_portal.web.questions import Option, Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/requests")


def _states() -> dict[str, str]:
    return {"waiting": _("Waiting"), "accepted": _("Accepted"), "refused": _("Refused")}


def _why() -> Question:
    return Question(
        key="why",
        label=_("Why not? The person is sent this"),
        type="text",
        mandatory=True,
        blank=_("Say why, so that the person knows what to do"),
        max_length=1000,
        rows=3,
    )


@routes.get("")
async def queue(visit: SignedIn) -> Response:
    """List who waits, the longest first, or who was answered."""
    authority, asked = authority_of(visit), visit.request.query_params
    state = asked.get("state") if asked.get("state") in _states() else "waiting"
    wanted = {"authority": authority, "state": state, "page": page_number(asked.get("page"))}
    found = (await visit.call.get("identity", "/access-requests", wanted)).json
    several = len(visit.authorities_as_virtual_school) > 1
    name = (await names_of(visit, [authority]))[authority] if several else None
    return await visit.page(
        "administration/requests.html",
        title=_("People who ask for access"),
        section="administration",
        authority=authority,
        authority_name=name,
        found=found,
        state=state,
        states=_states(),
        back_link=f"/administration?authority={authority}",
    )


async def _one(visit: Visit, registration_id: UUID) -> tuple[dict[str, Any], int | None]:
    answer = await visit.call.get("identity", f"/access-requests/{registration_id}")
    return answer.json, answer.version


async def _granting(visit: Visit, request: dict[str, Any]) -> list[Question]:
    authority = authority_of(visit)
    options = (await visit.call.get("identity", "/registration-options")).json["authorities"]
    roles: list[dict[str, Any]] = next(
        (each["roles"] for each in options if each["code"] == authority), []
    )
    return [
        Question(
            key="role",
            label=_("Role"),
            type="choice",
            mandatory=True,
            blank=_("Choose a role"),
            value=request["role"],
            choices=tuple(Option(value=r["value"], label=r["label"]) for r in roles),
        ),
        Question(
            key="setting_urn",
            label=_("School or setting"),
            type="line",
            hint=_("Its six-digit URN; needed for a designated teacher."),
            value=request["setting_urn"],
            width="govuk-input--width-10",
        ),
    ]


async def _page(
    visit: Visit,
    registration_id: UUID,
    granting: Answers | None = None,
    refusing: Answers | None = None,
) -> Response:
    request, version = await _one(visit, registration_id)
    questions = await _granting(visit, request)
    yes_form = show(questions, granting or saved(questions))
    no_form = show([_why()], refusing or saved([_why()]))
    wrong = any(each.wrong for each in (granting, refusing) if each)
    return await visit.page(
        "administration/request.html",
        422 if wrong else 200,
        title=request["name"],
        section="administration",
        authority=authority_of(visit),
        asked=request,
        version=version,
        yes=yes_form,
        no=no_form,
        error_items=yes_form.summary + no_form.summary,
        back_link=f"/administration/requests?authority={authority_of(visit)}",
    )


@routes.get("/{registration_id}")
async def request_page(visit: SignedIn, registration_id: UUID) -> Response:
    """Show one who asks."""
    return await _page(visit, registration_id)


def _list(visit: Visit) -> str:
    return f"/administration/requests?authority={authority_of(visit)}"


@routes.post("/{registration_id}/acceptance")
async def accept(visit: SignedIn, registration_id: UUID) -> Response:
    """Give the role; the person is mailed."""
    request, _version = await _one(visit, registration_id)
    answers = read(await _granting(visit, request), await visit.form(), all_needed=True)
    done = _("%(name)s has access now", name=request["name"])
    decided = await _decide(visit, registration_id, "acceptance", answers, done)
    return decided or await _page(visit, registration_id, answers)


@routes.post("/{registration_id}/refusal")
async def refuse(visit: SignedIn, registration_id: UUID) -> Response:
    """Refuse with a reason; the person is mailed."""
    answers = read([_why()], await visit.form(), all_needed=True)
    done = _("The request is refused, and the person is told why")
    decided = await _decide(visit, registration_id, "refusal", answers, done)
    return decided or await _page(visit, registration_id, refusing=answers)


async def _decide(
    visit: Visit, registration_id: UUID, how: str, answers: Answers, done: str
) -> Response | None:
    """Send the decision and go to the list; None where an answer must be mended first."""
    if answers.wrong:
        return None
    try:
        await visit.call.change(
            "identity",
            "POST",
            f"/access-requests/{registration_id}/{how}",
            answers.values,
            version=await visit.version(),
            key=await visit.request_key(),
        )
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return None
    except (RefusedError, StaleError):
        return visit.go(_list(visit), _("Somebody else has answered this request"), neutral=True)
    return visit.go(_list(visit), done)
