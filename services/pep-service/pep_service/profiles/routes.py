"""Reading the authorities' ways of working over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel

from epep_events.profile import AuthorityProfile
from epep_runtime.http import Asking, running_of
from pep_service.profiles.published import profile_of
from pep_service.read_models.profiles import newest_profiles

router = APIRouter(tags=["profiles"])

AuthorityCode = Annotated[str, Path(pattern=r"^\d{3}$", examples=["330"])]


class ProfileLine(BaseModel):
    """One authority in the list, with the newest version of its profile."""

    code: str
    name: str
    virtual_school_name: str
    version: int


@router.get("/profiles", summary="List the authorities")
async def list_profiles(asking: Asking, request: Request) -> list[ProfileLine]:  # noqa: ARG001
    """List every authority with its newest profile version; for anybody who is logged in."""
    rows = await newest_profiles(running_of(request).pool)
    return [ProfileLine(**row) for row in rows]


@router.get("/profiles/{code}", summary="Read an authority's profile")
async def read_profile(
    code: AuthorityCode,
    asking: Asking,  # noqa: ARG001
    request: Request,
) -> AuthorityProfile:
    """Return the newest version of an authority's way of working; 404 for an unknown authority."""
    return await profile_of(running_of(request).pool, code)
