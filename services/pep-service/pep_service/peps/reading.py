"""Opening a PEP for somebody: its state, the form it is bound to, and who they are to it.

The stream itself is folded, so what was just saved is there whether Kafka is up or not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from epep_access.answers import Answers
from epep_access.checking import Acting, acting_for_child, see_my_children
from epep_access.people import names_of
from epep_events.envelope import Metadata, Recorded
from epep_events.pep import (
    PageSaved,
    PEPSignedOff,
    SectionCompleted,
    SectionReopened,
)
from epep_events.profile import AuthorityProfile, Section
from epep_runtime.civil_time import local_date
from epep_runtime.event_store import Loaded
from epep_runtime.problems import NotFoundError
from epep_runtime.service import Running
from epep_runtime.tokens import Principal
from pep_service.peps.pep import PEP, PEPS
from pep_service.profiles.form import sections_of
from pep_service.profiles.published import profile_of


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was done and by which account (None for the system on its own)."""

    at: datetime
    account_id: UUID | None


def stamp_of(meta: Metadata) -> Stamp:
    """Return who stands behind an event: for a reaction, the person who caused it."""
    actor = meta.actor.on_behalf_of or meta.actor.id
    try:
        return Stamp(meta.occurred_at, UUID(actor))
    except ValueError:
        return Stamp(meta.occurred_at, None)


@dataclass(frozen=True, slots=True)
class Stamps:
    """Who last saved each page, who completed each section, who signed the PEP off."""

    pages: Mapping[str, Stamp]
    sections: Mapping[str, Stamp]
    signed_off: Stamp | None


def stamps_of(events: Iterable[Recorded]) -> Stamps:
    """Gather the stamps from a PEP's events."""
    pages: dict[str, Stamp] = {}
    sections: dict[str, Stamp] = {}
    signed_off = None
    for event in events:
        match event.data:
            case PageSaved(page=page):
                pages[page] = stamp_of(event.meta)
            case SectionCompleted(section=section):
                sections[section] = stamp_of(event.meta)
            case SectionReopened(section=section):
                sections.pop(section, None)
            case PEPSignedOff():
                signed_off = stamp_of(event.meta)
    return Stamps(pages, sections, signed_off)


@dataclass(frozen=True, slots=True)
class Opened:
    """A PEP in front of somebody. `names` are those of everybody in its history, by account."""

    pep_id: UUID
    loaded: Loaded[PEP]
    profile: AuthorityProfile
    sections: tuple[Section, ...]
    acting: Acting
    names: Mapping[UUID, str]
    today: date

    @property
    def pep(self) -> PEP:
        """Return the PEP's state."""
        return self.loaded.state

    @property
    def version(self) -> int:
        """Return the version of the PEP's stream: its ETag."""
        return self.loaded.version

    def role_label(self, role: str) -> str:
        """Return what the authority calls a role (D30)."""
        return role_label(self.profile, role)


def role_label(profile: AuthorityProfile, role: str) -> str:
    """Return what the authority calls a role (D30); what ePEP does by itself is `ePEP`."""
    if role == "system":
        return "ePEP"
    return profile.labels.get(role, role.replace("_", " ").capitalize())


async def open_pep(running: Running, principal: Principal, pep_id: UUID) -> Opened:
    """Load a PEP for a person.

    The child comes from the PEP's own first event and not from the access read model, so that a
    PEP is seen the moment it is made. Raises NotFoundError where there is none, or the person is
    nobody to the child.
    """
    async with running.pool.acquire() as connection:
        loaded = await running.store.load(connection, PEPS, pep_id)
        if loaded.version == 0:  # perhaps that of a child in whose authority they hold no role
            await see_my_children(connection, principal.account_id)
            loaded = await running.store.load(connection, PEPS, pep_id)
        if loaded.version == 0:
            raise NotFoundError
        start = loaded.state.start
        acting = await acting_for_child(
            connection, principal, start.child_id, running.part(Answers)
        )
        profile = await profile_of(connection, start.profile_code, start.profile_version)
        stamps = (stamp_of(event.meta).account_id for event in loaded.events)
        names = await names_of(connection, {each for each in stamps if each})
    return Opened(
        pep_id,
        loaded,
        profile,
        sections_of(profile, start.variant, start.year_group),
        acting,
        names,
        local_date(running.store.clock()),
    )
