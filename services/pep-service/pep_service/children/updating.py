"""Bringing a child up to date with all that an authority's files tell of it."""

from collections.abc import Sequence
from uuid import UUID

from epep_events.base import Event
from pep_service.children.assigning import hand_over
from pep_service.children.child import Child, evolve
from pep_service.children.facts import ChildFacts
from pep_service.children.following_care import follow_care
from pep_service.children.registering import change_setting, correct, register


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
        say(change_setting(child, facts.setting))
    for professional in facts.professionals:
        say(hand_over(child, professional))
    return events
