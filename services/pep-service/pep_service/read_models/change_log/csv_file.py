"""The change log as a CSV file that a spreadsheet opens safely."""

import csv
import io
from collections.abc import Iterable

from epep_runtime.civil_time import local
from epep_runtime.language import N_, _
from pep_service.read_models.change_log.reading import FieldShown, RowShown

HEADER = (
    N_("When"),
    N_("Who"),
    N_("Role"),
    N_("Section"),
    N_("What"),
    N_("Field"),
    N_("From"),
    N_("To"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_of(rows: Iterable[RowShown]) -> bytes:
    """Return the rows as CSV in UTF-8 with a byte-order mark, one line a field.

    Times are England's. A change without fields is one line.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_(each) for each in HEADER])
    nothing = FieldShown(label="", old=None, new=None)
    for row in rows:
        head = (f"{local(row.at):%d/%m/%Y %H:%M:%S}", row.who, row.role_label)
        for field in row.changes or [nothing]:
            cells = (row.section_title, row.what, field.label, field.old or "", field.new or "")
            writer.writerow([harmless(cell) for cell in (*head, *cells)])
    return (BYTE_ORDER_MARK + text.getvalue()).encode()
