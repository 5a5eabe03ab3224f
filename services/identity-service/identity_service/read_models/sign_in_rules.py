"""What each authority asks of people who log in, and which roles one may ask it for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector
from identity_service.accounts.account import ROLES

NOT_ASKED_FOR = frozenset({"young_person", "delegate", "operator", "parent"})
"""Roles that nobody asks for here: they are given with a child, by a teacher, or by us."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One authority's newest rules; `declarations` are {key, title, text}."""

    authority: str
    name: str
    virtual_school_name: str
    contact_email: str
    contact_phone: str
    labels: Mapping[str, str]
    declarations_version: int
    declarations: tuple[Mapping[str, str], ...]
    remembered_device_days: int

    @property
    def declaration_keys(self) -> frozenset[str]:
        """Return the keys that must each be ticked."""
        return frozenset(each["key"] for each in self.declarations)

    def roles(self) -> list[tuple[str, str]]:
        """Return the roles that one may ask for, with the authority's own words for them."""
        asked = [role for role in ROLES if role in self.labels and role not in NOT_ASKED_FOR]
        return [(role, self.labels[role]) for role in asked]

    def label(self, role: str) -> str:
        """Return the authority's word for a role."""
        return self.labels.get(role, role.replace("_", " ").capitalize())


async def _published(connection: Connection, event: AuthorityProfilePublished, _: Metadata) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO sign_in_rules AS known VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (authority) DO UPDATE SET profile_version = excluded.profile_version,"
        " name = excluded.name, virtual_school_name = excluded.virtual_school_name,"
        " contact_email = excluded.contact_email, contact_phone = excluded.contact_phone,"
        " labels = excluded.labels, declarations_version = excluded.declarations_version,"
        " declarations = excluded.declarations,"
        " remembered_device_days = excluded.remembered_device_days"
        " WHERE known.profile_version <= excluded.profile_version",
        profile.code,
        profile.version,
        profile.name,
        profile.virtual_school_name,
        profile.contact_email,
        profile.contact_phone,
        dict(profile.labels),
        profile.sign_in.declarations_version,
        [each.model_dump() for each in profile.sign_in.declarations],
        profile.sign_in.remembered_device_days,
    )


SIGN_IN_RULES = Projector(
    name="sign_in_rules",
    contexts=("pep",),
    tables=("sign_in_rules",),
    handles={AuthorityProfilePublished: _published},
)


async def all_rules(source: Connection | Pool) -> list[Rules]:
    """Return every authority's rules, by name."""
    rows = await source.fetch("SELECT * FROM sign_in_rules ORDER BY name, authority")
    return [_rules(row) for row in rows]


async def rules_of(source: Connection | Pool, authorities: Iterable[str]) -> dict[str, Rules]:
    """Return these authorities' rules by code; those without a profile are left out."""
    rows = await source.fetch(
        "SELECT * FROM sign_in_rules WHERE authority = ANY($1)", sorted(set(authorities))
    )
    return {row["authority"]: _rules(row) for row in rows}


def _rules(row: Any) -> Rules:
    return Rules(
        authority=row["authority"],
        name=row["name"],
        virtual_school_name=row["virtual_school_name"],
        contact_email=row["contact_email"],
        contact_phone=row["contact_phone"],
        labels=row["labels"],
        declarations_version=row["declarations_version"],
        declarations=tuple(row["declarations"]),
        remembered_device_days=row["remembered_device_days"],
    )
