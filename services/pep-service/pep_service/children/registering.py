"""Registering a child, and correcting or completing what is known about it."""

from uuid import UUID

from epep_events.base import Event
from epep_events.pep import ChildRegistered, CoreChange, CoreDataChanged, SettingChanged
from pep_service.children.child import CORE_FIELDS, Child
from pep_service.children.describing import FIELD_LABELS, json_value
from pep_service.children.facts import ChildFacts, CoreFacts, NameFacts, SettingFacts


def register(child_id: UUID, facts: ChildFacts) -> list[Event]:
    """Return the event that first records a child (B50, S13)."""
    names = facts.names or NameFacts()
    return [
        ChildRegistered(
            child_id=child_id,
            social_care_id=facts.social_care_id,
            **names.model_dump(),
            **facts.core.model_dump(),
        )
    ]


def correct(child: Child, core: CoreFacts, names: NameFacts | None) -> list[Event]:
    """Return the change of what differs from what is known; no event where nothing does.

    A blank first or last name leaves the known one; a blank preferred name takes it away.
    """
    told = core.model_dump()
    if names is not None:
        told |= {
            name: value
            for name, value in names.model_dump().items()
            if value is not None or name == "preferred_name"
        }
    changes = tuple(
        CoreChange(
            field=name,
            label=FIELD_LABELS[name],
            old=json_value(getattr(child, name)),
            new=json_value(told[name]),
        )
        for name in CORE_FIELDS
        if name in told and told[name] != getattr(child, name)
    )
    assert child.child_id is not None
    return [CoreDataChanged(child_id=child.child_id, changes=changes)] if changes else []


def change_setting(child: Child, told: SettingFacts) -> list[Event]:
    """Return the change to another setting, or to none; no event where it is the same."""
    if told.urn == child.setting_urn:
        return []
    assert child.child_id is not None
    return [
        SettingChanged(
            child_id=child.child_id,
            old_urn=child.setting_urn,
            new_urn=told.urn,
            setting_name=told.name,
        )
    ]
