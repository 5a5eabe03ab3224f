"""Somebody's account: roles given and ended, suspended, restored, merged with their other one."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.leavers import LONGEST_REASON, accounts_of, back_to, person_page
from web_portal.administration.visitors import authority_of
from web_portal.problems import InvalidError, NotFoundError, RefusedError
from web_portal.web.answers import Answers, read, saved
from web_portal.web.authorities import options
from web_portal.web.forms import show
from web_portal.web.language import _
from web_portal.web.questions import Question
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration/leavers")


@routes.post("/{account_id}/roles")
async def give_role(visit: SignedIn, account_id: UUID) -> Response:
    """Give somebody another role in the authority."""
    role = await visit.typed("role", LONGEST_REASON)
    if not role:
        return await person_page(visit, account_id, {"role": _("Choose a role")})
    urn = await visit.typed("setting_urn", LONGEST_REASON)
    body = {"authority": authority_of(visit), "role": role, "setting_urn": urn or None}
    try:
        await visit.call.change("identity", "POST", f"/accounts/{account_id}/roles", body)
    except InvalidError as error:
        key = error.errors[0].field if error.errors else "role"
        errors = {"setting_urn" if key == "setting_urn" else "role": error.words}
        return await person_page(visit, account_id, errors)
    return visit.go(back_to(visit, account_id), _("The role is given"))


@routes.post("/{account_id}/roles/{role}/end")
async def end_role(visit: SignedIn, account_id: UUID, role: str) -> Response:
    """End a role; what it opened closes in every service within two seconds."""
    body = {"authority": authority_of(visit), "role": role}
    try:
        path = f"/accounts/{account_id}/roles/revocation"
        await visit.call.change("identity", "POST", path, body)
    except (InvalidError, NotFoundError):
        return visit.go(back_to(visit, account_id), _("They do not hold this role"), neutral=True)
    return visit.go(back_to(visit), _("The role is ended"))


@routes.post("/{account_id}/suspension")
async def suspend(visit: SignedIn, account_id: UUID) -> Response:
    """Let nobody use the account; they are logged out at once."""
    return await _close_or_open(visit, account_id, "suspension", _("The account is suspended"))


@routes.post("/{account_id}/restoration")
async def restore(visit: SignedIn, account_id: UUID) -> Response:
    """Let the account be used again."""
    return await _close_or_open(visit, account_id, "restoration", _("The account is restored"))


async def _close_or_open(visit: Visit, account_id: UUID, how: str, notice: str) -> Response:
    reason = await visit.typed("reason", LONGEST_REASON)
    if not reason:
        return await person_page(visit, account_id, {"reason": _("Say why, for the record")})
    try:
        path = f"/accounts/{account_id}/{how}"
        await visit.call.change("identity", "POST", path, {"why": reason})
    except RefusedError as error:
        return await person_page(visit, account_id, {"reason": error.detail})
    return visit.go(back_to(visit, account_id), notice)


async def _merging(visit: Visit, account_id: UUID) -> list[Question]:
    return _choosing(await accounts_of(visit), account_id)


def _choosing(accounts: list[dict[str, Any]], account_id: UUID) -> list[Question]:
    others = [each for each in accounts if each["id"] != str(account_id)]
    return [
        Question(
            key="into_account_id",
            label=_("The account that they keep"),
            type="choice",
            mandatory=True,
            in_a_list=True,
            blank=_("Choose the account that they keep"),
            choices=options({each["id"]: f"{each['name']} ({each['email']})" for each in others}),
        ),
        Question(
            key="why",
            label=_("How do you know that both belong to the same person?"),
            type="line",
            mandatory=True,
            blank=_("Say how you know"),
        ),
    ]


async def _merge_page(visit: Visit, account_id: UUID, answers: Answers | None = None) -> Response:
    accounts = await accounts_of(visit)
    questions = _choosing(accounts, account_id)
    path = f"/people/{account_id}/children"
    theirs = await visit.call.get("pep", path, {"authority": authority_of(visit)})
    return await visit.page(
        "administration/merge.html",
        422 if answers else 200,
        title=_("Merge an account of %(name)s", name=theirs.json["account"]["name"]),
        section="administration",
        authority=authority_of(visit),
        account_id=account_id,
        closing=next((each for each in accounts if each["id"] == str(account_id)), None),
        form=show(questions, answers or saved(questions)),
        back_link=back_to(visit, account_id),
    )


@routes.get("/{account_id}/merge")
async def merge_page(visit: SignedIn, account_id: UUID) -> Response:
    """Ask which account stays."""
    return await _merge_page(visit, account_id)


@routes.post("/{account_id}/merge")
async def merge(visit: SignedIn, account_id: UUID) -> Response:
    """Close the account for good; its roles and children go to the other."""
    answers = read(await _merging(visit, account_id), await visit.form(), all_needed=True)
    if not answers.wrong:
        try:
            path = f"/accounts/{account_id}/merger"
            await visit.call.change("identity", "POST", path, answers.values)
        except (InvalidError, RefusedError) as error:
            answers.place(error.errors, error.detail)
        else:
            kept = UUID(str(answers.values["into_account_id"]))
            words = _("Both addresses have been told by email. The children follow in a moment.")
            return visit.go(back_to(visit, kept), _("The two accounts are one"), words)
    return await _merge_page(visit, account_id, answers)
