"""People, roles and reasons in words, for the pages about access."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from epep_access.people import names_of
from epep_access.permissions import table
from epep_events.profile import AuthorityProfile
from epep_runtime.language import N_, _
from epep_runtime.postgres import Connection, Pool

State = Literal["active", "coming", "ended"]

BASIS_LABELS: Mapping[str, str] = {
    "allocated": N_("Allocated to the child"),
    "setting": N_("Teacher at the child’s setting"),
    "cover": N_("Covering for somebody"),
    "delegation": N_("Appointed by the designated teacher"),
    "authority": N_("Works for the whole authority"),
    "emergency": N_("Emergency access"),
}


class PersonName(BaseModel):
    """Somebody with an account."""

    account_id: UUID
    name: str


async def names(database: Pool | Connection, accounts: Iterable[UUID]) -> Mapping[UUID, PersonName]:
    """Return everybody asked for; who is not known here yet is called so."""
    wanted = set(accounts)
    found = await names_of(database, wanted)
    return {
        each: PersonName(account_id=each, name=found.get(each, _("Name not known yet")))
        for each in wanted
    }


def title(profile: AuthorityProfile | None, role: str) -> str:
    """Return the authority's own title of a role, else the plain one."""
    own = profile.labels.get(role) if profile else None
    return own or table().titles.get(role, role.replace("_", " ").capitalize())


def state_at(now: datetime, since: datetime, until: datetime | None) -> State:
    """Return whether something with these ends holds now."""
    if until is not None and until <= now:
        return "ended"
    return "coming" if since > now else "active"
