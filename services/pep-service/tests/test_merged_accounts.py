"""Two accounts have become one: given who works with a child, then who does afterwards."""

from datetime import date
from uuid import UUID

from epep_events.pep import ChildRegistered
from pep_service.children.assigning import assign
from pep_service.children.child import Child, child_id_of, evolve
from pep_service.children.facts import ProfessionalFacts
from pep_service.reactions.merged import decide

ID = child_id_of("330", "C1")
OLD, KEPT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
LAST = date(2027, 7, 20)


def child_of(*people: ProfessionalFacts) -> Child:
    born = ChildRegistered(
        child_id=ID,
        social_care_id="C1",
        date_of_birth=date(2014, 5, 1),
        sex="1",
        ethnicity="WBRI",
    )
    child = evolve(Child(), born)
    for each in people:
        for event in assign(child, each):
            child = evolve(child, event)
    return child


def merged(child: Child) -> Child:
    for event in decide(child, OLD, KEPT):
        child = evolve(child, event)
    return child


def test_the_child_goes_over_with_role_and_days() -> None:
    child = merged(
        child_of(
            ProfessionalFacts(account_id=OLD, role="social_worker", held_to=LAST),
            ProfessionalFacts(account_id=OTHER, role="iro"),
        )
    )
    assert set(child.people) == {(KEPT, "social_worker"), (OTHER, "iro")}
    assert child.terms[(KEPT, "social_worker")] == (None, LAST)


def test_what_the_kept_account_holds_already_stays_as_it_is() -> None:
    roles = (
        ProfessionalFacts(account_id=OLD, role="iro", held_to=LAST),
        ProfessionalFacts(account_id=KEPT, role="iro"),
    )
    child = merged(child_of(*roles))
    assert child.people == ((KEPT, "iro"),)
    assert child.terms.get((KEPT, "iro"), (None, None)) == (None, None)


def test_read_again_it_says_nothing() -> None:
    child = merged(child_of(ProfessionalFacts(account_id=OLD, role="iro")))
    assert decide(child, OLD, KEPT) == []
