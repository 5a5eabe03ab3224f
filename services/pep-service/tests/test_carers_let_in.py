"""A carer who was approved is let in once: given a child's events, when the role is given, then."""

from datetime import date
from uuid import UUID

from epep_events.access import CarerAccessApproved, CarerAccessRequested
from epep_events.base import Event
from epep_events.pep import ChildRegistered, ProfessionalAssigned, ProfessionalUnassigned
from pep_service.children.child import Child, child_id_of, evolve
from pep_service.reactions.carers import decide

ID = child_id_of("330", "C1")
ROWAN, REQUEST, AGAIN = (UUID(int=n) for n in range(1, 4))
EMAIL = "rowan.hale@home.example"
BORN = ChildRegistered(
    child_id=ID, social_care_id="C1", date_of_birth=date(2014, 5, 1), sex="1", ethnicity="WBRI"
)
ASSIGNED = ProfessionalAssigned(child_id=ID, account_id=ROWAN, role="carer")
ENDED = ProfessionalUnassigned(child_id=ID, account_id=ROWAN, role="carer")


def asked(request: UUID = REQUEST, email: str = EMAIL) -> CarerAccessRequested:
    return CarerAccessRequested(
        request_id=request, child_id=ID, name="Rowan Hale", email=email, relation="carer"
    )


def approved(request: UUID = REQUEST, email: str = EMAIL) -> CarerAccessApproved:
    return CarerAccessApproved(
        request_id=request, child_id=ID, name="Rowan Hale", email=email, role="carer"
    )


def said(*events: Event) -> list[Event]:
    child = Child()
    for event in (BORN, *events):
        child = evolve(child, event)
    return decide(child, ROWAN, EMAIL, "carer")


def test_an_approval_lets_them_in() -> None:
    assert said(asked()) == []
    assert said(asked(), approved()) == [ASSIGNED]
    assert said(asked(email="other@home.example"), approved(email="other@home.example")) == []


def test_an_access_that_was_ended_does_not_come_back_with_the_role() -> None:
    """They may get the role again for another child, in another authority, or with other days."""
    assert said(asked(), approved(), ASSIGNED, ENDED) == []


def test_an_access_with_a_last_day_keeps_it() -> None:
    limited = ASSIGNED.model_copy(update={"held_to": date(2026, 12, 31)})
    assert said(asked(), approved(), limited) == []


def test_a_new_approval_lets_them_in_again() -> None:
    once_more = (asked(AGAIN), approved(AGAIN))
    assert said(asked(), approved(), ASSIGNED, ENDED, *once_more) == [ASSIGNED]
