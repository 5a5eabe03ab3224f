"""A child's time in care as SSDA903 episodes: why, under which law, living where.

Codes are those of the DfE's SSDA903 guide: `reason` is RNE, `ended_because` REC, `place` PLACE.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from epep_demo.banks import bank
from epep_demo.choosing import number, pick, weighted

NEEDS = {"N1": 62, "N2": 3, "N3": 4, "N4": 9, "N5": 14, "N6": 1, "N8": 2}
FIRST_LAW = {"V2": 45, "C1": 48, "C2": 5, "E1": 2}
LATER_LAW = {"C2": 66, "V2": 22, "E1": 6, "C1": 6}
YOUNG_HOMES = {"U6": 40, "U4": 28, "U1": 10, "U3": 8, "P1": 8, "U5": 4, "R3": 2}
HOMES = {"U6": 34, "U4": 26, "U1": 9, "U3": 6, "K2": 14, "P1": 7, "S1": 2, "U5": 2}
TEEN_HOMES = {"U6": 28, "U4": 18, "K2": 24, "H5": 18, "U1": 5, "P2": 5, "K1": 1, "P1": 1}
MOVES = ("CARPL", "STAND", "CREQB", "CHILD", "LAREQ", "PLACE", "CARPL", "OTHER")
HOME_AGAIN = ("E4A", "E4B", "E45", "E13")


@dataclass(frozen=True)
class Episode:
    """One SSDA903 episode; `ended` is None while it is open."""

    started: date
    reason: str
    law: str
    need: str
    place: str
    provider: str
    home_postcode: str
    postcode: str
    urn: str
    ended: date | None = None
    ended_because: str | None = None
    moved_because: str | None = None


def episodes_of(
    authority: str, index: int, born: date, today: date, count: int, *, unaccompanied: bool
) -> tuple[Episode, ...]:
    """Return `count` episodes that follow one another; the last is open unless care has ended."""
    key = (authority, index)
    starts = _starts(key, born, today, count)
    need = "N8" if unaccompanied else weighted(NEEDS, *key, "need")
    found: list[Episode] = []
    for turn, start in enumerate(starts):
        before = found[-1] if found else None
        found.append(_episode(key, turn, start, born, need=need, before=before))
    linked = [
        replace(
            one,
            ended=after.started,
            ended_because="X1",
            moved_because=pick(MOVES, *key, "why", turn) if after.reason in "PB" else None,
        )
        for turn, (one, after) in enumerate(pairwise(found))
    ]
    return (*linked, _last(key, found[-1], born, today))


def _starts(key: tuple[str, int], born: date, today: date, count: int) -> list[date]:
    """Return rising first days; every sixth child came into care in the last six weeks."""
    lived = (min(today, _birthday(born, 18)) - born).days - 1
    longest = max(count * 3, min(lived - 30, 3400))
    if key[1] % 6 == 0 and count == 1:
        ago = min(number(6, 40, *key, "new"), longest)
    else:
        ago = number(min(150, longest), longest, *key, "entered")
    last = today if lived >= (today - born).days - 1 else _birthday(born, 18)
    gap = max(ago // count, 1)
    return [
        last - timedelta(days=ago - turn * gap - (number(0, gap // 2, *key, turn) if turn else 0))
        for turn in range(count)
    ]


def _episode(
    key: tuple[str, int], turn: int, start: date, born: date, *, need: str, before: Episode | None
) -> Episode:
    home = before.home_postcode if before else ("" if need == "N8" else _postcode(key, "home"))
    if before and number(0, 4, *key, turn, "law only") == 0 and before.law in {"C1", "V2"}:
        return replace(before, started=start, reason="L", law="C2")
    age = (start - born).days / 365.25
    homes = YOUNG_HOMES if age < 10 else HOMES if age < 16 else TEEN_HOMES
    place = weighted(homes, *key, turn, "place")
    law = before.law if before else ("V2" if need == "N8" else weighted(FIRST_LAW, *key, "law"))
    reason = "P" if before else "S"
    if before and law == "C1":
        law, reason = weighted(LATER_LAW, *key, turn, "law"), "B"
        reason = "P" if law == "C1" else reason
    with_parent = place == "P1"
    agency = place[0] in "UK"
    return Episode(
        started=start,
        reason=reason,
        law=law,
        need=need,
        place=place,
        provider="PR0" if with_parent else pick(("PR1", "PR1", "PR4", "PR4", "PR5"), *key, turn),
        home_postcode=home,
        postcode=home if with_parent else _postcode(key, "lives", turn),
        urn=f"SC99{number(1000, 1060, *key, turn, 'urn')}" if agency else "XXXXXXX",
    )


def _last(key: tuple[str, int], episode: Episode, born: date, today: date) -> Episode:
    """Close the last episode at 18, and for one child in twenty-nine who has gone home."""
    grown_up = _birthday(born, 18)
    if grown_up <= today:
        return replace(episode, ended=grown_up, ended_because="E5")
    if key[1] % 29 == 28 and (today - episode.started).days > 30:
        ended = today - timedelta(days=number(5, 25, *key, "left"))
        return replace(episode, ended=ended, ended_because=pick(HOME_AGAIN, *key, "how"))
    return episode


def _birthday(born: date, age: int) -> date:
    """Return the day on which somebody reaches an age; 29 February counts as 1 March."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def _postcode(key: tuple[str, int], *which: object) -> str:
    """Return a postcode in an area that Royal Mail does not use."""
    area = pick(bank("authorities")[key[0]]["postcode_areas"], *key, *which, "area")
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    first, second = (pick(letters, *key, *which, n) for n in (1, 2))
    return f"{area} {number(1, 9, *key, *which)}{first}{second}"
