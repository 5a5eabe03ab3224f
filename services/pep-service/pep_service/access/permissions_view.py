"""The table of permissions over HTTP, with an authority's own titles and exceptions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_access.permissions import table
from epep_runtime.http import Asking, running_of
from pep_service.access.names import title
from pep_service.profiles.published import profile_of

router = APIRouter(tags=["access"])


class RoleLine(BaseModel):
    """A base role with its title."""

    role: str
    label: str


class PermissionLine(BaseModel):
    """One permission; `by_profile` says that the profile names the roles, page by page."""

    name: str
    what: str
    roles: list[str]
    by_profile: bool


class Permissions(BaseModel):
    """The whole table."""

    permissions: list[PermissionLine]
    roles: list[RoleLine]


@router.get("/permissions", summary="Who may do what")
async def get_permissions(
    asking: Asking,  # noqa: ARG001
    request: Request,
    authority: Annotated[str, Query(pattern=r"^([0-9]{3})?$")] = "",
) -> Permissions:
    """Return the table; with an authority's code, as that authority has it. 404 for an unknown."""
    profile = await profile_of(running_of(request).pool, authority) if authority else None
    overrides = profile.permissions.overrides if profile else {}
    order = table().most_first
    return Permissions(
        permissions=[
            PermissionLine(
                name=line.name,
                what=line.what,
                roles=sorted(table().allowed(line.name, (), overrides), key=order.index),
                by_profile=line.by_profile is not None,
            )
            for line in table().permissions.values()
        ],
        roles=[RoleLine(role=role, label=title(profile, role)) for role in order],
    )
