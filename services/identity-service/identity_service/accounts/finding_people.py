"""Find people who work with an authority's children, to assign or invite them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_access.checking import held_by
from epep_access.permissions import table
from epep_events.profile import Role
from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError
from epep_runtime.text import Line
from identity_service.accounts.shown import ShownAccount
from identity_service.read_models.accounts import people

router = APIRouter()


class People(BaseModel):
    """People with a role in the authority, by name; their roles elsewhere are left out."""

    accounts: list[ShownAccount]


@router.get("/accounts", summary="People of an authority", response_model=People)
async def find_people(
    principal: Asking,
    request: Request,
    authority: Annotated[str, Query(pattern="^[0-9]{3}$", examples=["330"])],
    role: Role | None = None,
    q: Annotated[Line, Query(description="Words of name or address")] = "",
    state: Literal["active", "suspended"] = "active",
) -> dict[str, Any]:
    """Return at most 500 people whose account is in use, or suspended; narrow with `q`.

    For the virtual school of that authority only; others get 404.
    """
    pool = running_of(request).pool
    held = await held_by(pool, principal)
    if held.inside(authority).isdisjoint(table().allowed("people.find")):
        raise NotFoundError
    return {"accounts": await people(pool, authority, role, q, active=state == "active")}
