"""One child's portrait: what makes everything that is written about a child hang together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from epep_demo.banks import bank
from epep_demo.cast import with_role
from epep_demo.children import Child
from epep_demo.choosing import number, pick, some
from epep_demo.days import school_year

PHASES = ("early", "primary", "secondary", "post_16")
_WORDS = {
    "1": {"he": "he", "him": "him", "his": "his", "himself": "himself"},
    "2": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
}
_SCHOOLS = ("Ashgrove Road", "Millbrook Lane", "Holm Oak", "Priory Fields")
_BEFORE = {"early": "Nursery", "primary": "Primary", "secondary": "Primary", "post_16": "High"}
_CARED_FOR = {3: 0, 9: 0, 14: 0, 20: 1, 26: 1, 33: 1}
"""Which of the carers with an account looks after which child, by the child's number."""


@dataclass(frozen=True)
class Portrait:
    """The words for the gaps in the texts, and the (two or three) threads of this term's work."""

    child: Child
    slots: Mapping[str, str]
    themes: tuple[Mapping[str, str], ...]

    def fill(self, text: str) -> str:
        """Fill a text's gaps. Raises KeyError for a gap that the portrait does not know."""
        return text.format_map(dict(self.slots))


def phase_of(year: int) -> str:
    """Return early, primary, secondary or post_16 for a national curriculum year."""
    if year <= 0:
        return "early"
    if year <= 6:
        return "primary"
    return "secondary" if year <= 11 else "post_16"


def carer_account(child: Child) -> str | None:
    """Return the e-mail address of the carer with an account who looks after this child."""
    place = _CARED_FOR.get(child.number)
    return None if place is None else with_role(child.authority, "carer")[place].email


def portrait_of(child: Child, today: date) -> Portrait:
    """Draw one child; the same child is always drawn the same."""
    slots = _words(child, today) | _numbers(child, today)
    themes = tuple(_filled(theme, slots) for theme in _themes(child))
    first, second = themes[:2]
    slots |= {k: first[k] for k in ("barrier", "catch_up", "pp_use", "pp_impact", "progress")}
    slots |= {"barrier_2": second["barrier"], "catch_up_2": second["catch_up"]}
    slots |= {"need_low": first["need"], "theme_word": first["word"]}
    capitals = {f"{k}_cap": v[:1].upper() + v[1:] for k, v in slots.items()}
    return Portrait(child, slots | capitals, themes)


def started_here(child: Child, today: date) -> date:
    """Return the day on which the child joined the present setting: within the present phase."""
    first_year = {"early": -1, "primary": 0, "secondary": 7, "post_16": 12}[phase_of(child.year)]
    phase_began = date(school_year(today) - max(child.year - first_year, 0), 9, 4)
    longest = max((today - phase_began).days, 1)
    ago = number(1, longest * 2, child.authority, child.number, "started here")
    return today - timedelta(days=min(ago, longest))


def _words(child: Child, today: date) -> dict[str, str]:
    key = (child.authority, child.number)
    slots = {name: _one(lists, child) for name, lists in bank("portraits").items()}
    account = carer_account(child)
    if account:
        people = with_role(child.authority, "carer")
        slots["carer"] = next(each.name for each in people if each.email == account)
    his = _WORDS[child.sex]
    return {
        **slots,
        **his,
        "He": his["he"].capitalize(),
        "His": his["his"].capitalize(),
        "name": child.known_as,
        "carer_first": slots["carer"].split()[0],
        "adult_2": pick(bank("portraits")["adult"], *key, "second"),
        "hobby_plain": slots["hobby"].split(" with ")[0].split(" in ")[0],
        "club_plain": slots["club"].split(" on ")[0],
        "school": child.setting.name if child.setting else "the tuition service",
        "authority": bank("authorities")[child.authority]["name"],
        "previous_school": f"{pick(_SCHOOLS, *key)} {_BEFORE[phase_of(child.year)]}",
        "year_moved": str(started_here(child, today).year),
    }


def _one(lists: Any, child: Child) -> str:
    key = (child.authority, child.number)
    if isinstance(lists, list):
        return str(pick(lists, *key, len(lists), lists[0]))
    options = lists[phase_of(child.year)]
    return str(pick(options, *key, options[0]))


def _numbers(child: Child, today: date) -> dict[str, str]:
    def drawn(low: int, high: int, name: str) -> int:
        return number(low, high, child.authority, child.number, name)

    m = drawn(5, 8, "m")
    age = (today - child.born).days // 365
    return {
        "n": str(drawn(4, 9, "n")),
        "n3": str(drawn(2, 4, "n3")),
        "n20": str(drawn(12, 25, "n20")),
        "m": str(m),
        "m0": f"{m}0",
        "m_less": str(m - 2),
        "weeks": str(drawn(3, 6, "weeks")),
        "nineties": str(drawn(93, 96, "nineties")),
        "eighties": str(drawn(78, 88, "eighties")),
        "grade": str(drawn(4, 6, "grade")),
        "low_grade": str(drawn(2, 3, "low")),
        "years_read": str(max(age - drawn(0, 2, "read"), 5)),
    }


def _themes(child: Child) -> list[dict[str, Any]]:
    """Choose two or three threads; a child in Year 6 or 11 has the move ahead among them."""
    key = (child.authority, child.number)
    every: list[dict[str, Any]] = list(bank("themes"))
    every = [each for each in every if phase_of(child.year) in each["phases"]]
    fitting = [
        each
        for each in every
        if (each["key"] != "language" or child.ethnicity in {"OOTH", "AOTH", "WOTH"})
        and (each["key"] != "transition" or child.year in {6, 7, 11})
        and (each["key"] not in {"exams", "next_step"} or child.year >= 9)
    ]
    chosen = some(fitting, number(2, 3, *key, "themes"), *key, "which")
    turn = number(0, len(chosen) - 1, *key, "first")
    return chosen[turn:] + chosen[:turn]


def _filled(theme: dict[str, Any], slots: dict[str, str]) -> dict[str, str]:
    return {k: v.format_map(slots) for k, v in theme.items() if isinstance(v, str)}
