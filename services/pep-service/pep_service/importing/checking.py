"""The check of an authority's files: what would be new, changed, unchanged, refused. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from epep_access.people import Person
from epep_runtime.language import N_, _
from pep_service.children.child import Child, child_id_of
from pep_service.children.facts import ChildFacts
from pep_service.children.following_care import UntoldEndError
from pep_service.children.updating import bring_up_to_date
from pep_service.importing.csv_files import EPISODES, HEADER, PEOPLE, Row, read_rows
from pep_service.importing.episodes_file import EpisodeRow, read_episodes
from pep_service.importing.header_file import HeaderRow, read_header
from pep_service.importing.people_file import PeopleRow, read_people
from pep_service.importing.problems import Problem, Report

ERASED_REASON = N_("This child's record has been erased. It cannot be recorded again.")
Verdict = Literal["new", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Tables:
    """The files' rows, and what was wrong with reading them. `people` is None without the file."""

    header: Sequence[Row]
    episodes: Sequence[Row]
    people: Sequence[Row] | None
    report: Report

    def child_numbers(self) -> set[str]:
        """Return every CHILD of header.csv."""
        return {row.child for row in self.header if row.child}

    def setting_urns(self) -> set[str]:
        """Return every SETTING_URN."""
        return {row.cells["SETTING_URN"].upper() for row in self.people or ()}

    def emails(self) -> set[str]:
        """Return every professional's address."""
        columns = ("SOCIAL_WORKER_EMAIL", "DESIGNATED_TEACHER_EMAIL")
        return {row.cells[column].lower() for row in self.people or () for column in columns}


@dataclass(frozen=True, slots=True)
class Known:
    """What the service knows already: children by id, settings' names by URN, people by address.

    `erased` are children of the files whose records have been erased.
    """

    authority: str
    today: date
    children: Mapping[UUID, Child]
    settings: Mapping[str, str]
    people: Mapping[str, Person]
    erased: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class PlannedChild:
    """What the import will do for one child."""

    child_id: UUID
    verdict: Verdict
    facts: ChildFacts


@dataclass(frozen=True, slots=True)
class Plan:
    """The result of a check; `children` are those that are not refused."""

    children: tuple[PlannedChild, ...]
    refused: int
    problems: tuple[Problem, ...]

    def counts(self) -> dict[Verdict, int]:
        """Return how many children are new, changed, unchanged, refused."""
        found = Counter(each.verdict for each in self.children)
        return {
            "new": found["new"],
            "changed": found["changed"],
            "unchanged": found["unchanged"],
            "refused": self.refused,
        }


def read_tables(header: bytes, episodes: bytes, people: bytes | None) -> Tables:
    """Read the files' rows."""
    report = Report()
    return Tables(
        read_rows(HEADER, header, report),
        read_rows(EPISODES, episodes, report),
        None if people is None else read_rows(PEOPLE, people, report),
        report,
    )


def check(tables: Tables, known: Known) -> Plan:
    """Return what an import of the files would do. Nothing is imported of unreadable files."""
    report = Report(
        list(tables.report.problems), set(tables.report.refused), tables.report.unreadable
    )
    if report.unreadable:
        return Plan((), 0, report.in_order())
    header = read_header(tables.header, known.today, report)
    episodes = read_episodes(tables.episodes, _with_misshapen(header, tables), known.today, report)
    people: Mapping[str, PeopleRow] = {}
    if tables.people is not None:
        people = read_people(
            tables.people, _with_misshapen(header, tables), known.settings, known.people, report
        )
    planned = [
        _planned(number, row, episodes.get(number, []), people.get(number), known, report)
        for number, row in header.items()
        if number not in report.refused and row.core is not None
    ]
    children = tuple(each for each in planned if each is not None)
    return Plan(children, len(report.refused), report.in_order())


def _with_misshapen(header: Mapping[str, HeaderRow], tables: Tables) -> Mapping[str, HeaderRow]:
    """Add the children whose header row has the wrong number of cells: they are not unknown."""
    misshapen = {
        number: HeaderRow(0, None) for number in tables.report.refused if number not in header
    }
    return {**misshapen, **header}


def _planned(
    number: str,
    row: HeaderRow,
    episodes: Sequence[EpisodeRow],
    told: PeopleRow | None,
    known: Known,
    report: Report,
) -> PlannedChild | None:
    assert row.core is not None
    child_id = child_id_of(known.authority, number)
    if child_id in known.erased:
        report.refuse(number, Problem(HEADER.name, row.line, "CHILD", number, _(ERASED_REASON)))
        return None
    child = known.children.get(child_id, Child())
    facts = ChildFacts(
        social_care_id=number,
        core=row.core,
        names=told.names if told else None,
        episodes=tuple(each.facts for each in episodes),
        setting=told.setting if told else None,
        professionals=told.professionals if told else (),
    )
    if not episodes:
        reason = _("The child has no episode in episodes.csv.")
        report.problems.append(
            Problem(HEADER.name, row.line, "CHILD", number, reason, "warning")
        )  # fmt: skip
    try:
        events = bring_up_to_date(child, child_id, facts)
    except UntoldEndError as error:
        at_fault = next(each for each in episodes if each.facts.started_on == error.started_on)
        at_fault.cells.error("DECOM", error.detail)
        return None
    verdict: Verdict = "new" if child.child_id is None else "changed" if events else "unchanged"
    return PlannedChild(child_id, verdict, facts)
