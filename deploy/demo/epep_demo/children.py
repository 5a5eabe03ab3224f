"""The children of the demo: who they are, where they learn, who works with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from epep_demo import days
from epep_demo.banks import bank
from epep_demo.care import Episode, episodes_of
from epep_demo.cast import Setting, settings_of, teacher_at, with_role
from epep_demo.choosing import number, pick, weighted
from epep_demo.upn import upn

YEARS = {-1: 4, 0: 3, 1: 2, 2: 3, 3: 3, 4: 4, 5: 4, 6: 4, 7: 5, 8: 5, 9: 5, 10: 5, 11: 6}
YEARS |= {12: 4, 13: 3}
LADDER = tuple(year for year, children in YEARS.items() for _ in range(children))
"""The national curriculum year of each of 60 children, more of them in their teens."""

UNACCOMPANIED = {"OOTH", "AOTH"}
_AWAY = {4, 8, *range(4, 60, 6)}
"""Of each sixty children of Northvale, those (about ten) who learn in Birmingham."""
NICKNAMES = {
    **{"Jessica": "Jess", "Samuel": "Sam", "Emmanuel": "Manny", "Callum": "Cal", "Dylan": "Dyl"},
    **{"Kathleen": "Kath", "Margaret": "Maggie", "Scarlett": "Scarlet", "Isaac": "Zac"},
    **{"Jahmal": "Jay", "Monique": "Mo", "Zainab": "Zee", "Connor": "Con", "Andreea": "Andi"},
    **{"Fatoumata": "Fatou", "Esmeralda": "Esme", "Kayleigh": "Kay", "Archie": "Arch"},
}


@dataclass(frozen=True)
class Child:
    """A made-up child. `sex` is the SSDA903 code (1 male, 2 female); `setting` may be None."""

    authority: str
    number: int
    care_id: str
    first_name: str
    last_name: str
    preferred_name: str | None
    sex: str
    born: date
    ethnicity: str
    upn: str | None
    mothers_child_born: date | None
    year: int
    setting: Setting | None
    social_worker_email: str
    designated_teacher_email: str | None
    episodes: tuple[Episode, ...]

    @property
    def known_as(self) -> str:
        """Return the name that the child goes by."""
        return self.preferred_name or self.first_name

    @property
    def in_care(self) -> bool:
        """Say whether the last episode is open."""
        return self.episodes[-1].ended is None

    @property
    def came_into_care(self) -> date:
        """Return the first day of the first episode."""
        return self.episodes[0].started


def children_of(
    authority: str, today: date, count: int = 60, episodes: int | None = None
) -> list[Child]:
    """Return the first `count` made-up children of an authority, with `episodes` in all.

    The same arguments always give the same children. Raises ValueError when there are fewer
    episodes than children.
    """
    total = episodes if episodes is not None else count + count // 2
    if total < count:
        raise ValueError("every child has at least one episode: ask for more episodes")
    names = _names(authority)
    shares = _episode_shares(count, total)
    return [_child(authority, i, today, next(names), shares[i]) for i in range(count)]


def _episode_shares(count: int, total: int) -> list[int]:
    """Share the episodes out: every sixth child is new to care and has one where possible."""
    shares = [1] * count
    extra = total - count
    settled = [i for i in range(count) if i % 6] or list(range(count))
    for turn in range(extra):
        shares[settled[turn % len(settled)]] += 1
    return shares


@dataclass(frozen=True)
class _Name:
    first: str
    last: str
    sex: str
    ethnicity: str


def _names(authority: str) -> Iterator[_Name]:
    """Yield names; as long as the bank has fresh combinations, none comes twice."""
    weights: dict[str, int] = bank("authorities")[authority]["ethnicities"]
    seen: set[tuple[str, str]] = set()
    index = 0
    while True:
        sex = pick("12", authority, index, "sex")
        for attempt in range(12):
            ethnicity = weighted(weights, authority, index, "ethnicity", attempt // 4)
            group = bank("names")[ethnicity]
            first = pick(group["girls" if sex == "2" else "boys"], authority, index, 1, attempt)
            last = pick(group["last"], authority, index, 2, attempt)
            if (first, last) not in seen:
                break
        seen.add((first, last))
        yield _Name(first, last, sex, ethnicity)
        index += 1


def _child(authority: str, index: int, today: date, name: _Name, episodes: int) -> Child:
    year = LADDER[(index * 37) % len(LADDER)]
    alone = name.ethnicity in UNACCOMPANIED and year >= 10
    born = days.birthday_for(year, today, authority, index)
    where = _setting(authority, index, year)
    mothers_child = None
    if name.sex == "2" and year >= 12 and number(0, 3, authority, index, "mother") == 0:
        mothers_child = today - timedelta(days=number(60, 300, authority, index, "baby"))
    started_school = days.school_year(today) - max(year, 0)
    return Child(
        authority=authority,
        number=index,
        care_id=f"{authority}{100001 + index * 7}",
        first_name=name.first,
        last_name=name.last,
        preferred_name=NICKNAMES.get(name.first) if index % 3 == 2 else None,
        sex=name.sex,
        born=born,
        ethnicity=name.ethnicity,
        upn=upn(authority, started_school, index) if year >= 0 else None,
        mothers_child_born=mothers_child,
        year=year,
        setting=where,
        social_worker_email=pick(with_role(authority, "social_worker"), index, "sw").email,
        designated_teacher_email=teacher_at(where.urn).email if where else None,
        episodes=episodes_of(authority, index, born, today, episodes, unaccompanied=alone),
    )


def _setting(authority: str, index: int, year: int) -> Setting | None:
    """Return the child's setting: one in thirty is between settings, and has none."""
    if index % 30 == 17:
        return None
    away = authority == "998" and index % 60 in _AWAY and 0 <= year <= 11
    phase = _phase(year)
    if phase in {"primary", "secondary"} and index % 15 == 6:
        phase = "special"
    area = settings_of("330" if away else authority)
    if away:
        shared = {"primary": "990102", "secondary": "990105", "special": "990105"}[phase]
        return next(each for each in area if each.urn == shared)
    return pick([each for each in area if each.phase == phase], authority, index, "setting")


def _phase(year: int) -> str:
    if year < 0:
        return "nursery"
    if year <= 6:
        return "primary"
    return "secondary" if year <= 11 else "post_16"
