"""My second factors: authenticator app, passkeys, recovery codes."""

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from web_portal.problems import InvalidError
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/account/factors")


def _kinds() -> dict[str, str]:
    return {"totp": _("Authenticator app"), "passkey": _("Passkey")}


def _names() -> dict[str, str]:
    return {"totp": _("My phone"), "passkey": _("My passkey")}


LONGEST_NAME = 200


@routes.get("")
async def factors_page(visit: SignedIn) -> Response:
    """List what the person logs in with beside the password."""
    found = (await visit.call.get("identity", "/me/factors")).json
    if found["reauthenticated_until"] is None:  # asked first, so that nothing typed here is lost
        return visit.go("/account/confirm?next=/account/factors")
    return await visit.page(
        "account/factors.html",
        title=_("How you log in"),
        section="account",
        found=found,
        kinds=_kinds(),
        back_link="/account",
    )


async def _name(visit: Visit, otherwise: str) -> str:
    return await visit.typed("name", LONGEST_NAME) or otherwise


@routes.post("/totp")
async def add_app(visit: SignedIn) -> Response:
    """Begin to add an authenticator app: show what it has to know."""
    body = {"name": await _name(visit, _names()["totp"])}
    found = (await visit.call.change("identity", "POST", "/me/factors/totp", body)).json
    return await _app(visit, found)


async def _app(visit: Visit, found: dict[str, Any], error: str = "") -> Response:
    visit.session.put("new_app", found)
    return await visit.page(
        "account/app.html",
        422 if error else 200,
        title=_("Add an authenticator app"),
        section="account",
        found=found,
        qr=Markup(found["qr_svg"]),  # noqa: S704 - drawn by identity-service of its own secret
        error_items=[{"text": error, "href": "#code"}] if error else [],
        back_link="/account/factors",
    )


@routes.post("/totp/{factor_id}")
async def confirm_app(visit: SignedIn, factor_id: UUID) -> Response:
    """Try the app's first code; from then on it is asked for."""
    typed, found = (await visit.form()).get("code"), visit.session.data.get("new_app")
    if found is None or found["factor_id"] != str(factor_id):
        return visit.go("/account/factors")
    code = "".join(typed.split()) if isinstance(typed, str) else ""
    try:
        path = f"/me/factors/totp/{factor_id}/confirmation"
        added = (await visit.call.change("identity", "POST", path, {"code": code})).json
    except InvalidError:
        return await _app(visit, found, _("Enter the six-digit code that the app shows now"))
    visit.session.put("new_app", None)
    return await _added(visit, added, _("Your authenticator app is added"))


async def _added(visit: Visit, added: dict[str, Any], words: str) -> Response:
    if not added.get("recovery_codes"):
        return visit.go("/account/factors", words)
    return await _codes(visit, added["recovery_codes"], words)


async def _codes(visit: Visit, codes: list[str], words: str) -> Response:
    return await visit.page(
        "account/codes.html", title=_("Keep these recovery codes"), section="account", codes=codes,
        words=words,
    )  # fmt: skip


@routes.post("/passkey")
async def add_passkey(visit: SignedIn) -> Response:
    """Begin to add a passkey: the page's script asks the browser for one."""
    body = {"name": await _name(visit, _names()["passkey"])}
    found = (await visit.call.change("identity", "POST", "/me/factors/passkey", body)).json
    return await visit.page(
        "account/passkey.html",
        title=_("Add a passkey"),
        section="account",
        factor_id=found["factor_id"],
        options=orjson.dumps(found["options"]).decode(),
        back_link="/account/factors",
    )


@routes.post("/passkey/{factor_id}")
async def confirm_passkey(visit: SignedIn, factor_id: UUID) -> Response:
    """Keep the passkey that the browser made."""
    try:
        body = {"credential": orjson.loads(str((await visit.form()).get("credential") or ""))}
        path = f"/me/factors/passkey/{factor_id}/confirmation"
        added = (await visit.call.change("identity", "POST", path, body)).json
    except (orjson.JSONDecodeError, InvalidError):
        return visit.go(
            "/account/factors", _("The passkey was not added"), _("Try again."), neutral=True
        )
    return await _added(visit, added, _("Your passkey is added"))


@routes.post("/codes")
async def new_codes(visit: SignedIn) -> Response:
    """Make new recovery codes; the old ones are worthless from now on."""
    made = (await visit.call.change("identity", "POST", "/me/recovery-codes", {})).json
    return await _codes(visit, made["recovery_codes"], _("Your old recovery codes no longer work"))


@routes.post("/{factor_id}/name")
async def rename(visit: SignedIn, factor_id: UUID) -> Response:
    """Call a factor something else."""
    body = {"name": await _name(visit, _names()["totp"])}
    await visit.call.change("identity", "PUT", f"/me/factors/{factor_id}", body)
    return visit.go("/account/factors", _("Renamed"))


@routes.post("/{factor_id}/removal")
async def remove(visit: SignedIn, factor_id: UUID) -> Response:
    """Remove a factor; without any, codes come by mail again."""
    await visit.call.change("identity", "DELETE", f"/me/factors/{factor_id}", {})
    return visit.go("/account/factors", _("Removed"))
