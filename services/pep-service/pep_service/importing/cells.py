"""Reading the cells of one row: dates, codes, numbers, each with a reason where it will not do."""

import re
from calendar import monthrange
from dataclasses import replace
from datetime import date

from epep_runtime.language import _, written_date
from epep_runtime.text import email_address, one_line
from pep_service.children.codes import code_lists
from pep_service.importing.csv_files import FileKind, Row
from pep_service.importing.problems import Problem, Report

DATE = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$", re.ASCII)
POSTCODE = re.compile(r"^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$")
MAX_CHILD = 36


class Cells:
    """One row's cells as values. `refused` tells whether one of them refused the child."""

    def __init__(self, kind: FileKind, row: Row, report: Report) -> None:
        self._kind, self.row, self._report = kind, row, report
        self.refused = False

    def error(self, column: str, reason: str) -> None:
        """Refuse the row's child for this cell."""
        self.refused = True
        self._report.refuse(self.row.child, self._problem(column, reason))

    def warn(self, column: str, reason: str) -> None:
        """Report a doubtful cell; the child is imported."""
        problem = replace(self._problem(column, reason), severity="warning")
        self._report.problems.append(problem)

    def _problem(self, column: str, reason: str) -> Problem:
        value = self.row.cells.get(column, "")[:200]
        return Problem(self._kind.name, self.row.line, column, value, reason)

    def text(self, column: str, most: int = 100) -> str | None:
        """Return a line of text, None where it is blank."""
        value = self.row.cells[column]
        if not value:
            return None
        if len(value) > most:
            self.error(column, f"This is longer than {most} characters.")
            return None
        try:
            return one_line(value)
        except ValueError:
            self.error(column, _("This contains a character that cannot be stored."))
            return None

    def child(self) -> str | None:
        """Return the child's number, which must be there."""
        value = self.text("CHILD", MAX_CHILD)
        if value is None and not self.refused:
            self.error("CHILD", _("The child’s number is missing."))
        return value

    def day(self, column: str, today: date, *, needed: bool = False) -> date | None:
        """Return a date written dd/mm/yyyy that is not in the future, None where it is blank."""
        value = self.row.cells[column]
        if not value:
            if needed:
                self.error(column, _("The date is missing."))
            return None
        found = _date(value)
        if isinstance(found, str):
            self.error(column, found)
            return None
        if found > today:
            self.error(column, _("This date is in the future."))
            return None
        return found

    def code(self, column: str, *, needed: bool = True) -> str | None:
        """Return a code of the column's list, None where it is blank."""
        value = self.row.cells[column]
        lists = code_lists()
        if not value:
            if needed:
                self.error(column, _("The code is missing."))
            return None
        name = column.lower()
        if not lists.knows(name, value):
            known = ", ".join(lists.lists[name])
            self.error(column, f"There is no such code. The codes are {known}.")
            return None
        return value

    def postcode(self, column: str) -> str | None:
        """Return a postcode in capitals; one of another shape is kept with a warning."""
        value = self.text(column, 10)
        if value is None:
            return None
        value = value.upper()
        if not POSTCODE.match(value):
            self.warn(column, _("This does not look like a postcode."))
        return value

    def email(self, column: str) -> str | None:
        """Return an e-mail address in lower case; what is none is left out with a warning."""
        value = self.row.cells[column]
        if not value:
            return None
        try:
            return email_address(value)
        except ValueError:
            self.warn(column, _("This is not an e-mail address, so nobody is assigned."))
            return None


def _date(value: str) -> date | str:
    """Return the date, or the reason why it is none."""
    match = DATE.match(value)
    if match is None:
        return _("Write the date as dd/mm/yyyy.")
    day, month, year = (int(part) for part in match.groups())
    if not 1 <= month <= 12:
        return _("There is no month %(month)s.", month=month)
    if year < 1900:
        return _("The year is out of range.")
    if not 1 <= day <= monthrange(year, month)[1]:
        return _(
            "There is no %(day)s %(month)s %(year)s.",
            day=day,
            month=written_date(date(year, month, 1), "LLLL"),
            year=year,
        )
    return date(year, month, day)
