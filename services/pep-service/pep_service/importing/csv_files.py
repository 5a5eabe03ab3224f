"""Reading a CSV file as authorities send it: with or without a byte-order mark, extra columns."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from epep_runtime.language import N_, _
from pep_service.importing.problems import Problem, Report


@dataclass(frozen=True, slots=True)
class FileKind:
    """One of the files: its name in problems and the columns that it must have."""

    name: str
    columns: tuple[str, ...]


HEADER = FileKind("header.csv", ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"))
EPISODES = FileKind(
    "episodes.csv",
    (
        "CHILD",
        "DECOM",
        "RNE",
        "LS",
        "CIN",
        "PLACE",
        "PLACE_PROVIDER",
        "DEC",
        "REC",
        "REASON_PLACE_CHANGE",
        "HOME_POST",
        "PL_POST",
        "URN",
    ),
)
PEOPLE = FileKind(
    "people.csv",
    (
        "CHILD",
        "FIRST_NAME",
        "LAST_NAME",
        "PREFERRED_NAME",
        "SETTING_URN",
        "SOCIAL_WORKER_EMAIL",
        "DESIGNATED_TEACHER_EMAIL",
    ),
)
KINDS = (HEADER, EPISODES, PEOPLE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins, and its cells by column, trimmed."""

    line: int
    cells: Mapping[str, str]

    @property
    def child(self) -> str:
        """Return the authority's number of the child."""
        return self.cells["CHILD"]


def lines_by_child(rows: Sequence[Row]) -> Mapping[str, Sequence[int]]:
    """Return the lines on which each child stands."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.child, []).append(row.line)
    return lines


def said_twice(lines: Sequence[int]) -> str:
    """Return the reason for refusing a child that stands on several lines of a file."""
    shown, count = ", ".join(map(str, lines[:10])), len(lines)
    if count > 10:
        text = _("This child is in the file %(count)s times: lines %(shown)s and more.")
    else:
        text = _("This child is in the file %(count)s times: lines %(shown)s.")
    return text % {"count": count, "shown": shown}


SIGNATURES = (
    (b"PK\x03\x04", N_("This is an Excel workbook or zip file. Save it as “CSV UTF-8”.")),
    (b"\xd0\xcf\x11\xe0", N_("This is an old Excel workbook. Save it as “CSV UTF-8”.")),
    (b"%PDF", N_("This is a PDF file. Export the data as “CSV UTF-8”.")),
    (b"\xff\xfe", N_("This is UTF-16 text. Save it as “CSV UTF-8”.")),
    (b"\xfe\xff", N_("This is UTF-16 text. Save it as “CSV UTF-8”.")),
)


def read_rows(kind: FileKind, data: bytes, report: Report) -> list[Row]:
    """Return the file's rows; what cannot be read is reported.

    Blank rows are left out. A row with too few or too many cells refuses its child.
    """
    text = _decoded(kind, data, report)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [cell.strip().upper() for cell in next(reader, [])]
        if not _has_columns(kind, names, report):
            return []
        return list(_rows(kind, names, reader, report))
    except csv.Error as error:
        report.refuse_file(
            Problem(
                kind.name,
                reader.line_num,
                "",
                "",
                _("This is not CSV from here on: %(error)s.", error=error),
            )
        )
        return []


def _decoded(kind: FileKind, data: bytes, report: Report) -> str | None:
    def refuse(line: int, value: str, reason: str) -> None:
        report.refuse_file(Problem(kind.name, line, "", value, reason))

    for signature, reason in SIGNATURES:
        if data.startswith(signature):
            refuse(0, "", _(reason))
            return None
    if b"\0" in data:
        refuse(data[: data.index(b"\0")].count(b"\n") + 1, "", _("This is not a text file."))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        around = data[:start].rpartition(b"\n")[2][-20:] + data[start:].partition(b"\n")[0][:20]
        refuse(
            data[:start].count(b"\n") + 1,
            around.decode("cp1252", "replace").strip(),
            _(
                "This line is not UTF-8; it looks like Windows-1252, which Excel’s plain “CSV”"
                " makes. Save the file as “CSV UTF-8”."
            ),
        )
        return None
    if not text.strip():
        refuse(0, "", _("The file is empty."))
        return None
    return text


def _has_columns(kind: FileKind, names: Sequence[str], report: Report) -> bool:
    def refuse(column: str, reason: str) -> None:
        report.refuse_file(Problem(kind.name, 1, column, "", reason))

    missing = [name for name in kind.columns if name not in names]
    if len(missing) == len(kind.columns):
        refuse("", _what_it_may_be(kind, names))
    else:
        for name in missing:
            refuse(name, _("This column is missing."))
    for name in kind.columns:
        if names.count(name) > 1:
            refuse(name, _("This column is there more than once."))
    return not missing and not report.unreadable


def _what_it_may_be(kind: FileKind, names: Sequence[str]) -> str:
    columns = ", ".join(kind.columns)
    wanted = _("The first line must name the columns %(columns)s.", columns=columns)
    if len(names) == 1 and ";" in names[0]:
        said = _("The cells are separated by semicolons: save the file with commas.")
    elif len(names) == 1 and "\t" in names[0]:
        said = _("The cells are separated by tabs: save the file with commas.")
    else:
        said = _("This is not %(name)s.", name=kind.name)
    return f"{said} {wanted}"


def _rows(
    kind: FileKind, names: Sequence[str], reader: Iterator[list[str]], report: Report
) -> Iterator[Row]:
    places = {name: names.index(name) for name in kind.columns}
    begins = reader.line_num + 1  # type: ignore[attr-defined]
    for cells in reader:
        line, begins = begins, reader.line_num + 1  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            place = places["CHILD"]
            child = cells[place].strip() if place < len(cells) else ""
            reason = _(
                "This row has %(cells)s cells; the first line names %(names)s columns.",
                cells=len(cells),
                names=len(names),
            )
            report.refuse(child, Problem(kind.name, line, "", "", reason))
            continue
        yield Row(line, {name: cells[place].strip() for name, place in places.items()})
