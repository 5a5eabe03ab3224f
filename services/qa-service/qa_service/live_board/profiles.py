"""What the board needs of each version of a profile: the authority's own words and colours."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from epep_events.envelope import Metadata
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import AuthorityProfile, Choice, RatingLevel
from epep_runtime.postgres import Connection, Pool
from epep_runtime.subscriptions import Projector

VARIANTS = ("early_years", "school_age", "post_16")


class BoardProfile(BaseModel):
    """One version: names, kinds of PEP, the scale of ratings, sections that get completed."""

    code: str
    version: int
    name: str
    kinds: tuple[Choice, ...]
    scale: tuple[RatingLevel, ...]
    completed: Mapping[str, tuple[str, ...]]
    """By variant, the keys of the sections that somebody marks complete."""


def board_profile(profile: AuthorityProfile) -> BoardProfile:
    """Return the part of a profile that the board needs."""
    completed = {
        variant: tuple(
            section.key
            for section in profile.sections
            if section.completed_by and variant in section.variants
        )
        for variant in VARIANTS
    }
    return BoardProfile(
        code=profile.code,
        version=profile.version,
        name=profile.name,
        kinds=profile.kinds,
        scale=profile.qa.scale,
        completed=completed,
    )


async def _published(connection: Connection, event: AuthorityProfilePublished, _: Metadata) -> None:
    found = board_profile(event.profile)
    await connection.execute(
        "INSERT INTO board_profiles VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        found.code,
        found.version,
        found.model_dump(mode="json"),
    )


BOARD_PROFILES = Projector(
    name="board_profiles",
    contexts=("pep",),
    tables=("board_profiles",),
    handles={AuthorityProfilePublished: _published},
)


@dataclass(frozen=True, slots=True)
class ProfileVersions:
    """All versions of one authority's profile. There is at least one."""

    versions: Mapping[int, BoardProfile]

    @property
    def newest(self) -> BoardProfile:
        """Return the version that the authority works by now."""
        return self.versions[max(self.versions)]

    def of(self, version: int | None) -> BoardProfile:
        """Return the version a PEP is bound to; the newest while that one is not known here."""
        return self.versions.get(version or 0, self.newest)


async def profile_versions(pool: Pool, code: str) -> ProfileVersions | None:
    """Return the authority's profile; None while nothing is known of it here."""
    rows = await pool.fetch("SELECT document FROM board_profiles WHERE code = $1", code)
    found = [BoardProfile.model_validate(row["document"]) for row in rows]
    return ProfileVersions({each.version: each for each in found}) if found else None
