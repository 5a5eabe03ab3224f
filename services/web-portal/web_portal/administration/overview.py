"""The administration's first page: what waits for the virtual school."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from web_portal.administration.visitors import authority_of
from web_portal.web.authorities import names_of
from web_portal.web.language import _
from web_portal.web.visit import SignedIn, Visit

routes = APIRouter(prefix="/administration")


@routes.get("")
async def administration(visit: SignedIn) -> Response:
    """Show what waits, and lead to each list."""
    authority = authority_of(visit)
    requests, carers = await asyncio.gather(
        _waiting(visit, "identity", "/access-requests", authority),
        _waiting(visit, "pep", "/carer-requests", authority),
    )
    return await visit.page(
        "administration/overview.html",
        title=_("Administration"),
        section="administration",
        authority=authority,
        authorities=await names_of(visit, visit.authorities_as_virtual_school),
        requests=requests,
        carers=carers,
    )


async def _waiting(visit: Visit, service: str, path: str, authority: str) -> int:
    asked: dict[str, Any] = {"authority": authority, "state": "waiting"}
    return int((await visit.call.get(service, path, asked)).json["total"])
