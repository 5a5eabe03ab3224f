"""The authorities' names, contacts and words, followed from their profiles."""

from collections.abc import Mapping
from dataclasses import dataclass

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector
from notification_service.notifications.facts import AuthorityFacts


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority as mails name it; `reasons` are the labels of meeting reasons by key."""

    facts: AuthorityFacts
    reasons: Mapping[str, str]


async def _published(connection: Connection, event: AuthorityProfilePublished, _: Metadata) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO authorities AS known VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name,"
        "   virtual_school = excluded.virtual_school, contact_email = excluded.contact_email,"
        "   contact_phone = excluded.contact_phone, reasons = excluded.reasons"
        " WHERE known.version <= excluded.version",
        profile.code,
        profile.version,
        profile.name,
        profile.virtual_school_name,
        profile.contact_email,
        profile.contact_phone,
        {reason.value: reason.label for reason in profile.meeting_reasons},
    )


AUTHORITIES = Projector(
    name="authorities",
    contexts=("pep",),
    tables=("authorities",),
    handles={AuthorityProfilePublished: _published},
)


async def authority(connection: Connection, code: str | None) -> Authority | None:
    """Return the authority with that DfE code, or None while it is not known here."""
    row = await connection.fetchrow("SELECT * FROM authorities WHERE code = $1", code)
    if row is None:
        return None
    facts = AuthorityFacts(
        name=row["name"],
        virtual_school=row["virtual_school"],
        contact_email=row["contact_email"],
        contact_phone=row["contact_phone"],
    )
    return Authority(facts, row["reasons"])
