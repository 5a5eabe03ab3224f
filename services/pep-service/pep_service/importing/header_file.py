"""`header.csv`: who each child is."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from epep_runtime.language import _
from pep_service.children.facts import CoreFacts
from pep_service.children.upn import check_letter, is_upn
from pep_service.importing.cells import Cells
from pep_service.importing.csv_files import HEADER, Row, lines_by_child, said_twice
from pep_service.importing.problems import Report

OLDEST = 25  # care leavers are followed to their 25th birthday
UPN_UNKNOWN = re.compile(r"^UN([1-9]|10)$")
FEMALE = "2"


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A child of the file; `core` is None where it cannot be used."""

    line: int
    core: CoreFacts | None


def read_header(rows: Sequence[Row], today: date, report: Report) -> Mapping[str, HeaderRow]:
    """Return the children of the file by CHILD; a child that is there twice is refused."""
    lines = lines_by_child(rows)
    numbers = Counter(upn for _, upn in {(row.child, row.cells["UPN"].upper()) for row in rows})
    found: dict[str, HeaderRow] = {}
    for row in rows:
        cells = Cells(HEADER, row, report)
        child = cells.child()
        core = _core(cells, today, numbers)
        if child is None:
            continue
        if len(lines[child]) > 1:
            cells.error("CHILD", said_twice(lines[child]))
        found.setdefault(child, HeaderRow(row.line, None if cells.refused else core))
    return found


def _core(cells: Cells, today: date, numbers: Mapping[str, int]) -> CoreFacts | None:
    born = cells.day("DOB", today, needed=True)
    if born is not None and born.year < today.year - OLDEST - 1:
        cells.error("DOB", f"That would make the child older than {OLDEST}.")
    sex, ethnicity = cells.code("SEX"), cells.code("ETHNIC")
    upn = _upn(cells, numbers)
    mother, childs_birth = _motherhood(cells, sex, born, today)
    if born is None or sex is None or ethnicity is None or cells.refused:
        return None
    return CoreFacts(
        date_of_birth=born,
        sex=sex,
        ethnicity=ethnicity,
        upn=upn,
        mother=mother,
        mothers_child_born=childs_birth,
    )


def _upn(cells: Cells, numbers: Mapping[str, int]) -> str | None:
    """Return the UPN, None where there is none or a code says that it is not known."""
    value = (cells.text("UPN") or "").upper()
    if not value or UPN_UNKNOWN.match(value):
        return None
    if not is_upn(value):
        cells.error(
            "UPN", _("A UPN is a letter (not I, O or S), 11 digits, and a digit or letter.")
        )
        return None
    if check_letter(value) != value[0]:
        cells.warn(
            "UPN",
            _(
                "The check letter should be %(letter)s: one of the characters is wrong.",
                letter=check_letter(value),
            ),
        )
    if numbers[value] > 1:
        cells.warn("UPN", _("Another child of the file has the same UPN."))
    return value


def _motherhood(
    cells: Cells, sex: str | None, born: date | None, today: date
) -> tuple[bool | None, date | None]:
    said = cells.row.cells["MOTHER"]
    if said not in {"", "0", "1"}:
        cells.error("MOTHER", _("Write 1 for a mother, 0 or nothing for all others."))
        return None, None
    childs_birth = cells.day("MC_DOB", today)
    if said == "1" and sex is not None and sex != FEMALE:
        cells.warn("MOTHER", _("The child is recorded as a mother but not as female."))
    if childs_birth is not None and said != "1":
        cells.error("MC_DOB", _("There is a date of birth of a child, but MOTHER is not 1."))
    if childs_birth is not None and born is not None and childs_birth <= born:
        cells.error("MC_DOB", _("The mother’s child was born before her."))
    return (None if said == "" else said == "1"), childs_birth
