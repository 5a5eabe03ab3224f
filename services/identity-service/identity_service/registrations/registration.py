"""One registration: asked for, its address proved, then accepted or refused by the authority."""

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from epep_events.base import Event
from epep_events.getting_in import (
    RegistrationAccepted,
    RegistrationRefused,
    RegistrationStarted,
    RegistrationValidated,
)
from epep_events.profile import Role
from epep_runtime.event_store import Aggregate


@dataclass(frozen=True, slots=True)
class Registration:
    """The state of a registration's stream; the details are those that were given first."""

    state: Literal["none", "started", "waiting", "accepted", "refused"] = "none"
    started: RegistrationStarted | None = None
    account_id: UUID | None = None
    authority: str = ""
    role: Role = "social_worker"
    setting_urn: str | None = None


def evolve(registration: Registration, event: Event) -> Registration:
    """Return the registration after one more event."""
    match event:
        case RegistrationStarted():
            return replace(
                registration,
                state="started",
                started=event,
                authority=event.authority_code,
                role=event.role,
                setting_urn=event.setting_urn,
            )
        case RegistrationValidated():
            return replace(
                registration,
                state="waiting",
                account_id=event.account_id,
                authority=event.authority_code,
                role=event.role,
                setting_urn=event.setting_urn,
            )
        case RegistrationAccepted():
            return replace(
                registration, state="accepted", role=event.role, setting_urn=event.setting_urn
            )
        case RegistrationRefused():
            return replace(registration, state="refused")
    return registration


REGISTRATION: Aggregate[Registration] = Aggregate("registration", Registration(), evolve)
