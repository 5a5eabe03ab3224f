"""Read model: what the services need of the authorities' profiles, every version of each."""

from collections.abc import Iterable
from datetime import time
from pathlib import Path

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import Choice, Section
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector

PROFILES_SQL = ("profiles", Path(__file__).parent / "profiles_sql")
"""For `Service(sql=…)`: the table of this read model, `known_profiles`."""


async def _published(
    connection: Connection, event: AuthorityProfilePublished, meta: Metadata
) -> None:
    profile = event.profile
    await connection.execute(
        "INSERT INTO known_profiles"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        " ON CONFLICT DO NOTHING",
        profile.code,
        profile.version,
        meta.occurred_at,
        profile.name,
        profile.virtual_school_name,
        profile.contact_email,
        profile.contact_phone,
        profile.labels,
        _pairs(profile.meeting_reasons),
        _pairs(profile.meeting_checklist),
        _writers(profile.sections),
        profile.permissions.model_dump(mode="json"),
        profile.qa.model_dump(mode="json"),
        profile.language,
        time.fromisoformat(profile.digest_at) if profile.digest_at else None,
    )


def _pairs(choices: Iterable[Choice]) -> list[list[str]]:
    return [[choice.value, choice.label] for choice in choices]


def _writers(sections: Iterable[Section]) -> list[str]:
    pages = (page for section in sections for page in section.pages if page.kind == "meeting")
    return sorted({role for page in pages for role in page.write})


PROFILES = Projector(
    name="profiles",
    tells=(AuthorityProfilePublished,),
    contexts=("pep",),
    tables=("known_profiles",),
    handles={AuthorityProfilePublished: _published},
)
