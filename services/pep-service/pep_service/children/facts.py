"""What is told about a child, by a file or a person: plain values, checked, not yet events."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from epep_events.pep import Placement
from epep_events.profile import Role


class Facts(BaseModel):
    """A frozen part of what is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CoreFacts(Facts):
    """What `header.csv` tells: SSDA903 codes; `upn` is None where no number is known."""

    date_of_birth: date
    sex: str
    ethnicity: str
    upn: str | None = None
    mother: bool | None = None
    mothers_child_born: date | None = None


class NameFacts(Facts):
    """What `people.csv` tells of names. A first or last name left blank is not known: it stays."""

    first_name: str | None = None
    last_name: str | None = None
    preferred_name: str | None = None


class EpisodeFacts(Facts):
    """One row of `episodes.csv`."""

    started_on: date
    reason: str
    legal_status: str
    category_of_need: str
    placement: Placement
    ended_on: date | None = None
    end_reason: str | None = None
    placement_change_reason: str | None = None


class SettingFacts(Facts):
    """Where the child learns; no URN means at no setting. The name is that of the register."""

    urn: str | None
    name: str | None = None


class ProfessionalFacts(Facts):
    """Who holds a role for the child, from which day to which (None: open)."""

    account_id: UUID
    role: Role
    held_from: date | None = None
    held_to: date | None = None


class ChildFacts(Facts):
    """All that an authority's files tell about one child; None where they say nothing of it."""

    social_care_id: str
    core: CoreFacts
    names: NameFacts | None = None
    episodes: tuple[EpisodeFacts, ...] = ()
    setting: SettingFacts | None = None
    professionals: tuple[ProfessionalFacts, ...] = ()
