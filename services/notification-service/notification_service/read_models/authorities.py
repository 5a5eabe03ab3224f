"""The authorities' names, contacts and words, from their newest profiles."""

from collections.abc import Mapping
from dataclasses import dataclass

from epep_runtime.postgres import Connection
from notification_service.notifications.facts import AuthorityFacts


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority as mails name it; `reasons` are the labels of meeting reasons by key."""

    facts: AuthorityFacts
    reasons: Mapping[str, str]


async def authority(connection: Connection, code: str | None) -> Authority | None:
    """Return the authority with that DfE code, or None while it is not known here."""
    row = await connection.fetchrow(
        "SELECT * FROM known_profiles WHERE code = $1 ORDER BY version DESC LIMIT 1", code
    )
    if row is None:
        return None
    facts = AuthorityFacts(
        code=row["code"],
        name=row["name"],
        virtual_school=row["virtual_school"],
        contact_email=row["contact_email"],
        contact_phone=row["contact_phone"],
    )
    return Authority(facts, dict(row["reasons"]))
