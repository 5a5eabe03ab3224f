"""How far each PEP of the demo has come: who has answered, what is written, who has signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

from epep_demo.children import Child
from epep_demo.choosing import number
from epep_demo.days import meeting_time, working_day

Stage = Literal[
    "initiated",
    "answered",
    "partly_written",
    "meeting_held",
    "sections_complete",
    "submitted",
    "in_review",
    "returned",
    "signed_off",
    "audited",
]

STAGES: dict[str, tuple[tuple[Stage, int], ...]] = {
    "330": (
        *(("initiated", 6), ("answered", 8), ("partly_written", 8), ("meeting_held", 6)),
        *(("sections_complete", 4), ("signed_off", 4), ("audited", 4)),
    ),
    "998": (
        *(("initiated", 6), ("answered", 7), ("partly_written", 8), ("meeting_held", 5)),
        *(("sections_complete", 3), ("submitted", 3), ("in_review", 3), ("returned", 2)),
        ("signed_off", 4),
    ),
}
"""How many PEPs of each authority are at each stage: about forty in all."""

HELD: frozenset[Stage] = frozenset(
    {
        *("meeting_held", "sections_complete", "submitted", "in_review"),
        *("returned", "signed_off", "audited"),
    }
)
"""The stages at which the meeting has taken place."""


@dataclass(frozen=True)
class Scene:
    """One PEP: its child, its stage, and its meeting's local date and time."""

    child: Child
    stage: Stage
    kind: str
    day: date
    at: time

    @property
    def held(self) -> bool:
        """Say whether the meeting has taken place."""
        return self.stage in HELD


def scenes_for(authority: str, children: Sequence[Child], today: date) -> list[Scene]:
    """Give each stage its children. Children who have left care get no PEP.

    Raises ValueError when there are too few children for the stages.
    """
    stages = [stage for stage, count in STAGES[authority] for _ in range(count)]
    eligible = [child for child in children if child.in_care]
    if len(eligible) < len(stages):
        raise ValueError("there are fewer children in care than PEPs to make")
    # A child between settings has no designated teacher yet, so their PEP has only begun.
    order = sorted(
        eligible,
        key=lambda child: (
            child.setting is not None,
            number(0, 2**32, authority, child.number, "scene"),
        ),
    )
    return [_scene(stage, child, today) for stage, child in zip(stages, order, strict=False)]


def _scene(stage: Stage, child: Child, today: date) -> Scene:
    key = (child.authority, child.number)
    if stage in HELD:
        back = number(2, 18, *key, "held") if stage != "meeting_held" else number(1, 6, *key)
        day = working_day(today, -back)
    else:
        day = working_day(today, number(2, 22, *key, "ahead"))
    return Scene(child, stage, _kind(child, today), day, meeting_time(*key))


def _kind(child: Child, today: date) -> str:
    if (today - child.came_into_care) <= timedelta(days=90):
        return "initial"
    return "change_of_setting" if child.number % 13 == 5 else "review"
