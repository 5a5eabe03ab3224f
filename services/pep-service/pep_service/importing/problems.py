"""What is wrong or doubtful in an authority's files: one line a problem, to put right and retry."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from epep_runtime.language import N_, _

Severity = Literal["error", "warning"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = (N_("file"), N_("line"), N_("column"), N_("value"), N_("reason"), N_("severity"))
SEVERITIES: Mapping[Severity, str] = {"error": N_("error"), "warning": N_("warning")}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: where (lines count from 1, the line of column names; 0 is the whole file), the
    value as it stands there, and why it will not do (error) or is doubtful (warning).
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    severity: Severity = "error"


@dataclass
class Report:
    """Problems as they are found, and the children (by CHILD) that are refused for them."""

    problems: list[Problem] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    unreadable: bool = False

    def refuse(self, child: str, problem: Problem) -> None:
        """Report an error that keeps this child, and nobody else, out of the import."""
        self.refused.add(child or f"{problem.file}, line {problem.line}")
        self.problems.append(problem)

    def refuse_file(self, problem: Problem) -> None:
        """Report an error for which the whole file cannot be read."""
        self.unreadable = True
        self.problems.append(problem)

    def in_order(self) -> tuple[Problem, ...]:
        """Return the problems by file, then line, as people work through them."""
        names = ("header.csv", "episodes.csv", "people.csv")
        return tuple(sorted(self.problems, key=lambda each: (names.index(each.file), each.line)))


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a quote goes before what would be."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def problems_csv(problems: Iterable[Problem]) -> bytes:
    """Return the problems as CSV in UTF-8 with a byte-order mark, which Excel needs."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_(each) for each in COLUMNS])
    for each in problems:
        cells = [each.file, str(each.line), each.column, each.value, each.reason]
        cells.append(_(SEVERITIES[each.severity]))
        writer.writerow([harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")
