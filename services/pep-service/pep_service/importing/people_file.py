"""`people.csv`: names, schools and professionals, which the SSDA903 return does not have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from epep_access.people import Person
from epep_events.profile import Role
from epep_runtime.language import _
from pep_service.children.facts import NameFacts, ProfessionalFacts, SettingFacts
from pep_service.children.role_words import ROLE_WORDS
from pep_service.importing.cells import Cells
from pep_service.importing.csv_files import PEOPLE, Row, lines_by_child, said_twice
from pep_service.importing.problems import Report

SETTING_URN = re.compile(r"^(EY)?[0-9]{6}$")
PROFESSIONALS: tuple[tuple[str, Role], ...] = (
    ("SOCIAL_WORKER_EMAIL", "social_worker"),
    ("DESIGNATED_TEACHER_EMAIL", "designated_teacher"),
)


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """What the file tells about one child."""

    names: NameFacts
    setting: SettingFacts | None
    professionals: tuple[ProfessionalFacts, ...]


def read_people(
    rows: Sequence[Row],
    children: Mapping[str, object],
    settings: Mapping[str, str],
    people: Mapping[str, Person],
    report: Report,
) -> Mapping[str, PeopleRow]:
    """Return what the file tells by CHILD.

    `settings` are names by URN, `people` accounts by address. A URN or an address that is not
    known is doubtful, not wrong: the register or the account may come later.
    """
    lines = lines_by_child(rows)
    found: dict[str, PeopleRow] = {}
    for row in rows:
        cells = Cells(PEOPLE, row, report)
        child = cells.child()
        if child is None:
            continue
        if child not in children:
            cells.error("CHILD", _("There is no such child in header.csv."))
        if len(lines[child]) > 1:
            cells.error("CHILD", said_twice(lines[child]))
        found[child] = PeopleRow(
            _names(cells), _setting(cells, settings), _professionals(cells, people)
        )
    return found


def _names(cells: Cells) -> NameFacts:
    for column in ("FIRST_NAME", "LAST_NAME"):
        if not cells.row.cells[column]:
            cells.warn(column, _("The name is missing; one that is recorded already stays."))
    return NameFacts(
        first_name=cells.text("FIRST_NAME"),
        last_name=cells.text("LAST_NAME"),
        preferred_name=cells.text("PREFERRED_NAME"),
    )


def _setting(cells: Cells, settings: Mapping[str, str]) -> SettingFacts | None:
    urn = cells.text("SETTING_URN", 20)
    if urn is None:
        return SettingFacts(urn=None)
    urn = urn.upper()
    if not SETTING_URN.match(urn):
        cells.warn(
            "SETTING_URN", _("This is not the URN of a setting; the setting stays as it is.")
        )
        return None
    if urn not in settings:
        cells.warn(
            "SETTING_URN",
            _("This setting is not in the register: it shows without a name until it is."),
        )
    return SettingFacts(urn=urn, name=settings.get(urn))


def _professionals(cells: Cells, people: Mapping[str, Person]) -> tuple[ProfessionalFacts, ...]:
    found = []
    for column, role in PROFESSIONALS:
        email = cells.email(column)
        if email is None:
            continue
        person = people.get(email)
        if person is None:
            cells.warn(column, _("There is no account with this address, so nobody is assigned."))
        elif not person.holds(role):
            cells.warn(
                column,
                _(
                    "This account does not have the role of %(role)s, so nobody is assigned.",
                    role=_(ROLE_WORDS[role]),
                ),
            )
        else:
            found.append(ProfessionalFacts(account_id=person.account_id, role=role))
    return tuple(found)
