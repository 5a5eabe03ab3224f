"""What somebody who forgot their address is known by: name, telephone, school or team (S24)."""

import re
from uuid import UUID

from epep_access.people import folded
from epep_events.envelope import Metadata
from epep_events.getting_in import RegistrationValidated, UserDetailsChanged
from epep_events.identity import RoleGranted, UserRegistered
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector


def digits(phone: str | None) -> str:
    """Return a telephone number as it is compared: digits, with a leading 0 for +44."""
    found = re.sub(r"[^0-9+]", "", phone or "")
    return re.sub(r"^(\+44|0044)0?", "0", found).lstrip("+")


def as_place(text: str) -> str:
    """Return a school's URN or a team's name as it is compared."""
    return " ".join(folded(text).split())


def as_name(text: str) -> str:
    """Return a person's name as it is compared."""
    return " ".join(folded(text).split())


async def _registered(connection: Connection, event: UserRegistered, _: Metadata) -> None:
    await _known(connection, event.account_id, event.name, event.phone)


async def _details(connection: Connection, event: UserDetailsChanged, _: Metadata) -> None:
    await _known(connection, event.account_id, event.name, event.phone)


async def _known(connection: Connection, account_id: UUID, name: str, phone: str | None) -> None:
    await connection.execute(
        "INSERT INTO reminders VALUES ($1, $2, $3) ON CONFLICT (account_id)"
        " DO UPDATE SET name = excluded.name, phone = excluded.phone",
        account_id,
        as_name(name),
        digits(phone),
    )


async def _granted(connection: Connection, event: RoleGranted, _: Metadata) -> None:
    await _placed(connection, event.account_id, event.setting_urn)


async def _validated(connection: Connection, event: RegistrationValidated, _: Metadata) -> None:
    for place in (event.setting_urn, event.team):
        await _placed(connection, event.account_id, place)


async def _placed(connection: Connection, account_id: UUID, place: str | None) -> None:
    if place:
        await connection.execute(
            "INSERT INTO reminder_places VALUES ($1, $2) ON CONFLICT DO NOTHING",
            account_id,
            as_place(place),
        )


async def _forget(connection: Connection, subject: UUID) -> None:
    for table in ("reminders", "reminder_places"):
        await connection.execute(
            f"DELETE FROM {table} WHERE account_id = $1",  # noqa: S608 - two fixed names
            subject,
        )


REMINDERS = Projector(
    name="reminders",
    contexts=("identity", "pep"),
    forget=_forget,
    tables=("reminders", "reminder_places"),
    handles={
        UserRegistered: _registered,
        UserDetailsChanged: _details,
        RoleGranted: _granted,
        RegistrationValidated: _validated,
    },
)


async def known_by(connection: Connection, name: str, place: str, phone: str) -> UUID | None:
    """Return the one account that all three fit; None for nobody, and for more than one.

    Closed accounts are left out: whose second account was merged is still one person.
    """
    rows = await connection.fetch(
        "SELECT r.account_id FROM reminders r JOIN reminder_places USING (account_id)"
        " LEFT JOIN known_people p USING (account_id)"
        " WHERE r.name = $1 AND place = $2 AND r.phone = $3 AND r.phone <> ''"
        " AND p.active IS NOT FALSE",
        as_name(name),
        as_place(place),
        digits(phone),
    )
    return rows[0]["account_id"] if len(rows) == 1 else None
