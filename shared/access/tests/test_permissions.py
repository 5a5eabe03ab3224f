"""The table of permissions: complete, expanded rightly, and written down as it is."""

from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from epep_access.checking import Acting, ActingHere
from epep_access.documenting import text
from epep_access.permissions import UnknownPermissionError, table
from epep_events.profile import Role
from epep_runtime.problems import ForbiddenError, NotFoundError

DOCUMENT = Path(__file__).parents[3] / "docs/permissions.md"
CHILD = UUID(int=1)


def acting(*roles: str, **overrides: list[str]) -> Acting:
    return Acting(CHILD, "330", frozenset(roles), {}, overrides)


def test_the_document_is_current() -> None:
    """Mend with: python -m epep_access.documenting > docs/permissions.md."""
    assert DOCUMENT.read_text() == text()


def test_every_base_role_is_in_the_table() -> None:
    assert set(table().titles) == set(get_args(Role)) - {"system"}


@pytest.mark.parametrize("name", sorted(table().permissions))
def test_readers_change_nothing_and_operators_see_nothing(name: str) -> None:
    everybody = tuple(table().titles)
    allowed = table().allowed(name, everybody, {name: list(everybody)})
    assert "operator" not in allowed
    if table().permission(name).writes:
        assert allowed.isdisjoint({"auditor", "iro"})


def test_a_designated_person_may_what_the_teacher_may_and_a_delegate_only_writes() -> None:
    pages = ("designated_teacher", "coordinator")
    may = table().allowed("page.write", pages)
    assert may == {"designated_teacher", "designated_person", "coordinator", "delegate"}
    assert table().allowed("section.complete", pages) == {
        "designated_teacher",
        "designated_person",
    }


def test_an_authority_replaces_a_line() -> None:
    mine = acting("coordinator", **{"child.assign": ["coordinator", "auditor"]})
    assert mine.must("child.assign") == "coordinator"
    auditor = acting("auditor", **{"child.assign": ["auditor"]})
    with pytest.raises(ForbiddenError):
        auditor.must("child.assign")


def test_the_role_that_allows_it_is_the_one_that_acts() -> None:
    assert acting("social_worker", "carer").must("page.write", ("carer",)) == "carer"
    assert acting("social_worker", "virtual_school").role == "virtual_school"


def test_some_refusals_tell_nothing() -> None:
    with pytest.raises(NotFoundError):
        acting("carer").must("review.read")
    with pytest.raises(ForbiddenError):
        acting("carer").must("child.assign")
    with pytest.raises(NotFoundError):
        ActingHere("330", frozenset({"carer"})).must("imports.run")


def test_a_permission_that_is_not_there_is_a_defect() -> None:
    with pytest.raises(UnknownPermissionError):
        acting("carer").may("child.teleport")
