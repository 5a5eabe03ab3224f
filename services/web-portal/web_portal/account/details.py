"""My name and telephone number, my password, my e-mail address."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.problems import InvalidError, RefusedError, ThrottledError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit
from web_portal.web.waiting import please_wait
from web_portal.web.your_name import your_name

routes = APIRouter(prefix="/account")


def _details_asked() -> list[Question]:
    return [
        your_name(),
        Question(
            key="phone",
            label=_("Phone number"),
            type="line",
            width="govuk-input--width-20",
            autocomplete="tel",
        ),
        Question(key="job_title", label=_("Job title"), type="line"),
    ]


def _address_asked() -> list[Question]:
    return [
        Question(
            key="email",
            label=_("New email address"),
            type="email",
            mandatory=True,
            blank=_("Enter the new email address"),
            autocomplete="email",
            hint=_("We write to the old and to the new address. Both have to be confirmed."),
        )
    ]


def _passwords() -> dict[str, str]:
    return {"current": _("Enter the password you have now"), "new": _("Enter a new password")}


async def _form(
    visit: Visit, title: str, button: str, questions: list[Question], answers: Answers
) -> Response:
    return await visit.page(
        "account/form.html",
        422 if answers.wrong else 200,
        title=title,
        button=button,
        section="account",
        form=show(questions, answers),
        back_link="/account",
    )


async def _details(visit: Visit, answers: Answers) -> Response:
    return await _form(visit, _("My details"), _("Save"), _details_asked(), answers)


@routes.get("/details")
async def details_page(visit: SignedIn) -> Response:
    """Show my details to change them."""
    draft = await visit.draft()
    if draft is not None:
        return await _details(visit, read(_details_asked(), draft))
    me: dict[str, Any] = (await visit.call.get("identity", "/me")).json
    known = [each.model_copy(update={"value": me[each.key]}) for each in _details_asked()]
    return await _details(visit, saved(known))


@routes.post("/details")
async def save_details(visit: SignedIn) -> Response:
    """Save my details; everybody who works with my children sees the new name."""
    answers = read(_details_asked(), await visit.form(), all_needed=True)
    if answers.wrong:
        return await _details(visit, answers)
    try:
        await visit.call.change("identity", "PUT", "/me/details", answers.values)
    except InvalidError as error:
        answers.place(error.errors, error.detail)
        return await _details(visit, answers)
    account = {**(visit.session.account or {}), "name": answers.values["name"]}
    visit.session.put("account", account)
    return await visit.saved("/account", _("Your details are saved"))


async def _address(visit: Visit, answers: Answers) -> Response:
    return await _form(
        visit, _("Change email address"), _("Send both emails"), _address_asked(), answers
    )


@routes.get("/email")
async def address_page(visit: SignedIn) -> Response:
    """Ask for the new address."""
    draft = await visit.draft()
    return await _address(
        visit, read(_address_asked(), draft) if draft else saved(_address_asked())
    )


@routes.post("/email")
async def change_address(visit: SignedIn) -> Response:
    """Have both addresses asked."""
    answers = read(_address_asked(), await visit.form(), all_needed=True)
    if answers.wrong:
        return await _address(visit, answers)
    try:
        await visit.call.change("identity", "POST", "/me/email", answers.values)
    except (InvalidError, RefusedError) as error:
        answers.place(error.errors, error.detail)
        return await _address(visit, answers)
    except ThrottledError as error:
        answers.general.append(please_wait(error))
        return await _address(visit, answers)
    words = _("Open the link in each of them. Until both are confirmed, the old address stays.")
    return await visit.saved("/account", _("We have written to both addresses"), words)


async def _password(visit: Visit, errors: dict[str, str], status: int = 200) -> Response:
    return await visit.page(
        "account/password.html",
        status,
        title=_("Change password"),
        section="account",
        errors=errors,
        error_items=[{"text": text, "href": f"#{key}"} for key, text in errors.items()],
        back_link="/account",
    )


@routes.get("/password")
async def password_page(visit: SignedIn) -> Response:
    """Ask for the old and the new password."""
    return await _password(visit, {})


@routes.post("/password")
async def change_password(visit: SignedIn) -> Response:
    """Change the password; sessions elsewhere end."""
    form = await visit.form()
    typed = {key: form.get(key) for key in _passwords()}
    errors = {key: words for key, words in _passwords().items() if not typed[key]}
    if errors:
        return await _password(visit, errors, 422)
    try:
        await visit.call.change("identity", "POST", "/me/password", typed)
    except InvalidError as error:
        found = {each.field: each.message.rstrip(".") for each in error.errors}
        known = {key: text for key, text in found.items() if key in _passwords()}
        return await _password(visit, known or {"new": error.detail}, 422)
    except ThrottledError as error:
        return await _password(visit, {"current": please_wait(error)}, 429)
    words = _("You stay logged in here. Everywhere else you have been logged out.")
    return visit.go("/account", _("Your password is changed"), words)
