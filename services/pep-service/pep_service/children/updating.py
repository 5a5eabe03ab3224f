"""Bringing a child up to date with all that an authority's files tell of it."""

from collections.abc import Sequence
from uuid import UUID

from epep_events.base import Event
from epep_events.pep import ProfessionalUnassigned
from pep_service.children.assigning import hand_over
from pep_service.children.child import Child, evolve
from pep_service.children.facts import ChildFacts
from pep_service.children.following_care import follow_care
from pep_service.children.registering import change_setting, correct, register

SCHOOL = ("designated_teacher", "designated_person")


def teachers_left(child: Child, facts: ChildFacts) -> list[Event]:
    """Return the end of the old setting's teachers' roles; the new setting's follow from it.

    None at the first setting, and none for somebody whom the same files name again.
    """
    named = {(each.account_id, each.role) for each in facts.professionals}
    if child.setting_urn is None or child.child_id is None:
        return []
    return [
        ProfessionalUnassigned(child_id=child.child_id, account_id=account, role=role)
        for account, role in child.people
        if role in SCHOOL and (account, role) not in named
    ]


def bring_up_to_date(child: Child, child_id: UUID, facts: ChildFacts) -> list[Event]:
    """Return the events that make the child as told; none where it is so already.

    Raises UntoldEndError where the episodes told cannot be fitted to those known.
    """
    events: list[Event] = []

    def say(more: Sequence[Event]) -> None:
        nonlocal child
        for event in more:
            child = evolve(child, event)
            events.append(event)

    if child.child_id is None:
        say(register(child_id, facts))
    else:
        say(correct(child, facts.core, facts.names))
    say(follow_care(child, facts.episodes))
    if facts.setting is not None:
        moved = change_setting(child, facts.setting)
        say([*moved, *(teachers_left(child, facts) if moved else [])])
    for professional in facts.professionals:
        say(hand_over(child, professional))
    return events
