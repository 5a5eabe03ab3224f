"""What is to be killed when: decided beforehand by a seed, so that it can be had again."""

from __future__ import annotations

import random
from dataclasses import dataclass

GAPS = (2.2, 3.6)  # seconds from one blow to the next
TOGETHER = 0.15  # so many blows fall together with the one before
LEAST_LIFE = 0.3  # seconds that what was started again has before it may be killed
WEIGHTS = {
    "pep": 27, "meeting": 17, "notification": 17, "identity": 12, "qa": 8, "portal": 4,
    "database": 8, "broker": 7,
}  # fmt: skip
LONGEST_AWAY = {"database": 3.0, "broker": 4.0}
LONGEST_SERVICE_AWAY = 1.5


@dataclass(frozen=True)
class Blow:
    """`kill -9` of a victim at a time, in seconds from the beginning; back `away` seconds later."""

    at: float
    victim: str
    away: float


def blows(seed: int, seconds: float) -> list[Blow]:
    """Plan the blows of so many seconds: the same for the same arguments.

    Whoever is to be killed is meant to be there: nobody is, while away.
    """
    chance = random.Random(seed)
    planned: list[Blow] = []
    back_at = dict.fromkeys(WEIGHTS, 0.0)
    at = chance.uniform(0.5, 1.5)
    while at < seconds:
        there = [name for name in WEIGHTS if back_at[name] <= at]
        [victim] = chance.choices(there, [WEIGHTS[name] for name in there])
        away = chance.uniform(0.0, LONGEST_AWAY.get(victim, LONGEST_SERVICE_AWAY))
        planned.append(Blow(round(at, 2), victim, round(away, 2)))
        back_at[victim] = at + away + LEAST_LIFE
        if chance.random() >= TOGETHER:
            at += chance.uniform(*GAPS)
    return planned
