"""Find people who work with an authority's children, to assign or invite them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError
from epep_runtime.text import Line
from identity_service.accounts.shown import ShownAccount
from identity_service.read_models.accounts import people

router = APIRouter()
RoleToFind = Literal[
    "social_worker", "designated_teacher", "virtual_school", "coordinator", "carer", "iro"
]


class People(BaseModel):
    """People with a role in the authority, by name; their roles elsewhere are left out."""

    accounts: list[ShownAccount]


@router.get("/accounts", summary="People of an authority", response_model=People)
async def find_people(
    principal: Asking,
    request: Request,
    authority: Annotated[str, Query(pattern="^[0-9]{3}$", examples=["330"])],
    role: RoleToFind | None = None,
    q: Annotated[Line, Query(description="Words of name or address")] = "",
) -> dict[str, Any]:
    """Return at most 500 people whose account is in use; narrow the search with `q`.

    For the virtual school of that authority only; others get 404.
    """
    if not principal.has(authority, "virtual_school"):
        raise NotFoundError
    return {"accounts": await people(running_of(request).pool, authority, role, q)}
