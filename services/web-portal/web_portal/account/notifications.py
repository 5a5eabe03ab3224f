"""Which notifications I also want by email, and when.

The list, and what is always sent, is the service's.
"""

from datetime import time
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, StaleError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.formatting import clock
from web_portal.web.forms import show
from web_portal.web.language import N_, _
from web_portal.web.questions import Option, Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/account/notifications")
OFFERED = "offered"
"""The hidden fields that say which boxes the page had: one that is not ticked sends nothing."""
MOST = 50
AT_ONCE, DAILY = "at_once", "daily"
CHANGED = N_(
    "You have changed this in another window meanwhile. Check what is ticked, then save again"
)


def _when(found: dict[str, Any]) -> Question:
    hour = clock(time.fromisoformat(found["daily_at"]))
    return Question(
        key="when",
        label=_("When to email me"),
        type="choice",
        choices=(
            Option(value=AT_ONCE, label=_("One email for each message, at once")),
            Option(
                value=DAILY,
                label=_("One email a day, at %(time)s", time=hour),
                hint=_(
                    "With all the messages of the last day. Nothing comes on a day without any."
                ),
            ),
        ),
        value=DAILY if found["daily"] else AT_ONCE,
    )


def _questions(found: dict[str, Any]) -> list[Question]:
    return [_question(found), _when(found)]


def _question(found: dict[str, Any]) -> Question:
    listed = found["choosable"]
    return Question(
        key="mailed",
        label=_("Email me about"),
        type="choices",
        hint=_("Untick what you do not want by email."),
        choices=tuple(
            Option(value=each["kind"], label=each["label"], hint=each["hint"]) for each in listed
        ),
        value=[each["kind"] for each in listed if each["mailed"]],
    )


async def _page(
    visit: Visit, found: dict[str, Any], answers: Answers, version: int | None, status: int = 200
) -> Response:
    return await visit.page(
        "account/notifications.html",
        status,
        title=_("What we email you about"),
        section="account",
        form=show(_questions(found), answers),
        always=found["always"],
        version=version,
        back_link="/account",
    )


@routes.get("")
async def notifications_page(visit: SignedIn) -> Response:
    """Show what is mailed, to tick and untick, and what is always mailed, with the reason."""
    answer = await visit.call.get("notification", "/preferences")
    asked, draft = _questions(answer.json), await visit.draft()
    if draft is None:
        return await _page(visit, answer.json, saved(asked), answer.version)
    typed = draft.get("version")
    version = int(typed) if isinstance(typed, str) and typed.isdecimal() else answer.version
    return await _page(visit, answer.json, read(asked, draft), version)


@routes.post("")
async def choose(visit: SignedIn) -> Response:
    """Keep the choices. Where they were changed meanwhile, ask again with these still ticked."""
    form = await visit.form()
    answer = await visit.call.get("notification", "/preferences")
    answers = read(_questions(answer.json), form)
    offered = [each for each in form.getlist(OFFERED)[:MOST] if isinstance(each, str)]
    body: dict[str, Any] = {
        "without_mail": [each for each in offered if each not in answers.typed["mailed"]]
    }
    if answers.typed["when"] in {AT_ONCE, DAILY}:
        body["daily"] = answers.typed["when"] == DAILY
    version, key = await visit.version(), await visit.request_key()
    try:
        path = "/preferences"
        await visit.call.change("notification", "PUT", path, body, version=version, key=key)
    except StaleError:
        answers.general.append(_(CHANGED))
        return await _page(visit, answer.json, answers, answer.version, 412)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _page(visit, answer.json, answers, version, 422)
    return await visit.saved("/account", _("Your choices are saved"))
