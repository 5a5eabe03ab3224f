"""The virtual school's queue of people who ask for access."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.checking import must_here
from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError
from identity_service.read_models.access_requests import PAGE_SIZE, one, queue
from identity_service.read_models.sign_in_rules import Rules, rules_of

router = APIRouter()


class Decided(BaseModel):
    """When and by whom a request was decided."""

    at: datetime
    by_account_id: UUID | None


class AccessRequest(BaseModel):
    """Somebody with a proved address who asks for a role; `invited`: may join a meeting already."""

    registration_id: UUID
    version: int
    account_id: UUID
    name: str
    email: str
    phone: str | None
    role: str
    role_label: str
    setting_urn: str | None
    team: str | None
    job_title: str | None
    asked_at: datetime
    validated_at: datetime
    state: Literal["waiting", "accepted", "refused"]
    decided: Decided | None
    why: str | None
    invited: bool


class AccessRequests(BaseModel):
    """One page of the queue, the longest waiting first."""

    total: int
    page: int
    page_size: int
    requests: list[AccessRequest]


def shown(row: Any, rules: Rules | None) -> AccessRequest:
    """Return a request as it is shown to the virtual school."""
    decided = None
    if row["decided_at"]:
        decided = Decided(at=row["decided_at"], by_account_id=row["decided_by"])
    return AccessRequest(
        registration_id=row["registration_id"],
        version=row["version"],
        account_id=row["account_id"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        role=row["role"],
        role_label=rules.label(row["role"]) if rules else row["role"],
        setting_urn=row["setting_urn"],
        team=row["team"],
        job_title=row["job_title"],
        asked_at=row["validated_at"],
        validated_at=row["validated_at"],
        state=row["state"],
        decided=decided,
        why=row["why"],
        invited=row["invited"],
    )


@router.get("/access-requests", summary="People who ask for access")
async def access_requests(
    principal: Asking,
    request: Request,
    authority: Annotated[str, Query(pattern="^[0-9]{3}$", examples=["330"])],
    state: Literal["waiting", "accepted", "refused"] = "waiting",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> AccessRequests:
    """Return one page of an authority's queue. For its virtual school only; others get 404."""
    pool = running_of(request).pool
    await must_here(pool, principal, authority, "people.manage")
    rules = (await rules_of(pool, [authority])).get(authority)
    total, rows = await queue(pool, authority, state, page)
    found = [shown(row, rules) for row in rows]
    return AccessRequests(total=total, page=page, page_size=PAGE_SIZE, requests=found)


@router.get(
    "/access-requests/{registration_id}",
    response_model=AccessRequest,
    summary="One who asks for access",
)
async def access_request(
    registration_id: UUID, principal: Asking, request: Request
) -> JSONResponse:
    """Return one request with its version. For the virtual school of the authority it is to."""
    pool = running_of(request).pool
    row = await one(pool, registration_id)
    if row is None:
        raise NotFoundError
    await must_here(pool, principal, row["authority"], "people.manage")
    found = shown(row, (await rules_of(pool, [row["authority"]])).get(row["authority"]))
    return JSONResponse(found.model_dump(mode="json"), headers={"ETag": f'"{found.version}"'})
