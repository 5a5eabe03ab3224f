"""An authority's files, made up line by line, and what the check says of them."""

from datetime import date
from uuid import UUID

from epep_access.people import Person
from pep_service.children.child import Child, evolve
from pep_service.children.updating import bring_up_to_date
from pep_service.children.upn import check_letter
from pep_service.importing.checking import Known, Plan, check, read_tables
from pep_service.importing.csv_files import EPISODES, HEADER, PEOPLE
from pep_service.importing.problems import Problem

TODAY = date(2026, 11, 22)
UPN = check_letter("A801200001001") + "801200001001"
HEADER_LINE = ",".join(HEADER.columns)
EPISODES_LINE = ",".join(EPISODES.columns)
PEOPLE_LINE = ",".join(PEOPLE.columns)
WORKER = Person(UUID(int=1), "Aisha", "a@x.example", True, frozenset({("330", "social_worker")}))
TEACHER = Person(
    UUID(int=2), "Sally", "s@x.example", True, frozenset({("998", "designated_teacher")})
)


def known(children: dict[UUID, Child] | None = None) -> Known:
    """Return what the authority knows: two people, one setting, these children."""
    people = {person.email: person for person in (WORKER, TEACHER)}
    return Known("330", TODAY, children or {}, {"990102": "Hollowbrook"}, people)


def a_child(number: str = "C1", **cells: str) -> str:
    """Return a line of the header file."""
    row = {
        "CHILD": number,
        "SEX": "2",
        "DOB": "29/02/2012",
        "ETHNIC": "WBRI",
        "UPN": UPN,
        "MOTHER": "0",
        "MC_DOB": "",
    }
    return ",".join((row | cells).values())


def an_episode(number: str = "C1", **cells: str) -> str:
    """Return a line of the episodes file."""
    row = dict.fromkeys(EPISODES.columns, "") | {
        "CHILD": number,
        "DECOM": "01/05/2025",
        "RNE": "S",
        "LS": "C1",
        "CIN": "N1",
        "PLACE": "U6",
        "PLACE_PROVIDER": "PR1",
        "HOME_POST": "B86 1AA",
        "PL_POST": "B87 2BB",
    }
    return ",".join((row | cells).values())


def a_person(number: str = "C1", **cells: str) -> str:
    """Return a line of the people file."""
    row = {
        "CHILD": number,
        "FIRST_NAME": "Maya",
        "LAST_NAME": "Okafor",
        "PREFERRED_NAME": "",
        "SETTING_URN": "990102",
        "SOCIAL_WORKER_EMAIL": "a@x.example",
        "DESIGNATED_TEACHER_EMAIL": "S@x.example",
    }
    return ",".join((row | cells).values())


def file(first: str, *rows: str) -> bytes:
    """Return a file of these lines."""
    return "\r\n".join((first, *rows, "")).encode()


def checked(
    header: list[str] | bytes | None = None,
    episodes: list[str] | bytes | None = None,
    people: list[str] | bytes | None = None,
    children: dict[UUID, Child] | None = None,
) -> Plan:
    """Return what the check makes of the files: good ones where none are given."""
    header = [a_child()] if header is None else header
    episodes = [an_episode()] if episodes is None else episodes
    return check(
        read_tables(
            header if isinstance(header, bytes) else file(HEADER_LINE, *header),
            episodes if isinstance(episodes, bytes) else file(EPISODES_LINE, *episodes),
            file(PEOPLE_LINE, *people) if isinstance(people, list) else people,
        ),
        known(children),
    )


def imported(plan: Plan) -> dict[UUID, Child]:
    """Return the children as they are once the plan is carried out."""
    children = {}
    for each in plan.children:
        child = Child()
        for event in bring_up_to_date(child, each.child_id, each.facts):
            child = evolve(child, event)
        children[each.child_id] = child
    return children


def only(plan: Plan) -> Problem:
    """Return the one problem of a plan."""
    (problem,) = plan.problems
    return problem
