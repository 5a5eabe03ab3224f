"""Year group and key stage from a date of birth: school years begin on 1 September.

A year group is the national curriculum year as a number: Reception is 0, Year 1 is 1, the nursery
year is -1. Rule: the age in whole years on 31 August before the school year, less four.
"""

from dataclasses import dataclass
from datetime import date

from epep_runtime.language import _

SEPTEMBER = 9


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """Where a child is in school on one day: `year_group` as a number, and how both are shown."""

    year_group: int
    label: str
    key_stage: str


def school_year_of(day: date) -> int:
    """Return the calendar year in which the school year of that day began."""
    return day.year if day.month >= SEPTEMBER else day.year - 1


def year_group(born: date, on: date) -> int:
    """Return the national curriculum year of a child born on `born`, on the day `on`.

    Nobody has a birthday between 31 August and 1 September, so whole years follow from the month
    alone; a child born on 29 February counts as any other born in February.
    """
    autumn_born = 1 if born.month >= SEPTEMBER else 0
    return school_year_of(on) - born.year - autumn_born - 4


def year_group_label(group: int) -> str:
    """Return how a year group is shown: `Year 7`, `Reception`, `Nursery (age 3 to 4)`."""
    if group >= 1:
        return _("Year %(group)s", group=group)
    if group == 0:
        return _("Reception")
    if group == -1:
        return _("Nursery (age 3 to 4)")
    age = max(group + 4, 0)
    return _("Early years (age %(age)s to %(next)s)", age=age, next=age + 1)


def key_stage(group: int) -> str:
    """Return the key stage of a year group: EYFS, KS1 to KS4, or KS5 after Year 11."""
    for last, name in ((0, "EYFS"), (2, "KS1"), (6, "KS2"), (9, "KS3"), (11, "KS4")):
        if group <= last:
            return name
    return "KS5"


def school_year(born: date, on: date) -> SchoolYear:
    """Return a child's school year on a day."""
    group = year_group(born, on)
    return SchoolYear(group, year_group_label(group), key_stage(group))
