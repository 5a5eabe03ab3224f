"""The child's access list: who, in which role, why, since when, until when, last seen when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.answers import Answers
from epep_access.checking import Acting, acting_for_child
from epep_runtime.http import Asking, running_of
from epep_runtime.language import _
from epep_runtime.postgres import Pool
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from pep_service.access.names import BASIS_LABELS, PersonName, State, state_at, title
from pep_service.children.child import CHILD
from pep_service.profiles.published import profile_of
from pep_service.read_models.carer_requests import CarerRequest, of_child

router = APIRouter(tags=["access"])

ROWS = """
SELECT r.account_id, r.role, r.basis, r.since, r.until, r.reason, r.through, p.name, p.email,
       t.name AS through_name,
       (SELECT max(at) FROM readings o
         WHERE o.child_id = r.child_id AND o.account_id = r.account_id) AS last_seen,
       r.basis IN ('allocated', 'emergency') AND role_has_ended(r.account_id, r.role) AS lost
  FROM access_relations() r
  LEFT JOIN known_people p ON p.account_id = r.account_id
  LEFT JOIN known_people t ON t.account_id = r.through
 WHERE r.child_id = $1 AND (r.until IS NULL OR r.until > r.since)
 ORDER BY r.until NULLS FIRST, r.since, r.account_id
"""


class MayEndAccess(BaseModel):
    """What the caller may do with the line."""

    end: bool


class AccessRow(BaseModel):
    """Somebody's relationship with the child; `through` is whom they stand in for."""

    account_id: UUID
    name: str
    email: str | None
    role: str
    role_label: str
    basis: str
    basis_label: str
    since: datetime
    until: datetime | None
    state: State
    last_seen: datetime | None
    through: PersonName | None
    reason: str | None
    may: MayEndAccess


class AccessMay(BaseModel):
    """What the caller may do on the page."""

    grant: bool
    request_carer: bool
    decide_carers: bool
    see_reads: bool


class AuthorityLine(BaseModel):
    """An authority."""

    code: str
    name: str


class AccessList(BaseModel):
    """Everybody with access to the child, but for those who work for the whole authority."""

    child_id: UUID
    version: int
    authority: AuthorityLine
    rows: list[AccessRow]
    carer_requests: list[CarerRequest]
    may: AccessMay


async def relations(pool: Pool, child_id: UUID) -> list[Any]:
    """Return every relationship with the child as rows, past and to come."""
    rows = await pool.fetch(ROWS, child_id)
    # Who teaches at the child's setting for several authorities holds the role several times.
    lines = {
        (row["account_id"], row["role"], row["basis"], row["until"], row["through"]): row
        for row in reversed(rows)
    }
    return [*reversed(lines.values())]


async def access_rows(running: Running, acting: Acting) -> list[AccessRow]:
    """Return the lines that the caller may see: overseers see what is over and last looks, too."""
    oversees = acting.may("child.oversee")
    profile = await profile_of(running.pool, acting.authority)
    now, assigns = running.store.clock(), acting.may("child.assign")
    shown = []
    for row in await relations(running.pool, acting.child_id):
        state: State = "ended" if row["lost"] else state_at(now, row["since"], row["until"])
        if state != "active" and not oversees:
            continue
        through = row["through"]
        shown.append(
            AccessRow(
                account_id=row["account_id"],
                name=row["name"] or _("Name not known yet"),
                email=row["email"] if acting.may("child.read_restricted") else None,
                role=row["role"],
                role_label=title(profile, row["role"]),
                basis=row["basis"],
                basis_label=_(BASIS_LABELS[row["basis"]]),
                since=row["since"],
                until=row["until"],
                state=state,
                last_seen=row["last_seen"] if oversees else None,
                through=PersonName(account_id=through, name=row["through_name"] or "")
                if through
                else None,
                reason=row["reason"] if oversees else None,
                may=MayEndAccess(end=assigns and state != "ended" and row["basis"] == "allocated"),
            )
        )
    return shown


@router.get("/children/{child_id}/access", summary="Who has access", response_model=AccessList)
async def child_access(child_id: UUID, asking: Asking, request: Request) -> JSONResponse:
    """Return the child's access list. The ETag is the child's version, to grant and revoke with."""
    running = running_of(request)
    acting = await acting_for_child(running.pool, asking, child_id, running.part(Answers))
    acting.must("child.access")
    async with running.pool.acquire() as connection:
        loaded = await running.store.load(connection, CHILD, child_id)
    if not loaded.version:  # never so after the check: row security hides another authority's child
        raise NotFoundError
    profile = await profile_of(running.pool, acting.authority)
    decides, asks = acting.may("child.decide_carer"), acting.may("child.ask_for_carer")
    known = await of_child(running.pool, acting.authority, child_id) if decides or asks else []
    shown = AccessList(
        child_id=child_id,
        version=loaded.version,
        authority=AuthorityLine(code=profile.code, name=profile.name),
        rows=await access_rows(running, acting),
        carer_requests=known,
        may=AccessMay(
            grant=acting.may("child.assign"),
            request_carer=asks,
            decide_carers=decides,
            see_reads=acting.may("child.oversee"),
        ),
    )
    return JSONResponse(shown.model_dump(mode="json"), headers={"ETag": f'"{loaded.version}"'})
