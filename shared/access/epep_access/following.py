"""The read models of who may see whom, followed from pep-service's events."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from epep_access.days import end_of, start_of
from epep_events.access import (
    CoverArranged,
    CoverEnded,
    DelegateAppointed,
    DelegationEnded,
    EmergencyAccessTaken,
)
from epep_events.base import ERASED
from epep_events.envelope import Metadata
from epep_events.pep import (
    ChildRegistered,
    PEPInitiated,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    SettingChanged,
)
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

ACCESS_SQL = ("access", Path(__file__).parent / "sql")
"""For `Service(sql=…)`: the tables of these read models; they need those of `people`, too."""


async def _child_registered(connection: Connection, event: ChildRegistered, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_children (child_id, authority) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        event.child_id,
        meta.authority,
    )


GIVE = """
INSERT INTO access_people (child_id, account_id, role, basis, since, until, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (child_id, account_id, role, basis) DO UPDATE
   SET since = excluded.since, until = excluded.until, reason = excluded.reason
"""


async def _assigned(connection: Connection, event: ProfessionalAssigned, meta: Metadata) -> None:
    await connection.execute(
        GIVE,
        event.child_id,
        event.account_id,
        event.role,
        "allocated",
        start_of(event.held_from, meta.occurred_at),
        end_of(event.held_to),
        None,
    )


async def _unassigned(
    connection: Connection, event: ProfessionalUnassigned, meta: Metadata
) -> None:
    await connection.execute(
        "UPDATE access_people SET until = least(until, $4) WHERE child_id = $1"
        " AND account_id = $2 AND role = $3 AND basis = 'allocated'",
        event.child_id,
        event.account_id,
        event.role,
        meta.occurred_at,
    )


async def _emergency(connection: Connection, event: EmergencyAccessTaken, meta: Metadata) -> None:
    await connection.execute(
        GIVE,
        event.child_id,
        event.account_id,
        event.role,
        "emergency",
        meta.occurred_at,
        event.until,
        event.reason,
    )


async def _pep_initiated(connection: Connection, event: PEPInitiated, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO access_peps VALUES ($1, $2) ON CONFLICT DO NOTHING",
        event.pep_id,
        event.child_id,
    )


async def _forget_child(connection: Connection, subject: UUID) -> None:
    """Keep who may know that there was a record; drop what was said of the child."""
    await connection.execute(
        "UPDATE access_children SET erased = true WHERE child_id = $1", subject
    )
    await connection.execute("UPDATE access_people SET reason = NULL WHERE child_id = $1", subject)


ACCESS = Projector(
    name="access",
    tells=(ProfessionalAssigned, ProfessionalUnassigned, EmergencyAccessTaken),
    contexts=("pep", "identity"),
    forget=_forget_child,
    tables=("access_children", "access_people", "access_peps"),
    handles={
        ChildRegistered: _child_registered,
        ProfessionalAssigned: _assigned,
        ProfessionalUnassigned: _unassigned,
        EmergencyAccessTaken: _emergency,
        PEPInitiated: _pep_initiated,
    },
)


async def _setting_changed(connection: Connection, event: SettingChanged, meta: Metadata) -> None:
    await connection.execute(
        "UPDATE access_settings SET until = $2 WHERE child_id = $1 AND until IS NULL",
        event.child_id,
        meta.occurred_at,
    )
    if event.new_urn is not None:
        await connection.execute(
            "INSERT INTO access_settings VALUES ($1, $2, $3, NULL)"
            " ON CONFLICT (child_id, since) DO UPDATE SET urn = excluded.urn, until = NULL",
            event.child_id,
            event.new_urn,
            meta.occurred_at,
        )


STAND_IN = """
INSERT INTO access_standins (standin_id, basis, account_id, role, for_account, for_role,
                             setting_urn, children, authority, since, until, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
"""


async def _appointed(connection: Connection, event: DelegateAppointed, _: Metadata) -> None:
    children = None if event.children is None else list(event.children)
    await connection.execute(
        STAND_IN,
        event.delegation_id,
        "delegation",
        event.account_id,
        "delegate",
        event.appointed_by,
        event.appointed_as,
        None,
        children,
        None,
        event.since,
        event.until,
        None,
    )


async def _covered(connection: Connection, event: CoverArranged, _: Metadata) -> None:
    await connection.execute(
        STAND_IN,
        event.cover_id,
        "cover",
        event.account_id,
        event.role,
        event.covered_id,
        event.role,
        event.setting_urn,
        None,
        event.authority_code,
        event.since,
        event.until,
        event.reason,
    )


async def _over(connection: Connection, standin_id: UUID, at: datetime) -> None:
    await connection.execute(
        "UPDATE access_standins SET until = least(until, $2) WHERE standin_id = $1",
        standin_id,
        at,
    )


async def _delegation_ended(connection: Connection, event: DelegationEnded, meta: Metadata) -> None:
    await _over(connection, event.delegation_id, meta.occurred_at)


async def _cover_ended(connection: Connection, event: CoverEnded, meta: Metadata) -> None:
    await _over(connection, event.cover_id, meta.occurred_at)


async def _forget_settings(connection: Connection, subject: UUID) -> None:
    await connection.execute(
        "UPDATE access_settings SET urn = $2 WHERE child_id = $1", subject, ERASED
    )
    await connection.execute(
        "UPDATE access_standins SET reason = NULL WHERE account_id = $1", subject
    )


RELATIONSHIPS = Projector(
    name="relationships",
    tells=(SettingChanged, DelegateAppointed, DelegationEnded, CoverArranged, CoverEnded),
    contexts=("pep", "identity"),
    forget=_forget_settings,
    tables=("access_settings", "access_standins"),
    handles={
        SettingChanged: _setting_changed,
        DelegateAppointed: _appointed,
        DelegationEnded: _delegation_ended,
        CoverArranged: _covered,
        CoverEnded: _cover_ended,
    },
)
