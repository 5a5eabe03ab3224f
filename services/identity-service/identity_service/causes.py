"""Who brings an event about here: a person who comes in, the service, or its operator."""

from uuid import UUID

from epep_events.envelope import Actor
from epep_runtime.event_store import Cause
from epep_runtime.ids import new_id
from epep_runtime.telemetry import current_traceparent


def by_person(account_id: UUID) -> Cause:
    """Return the cause of what a person did about their own account."""
    return _cause(Actor(id=str(account_id), role="person"))


def by_service() -> Cause:
    """Return the cause of what nobody in particular did: a wrong password proves nobody."""
    return _cause(Actor(id="system:identity", role="system"))


def by_operator() -> Cause:
    """Return the cause of what was done at the command line."""
    return _cause(Actor(id="system:operator", role="system"))


def _cause(actor: Actor) -> Cause:
    return Cause(actor, None, new_id(), None, current_traceparent())
