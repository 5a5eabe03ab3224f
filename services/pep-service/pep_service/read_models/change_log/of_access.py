"""What each event about exceptional access to a child says in the change log. Pure."""

from epep_events.access import (
    CarerAccessApproved,
    CarerAccessRefused,
    CarerAccessRequested,
    EmergencyAccessTaken,
)
from epep_events.envelope import Metadata
from epep_runtime.language import N_
from pep_service.read_models.change_log.of_children import role_words
from pep_service.read_models.change_log.row import CHILD, Row, change, said


def emergency_access_taken(event: EmergencyAccessTaken, _: Metadata) -> Row:
    """A duty worker opened the record without a relationship."""
    changes = (
        change("person", N_("Person"), None, str(event.account_id), "person"),
        change("reason", N_("Reason given"), None, event.reason),
    )
    what = said(N_("Emergency access taken as %(role)s"), role=role_words(event.role))
    return Row(CHILD, what, event.child_id, changes=changes)


def carer_access_requested(event: CarerAccessRequested, _: Metadata) -> Row:
    """Somebody asked that a carer may see the plan; the address is restricted."""
    changes = (
        change("name", N_("Name"), None, event.name),
        change("email", N_("Email address"), None, event.email, restricted=True),
    )
    return Row(
        CHILD,
        said(N_("Access asked for as %(role)s"), role=role_words(event.relation)),
        event.child_id,
        changes=changes,
    )


def carer_access_approved(event: CarerAccessApproved, _: Metadata) -> Row:
    """The virtual school lets the carer in."""
    changes = (change("name", N_("Name"), None, event.name),)
    return Row(
        CHILD,
        said(N_("Access approved as %(role)s"), role=role_words(event.role)),
        event.child_id,
        changes=changes,
    )


def carer_access_refused(event: CarerAccessRefused, _: Metadata) -> Row:
    """The virtual school does not let the carer in."""
    return Row(
        CHILD,
        N_("Access for a carer refused"),
        event.child_id,
        changes=(change("why", N_("Reason"), None, event.why),),
    )
