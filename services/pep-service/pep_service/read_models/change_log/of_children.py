"""What each event about a child says in the change log. Pure, one function an event."""

from epep_events.envelope import Metadata
from epep_events.pep import (
    CareEpisodeEnded,
    CareEpisodeStarted,
    ChildRegistered,
    CoreDataChanged,
    Placement,
    PlacementChanged,
    ProfessionalAssigned,
    ProfessionalUnassigned,
    SettingChanged,
)
from epep_events.profile import Role
from epep_runtime.language import N_
from pep_service.children.child import CORE_FIELDS
from pep_service.children.describing import FIELD_LABELS
from pep_service.children.role_words import ROLE_WORDS
from pep_service.read_models.change_log.row import CHILD, Change, Row, change, given, said


def child_registered(event: ChildRegistered, _: Metadata) -> Row:
    """A child's record is new: everything that it began with."""
    facts = event.model_dump(mode="json")
    changes = given(
        change("social_care_id", N_("Authority's number"), None, event.social_care_id),
        *(change(field, FIELD_LABELS[field], None, facts[field], "core") for field in CORE_FIELDS),
    )
    return Row(CHILD, N_("Child’s record created"), event.child_id, changes=changes)


def core_data_changed(event: CoreDataChanged, _: Metadata) -> Row:
    """Facts were corrected, field by field."""
    changes = (change(each.field, each.label, each.old, each.new, "core") for each in event.changes)
    return Row(CHILD, N_("Core data changed"), event.child_id, changes=tuple(changes))


def _placement(old: Placement | None, new: Placement | None) -> tuple[Change, ...]:
    def value(placement: Placement | None, name: str) -> str | None:
        found: str | None = getattr(placement, name) if placement else None
        return found

    def place(placement: Placement | None) -> list[str] | None:
        return [placement.place, placement.provider] if placement else None

    return given(
        change("placement", N_("Placement"), place(old), place(new), "placement"),
        change("urn", N_("Placement’s URN"), value(old, "urn"), value(new, "urn")),
        *(
            change(name, label, value(old, name), value(new, name), restricted=True)
            for name, label in (
                ("postcode", N_("Placement’s postcode")),
                ("home_postcode", N_("Home postcode")),
            )
        ),
    )


def care_episode_started(event: CareEpisodeStarted, _: Metadata) -> Row:
    """An episode of care began."""
    changes = (
        change("started_on", FIELD_LABELS["started_on"], None, event.started_on, "date"),
        change("reason", FIELD_LABELS["reason"], None, event.reason, "core"),
        change("legal_status", FIELD_LABELS["legal_status"], None, event.legal_status, "core"),
        change(
            "category_of_need",
            FIELD_LABELS["category_of_need"],
            None,
            event.category_of_need,
            "core",
        ),
        *_placement(None, event.placement),
    )
    return Row(CHILD, N_("Care episode started"), event.child_id, changes=changes)


def care_episode_ended(event: CareEpisodeEnded, _: Metadata) -> Row:
    """An episode of care ended."""
    why = event.placement_change_reason
    changes = given(
        change("started_on", FIELD_LABELS["started_on"], None, event.started_on, "date"),
        change("ended_on", FIELD_LABELS["ended_on"], None, event.ended_on, "date"),
        change("end_reason", FIELD_LABELS["end_reason"], None, event.reason, "core"),
        change(
            "placement_change_reason", FIELD_LABELS["placement_change_reason"], None, why, "core"
        ),
    )
    return Row(CHILD, N_("Care episode ended"), event.child_id, changes=changes)


def placement_changed(event: PlacementChanged, _: Metadata) -> Row:
    """The child lives somewhere else, or the record of it was corrected."""
    changes = _placement(event.old, event.new)
    return Row(CHILD, N_("Placement changed"), event.child_id, changes=changes)


def setting_changed(event: SettingChanged, _: Metadata) -> Row:
    """The child goes to another school or setting, or to none."""
    changes = (change("setting", N_("School or setting"), event.old_urn, event.new_urn, "setting"),)
    return Row(CHILD, N_("School or setting changed"), event.child_id, changes=changes)


def role_words(role: Role) -> list[str]:
    """Return a base role in plain words, as a value of `said` that is translated."""
    return [ROLE_WORDS[role]]


def professional_assigned(event: ProfessionalAssigned, _: Metadata) -> Row:
    """Somebody may see the child from now on, or between two days."""
    role = role_words(event.role)
    changes = given(
        change("person", N_("Person"), None, str(event.account_id), "person"),
        change("held_from", N_("From"), None, event.held_from, "date"),
        change("held_to", N_("Until"), None, event.held_to, "date"),
    )
    return Row(
        CHILD, said(N_("Access given as %(role)s"), role=role), event.child_id, changes=changes
    )


def professional_unassigned(event: ProfessionalUnassigned, _: Metadata) -> Row:
    """Somebody may not see the child any more."""
    role = role_words(event.role)
    changes = (change("person", N_("Person"), str(event.account_id), None, "person"),)
    return Row(
        CHILD, said(N_("Access ended as %(role)s"), role=role), event.child_id, changes=changes
    )
