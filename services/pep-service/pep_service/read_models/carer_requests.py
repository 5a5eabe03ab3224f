"""Read model: who asked for a carer's access, for the virtual school to decide."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from epep_access.checking import acting_in
from epep_access.people import names_of, people_by_email
from epep_events.access import (
    CarerAccessApproved,
    CarerAccessRefused,
    CarerAccessRequested,
    CarerRelation,
)
from epep_events.envelope import Metadata
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector
from pep_service.access.names import title
from pep_service.peps.reading import stamp_of
from pep_service.profiles.published import profile_of
from pep_service.read_models.children import children_of

router = APIRouter(tags=["access"])
PAGE_SIZE = 25
State = Literal["waiting", "approved", "refused"]


async def _asked(connection: Connection, event: CarerAccessRequested, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO carer_requests (request_id, child_id, authority, name, email, relation,"
        " asked_at, asked_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        event.request_id,
        event.child_id,
        meta.authority,
        event.name,
        event.email,
        event.relation,
        meta.occurred_at,
        stamp_of(meta).account_id,
    )


async def _decide(
    connection: Connection, request_id: UUID, state: str, why: str | None, meta: Metadata
) -> None:
    await connection.execute(
        "UPDATE carer_requests SET state = $2, why = $3, decided_at = $4, decided_by = $5"
        " WHERE request_id = $1",
        request_id,
        state,
        why,
        meta.occurred_at,
        stamp_of(meta).account_id,
    )


async def _approved(connection: Connection, event: CarerAccessApproved, meta: Metadata) -> None:
    await _decide(connection, event.request_id, "approved", None, meta)


async def _refused(connection: Connection, event: CarerAccessRefused, meta: Metadata) -> None:
    await _decide(connection, event.request_id, "refused", event.why, meta)


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("DELETE FROM carer_requests WHERE child_id = $1", subject)


CARER_REQUESTS = Projector(
    name="carer_requests",
    contexts=("pep", "identity"),
    forget=_forget,
    tables=("carer_requests",),
    handles={
        CarerAccessRequested: _asked,
        CarerAccessApproved: _approved,
        CarerAccessRefused: _refused,
    },
)


class Done(BaseModel):
    """When, and by whom (as far as the name is known)."""

    at: datetime
    by: str


class CarerRequest(BaseModel):
    """One request; `has_account` tells whether the address belongs to an account by now."""

    request_id: UUID
    child_id: UUID
    child_name: str
    child_version: int
    name: str
    email: str
    relation: CarerRelation
    relation_label: str
    asked: Done
    state: State
    decided: Done | None
    why: str | None
    has_account: bool


class CarerRequests(BaseModel):
    """One page of an authority's requests, the longest waiting first."""

    total: int
    page: int
    page_size: int = PAGE_SIZE
    requests: list[CarerRequest]


async def shown(pool: Pool, authority: str, rows: list[Any]) -> list[CarerRequest]:
    """Return these rows with names, for people who may decide about them or ask."""
    profile = await profile_of(pool, authority)
    children = await children_of(pool, [row["child_id"] for row in rows])
    actors = [row[each] for row in rows for each in ("asked_by", "decided_by") if row[each]]
    known = await names_of(pool, actors)
    accounts = await people_by_email(pool, [row["email"] for row in rows])
    versions = await pool.fetch(
        "SELECT stream_id, max(stream_version) AS version FROM events"
        " WHERE stream_id = ANY($1) GROUP BY stream_id",
        [f"child-{row['child_id']}" for row in rows],
    )
    version_of = {row["stream_id"]: row["version"] for row in versions}

    def one(row: Any) -> CarerRequest:
        child = children.get(row["child_id"])
        decided = row["decided_at"]
        return CarerRequest(
            request_id=row["request_id"],
            child_id=row["child_id"],
            child_name=child.name if child else "",
            child_version=version_of.get(f"child-{row['child_id']}", 0),
            name=row["name"],
            email=row["email"],
            relation=row["relation"],
            relation_label=title(profile, row["relation"]),
            asked=Done(at=row["asked_at"], by=known.get(row["asked_by"], "Somebody")),
            state=row["state"],
            decided=Done(at=decided, by=known.get(row["decided_by"], "Somebody"))
            if decided
            else None,
            why=row["why"],
            has_account=row["email"] in accounts,
        )

    return [one(row) for row in rows]


async def of_child(pool: Pool, authority: str, child_id: UUID) -> list[CarerRequest]:
    """Return all requests for one child, newest first."""
    rows = await pool.fetch(
        "SELECT * FROM carer_requests WHERE child_id = $1 ORDER BY asked_at DESC", child_id
    )
    return await shown(pool, authority, rows)


@router.get("/carer-requests", summary="Requests for carers’ access")
async def list_requests(
    asking: Asking,
    request: Request,
    authority: Annotated[str, Query(pattern=r"^[0-9]{3}$")],
    state: State = "waiting",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> CarerRequests:
    """Return an authority's requests in that state, for its virtual school; others get 404."""
    pool = running_of(request).pool
    (await acting_in(pool, asking, authority)).must("carers.list")
    rows = await pool.fetch(
        "SELECT *, count(*) OVER () AS total FROM carer_requests"
        " WHERE authority = $1 AND state = $2 ORDER BY asked_at, request_id LIMIT $3 OFFSET $4",
        authority,
        state,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    total = rows[0]["total"] if rows else 0
    return CarerRequests(total=total, page=page, requests=await shown(pool, authority, rows))
