"""Read model: children, one row each, for lists and for whoever needs a name and a school.

Table `children` (child_id, authority, social_care_id, first_name, last_name, preferred_name,
date_of_birth, upn, setting_urn, setting_name, registered_at); `settings_register` has the
setting's newest name, which the queries here prefer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.pep import ChildRegistered, CoreDataChanged, SettingChanged
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector
from pep_service.children.naming import display_name, initials_of


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A child as lists show it."""

    child_id: UUID
    authority: str
    social_care_id: str
    first_name: str | None
    last_name: str | None
    preferred_name: str | None
    date_of_birth: date
    upn: str | None
    setting_urn: str | None
    setting_name: str | None

    @property
    def name(self) -> str:
        """Return the name to show."""
        return display_name(
            self.first_name, self.last_name, self.preferred_name, self.social_care_id
        )

    @property
    def initials(self) -> str:
        """Return the initials to show to those who are not told the name."""
        return initials_of(self.first_name, self.last_name, self.social_care_id)


async def _registered(connection: Connection, event: ChildRegistered, meta: Metadata) -> None:
    await connection.execute(
        "INSERT INTO children (child_id, authority, social_care_id, first_name, last_name,"
        " preferred_name, date_of_birth, upn, registered_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        event.child_id,
        meta.authority or "",
        event.social_care_id,
        event.first_name,
        event.last_name,
        event.preferred_name,
        event.date_of_birth,
        event.upn,
        meta.occurred_at,
    )


SHOWN = frozenset({"first_name", "last_name", "preferred_name", "date_of_birth", "upn"})


async def _corrected(connection: Connection, event: CoreDataChanged, _: Metadata) -> None:
    for change in event.changes:
        if change.field not in SHOWN:
            continue
        value: Any = change.new
        if change.field == "date_of_birth":
            value = date.fromisoformat(str(change.new))
        await connection.execute(
            f"UPDATE children SET {change.field} = $2 WHERE child_id = $1",  # noqa: S608 - of SHOWN
            event.child_id,
            value,
        )


async def _setting_changed(connection: Connection, event: SettingChanged, _: Metadata) -> None:
    await connection.execute(
        "UPDATE children SET setting_urn = $2, setting_name = $3 WHERE child_id = $1",
        event.child_id,
        event.new_urn,
        event.setting_name,
    )


async def _forget(connection: Connection, subject: UUID) -> None:
    await connection.execute("DELETE FROM children WHERE child_id = $1", subject)


CHILDREN = Projector(
    name="children",
    contexts=("pep", "identity"),
    forget=_forget,
    tables=("children",),
    handles={
        ChildRegistered: _registered,
        CoreDataChanged: _corrected,
        SettingChanged: _setting_changed,
    },
)

SELECT = """
SELECT c.child_id, c.authority, c.social_care_id, c.first_name, c.last_name, c.preferred_name,
       c.date_of_birth, c.upn, c.setting_urn, coalesce(s.name, c.setting_name) AS setting_name
  FROM children c LEFT JOIN settings_register s ON s.urn = c.setting_urn
"""


async def children_of(
    database: Pool | Connection, child_ids: Iterable[UUID]
) -> Mapping[UUID, ChildRow]:
    """Return the children with these ids, by id; unknown ids are left out."""
    rows = await database.fetch(f"{SELECT} WHERE c.child_id = ANY($1)", list(set(child_ids)))
    return {row["child_id"]: ChildRow(**dict(row)) for row in rows}


async def child_row(database: Pool | Connection, child_id: UUID) -> ChildRow | None:
    """Return one child, or None where there is no such child (or not yet)."""
    return (await children_of(database, [child_id])).get(child_id)


async def children_of_authority(database: Pool | Connection, authority: str) -> list[ChildRow]:
    """Return an authority's children by name."""
    rows = await database.fetch(
        f"{SELECT} WHERE c.authority = $1 ORDER BY c.last_name, c.first_name, c.child_id", authority
    )
    return [ChildRow(**dict(row)) for row in rows]
