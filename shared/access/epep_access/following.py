"""The read model of who may see whom, followed from pep-service's events."""

from pathlib import Path

from epep_events.envelope import Metadata
from epep_events.pep import (
    ChildRegistered,
    PEPInitiated,
    ProfessionalAssigned,
    ProfessionalUnassigned,
)
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

ACCESS_SQL = ("access", Path(__file__).parent / "sql")
"""For `Service(sql=…)`: the tables of this read model."""


async def _child_registered(connection: Connection, event: ChildRegistered, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_children VALUES ($1, $2) ON CONFLICT DO NOTHING",
        event.child_id,
        meta.authority,
    )


async def _assigned(connection: Connection, event: ProfessionalAssigned, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_people VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        event.child_id,
        event.account_id,
        event.role,
        meta.occurred_at,
    )


async def _unassigned(connection: Connection, event: ProfessionalUnassigned, _: Metadata) -> None:
    await connection.execute(
        "DELETE FROM access_people WHERE child_id = $1 AND account_id = $2 AND role = $3",
        event.child_id,
        event.account_id,
        event.role,
    )


async def _pep_initiated(connection: Connection, event: PEPInitiated, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_peps VALUES ($1, $2) ON CONFLICT DO NOTHING",
        event.pep_id,
        event.child_id,
    )


ACCESS = Projector(
    name="access",
    contexts=("pep",),
    tables=("access_children", "access_people", "access_peps"),
    handles={
        ChildRegistered: _child_registered,
        ProfessionalAssigned: _assigned,
        ProfessionalUnassigned: _unassigned,
        PEPInitiated: _pep_initiated,
    },
)
