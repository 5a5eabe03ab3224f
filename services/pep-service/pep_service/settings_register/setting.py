"""A school or other setting: its stream, and the read model that lists the register."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from epep_events.base import Event
from epep_events.envelope import Metadata
from epep_events.pep import SettingRegistered
from epep_runtime.event_store import Aggregate
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as last registered; an unknown one has an empty URN."""

    urn: str = ""
    name: str = ""
    phase: str = ""
    authority: str = ""


def evolve(state: Setting, event: Event) -> Setting:
    """Return the setting after the event."""
    if isinstance(event, SettingRegistered):
        return Setting(event.urn, event.name, event.phase, event.authority_code)
    return state


SETTING = Aggregate("setting", Setting(), evolve)


async def _registered(connection: Connection, event: SettingRegistered, _: Metadata) -> None:
    await connection.execute(
        "INSERT INTO settings_register (urn, name, phase, authority) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (urn) DO UPDATE"
        " SET name = excluded.name, phase = excluded.phase, authority = excluded.authority",
        event.urn,
        event.name,
        event.phase,
        event.authority_code,
    )


SETTINGS_REGISTER = Projector(
    name="settings_register",
    contexts=("pep",),
    tables=("settings_register",),
    handles={SettingRegistered: _registered},
)


async def settings_in(database: Pool | Connection, authority: str | None) -> list[Setting]:
    """Return the settings of an authority (None: of all) by name."""
    rows = await database.fetch(
        "SELECT urn, name, phase, authority FROM settings_register"
        " WHERE $1::text IS NULL OR authority = $1 ORDER BY name, urn",
        authority,
    )
    return [Setting(**dict(row)) for row in rows]


async def setting_names(database: Pool | Connection, urns: Iterable[str]) -> Mapping[str, str]:
    """Return the names of these settings by URN; unknown URNs are left out."""
    rows = await database.fetch(
        "SELECT urn, name FROM settings_register WHERE urn = ANY($1)", list(set(urns))
    )
    return {row["urn"]: row["name"] for row in rows}
