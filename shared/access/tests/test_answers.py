"""What is remembered of who may see whom, and when it is not."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_access.answers import Answers
from epep_access.checking import acting_for_child
from epep_runtime.problems import NotFoundError
from epep_runtime.tokens import Principal

CHILD, WORKER = uuid4(), uuid4()
TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)


class Edition:
    """What `News` says."""

    edition: int | None = 1


class Database:
    """Answers each question with what the person is to the child now, and counts."""

    def __init__(self, relations: list[str]) -> None:
        self.relations, self.asked = relations, 0
        self.active, self.erased = True, False
        self.looked = asyncio.Event()
        self.before_answering: asyncio.Event | None = None

    async def fetchrow(self, _question: str, *_about: UUID) -> dict[str, Any]:
        self.asked += 1
        relations = list(self.relations)
        self.looked.set()
        if self.before_answering:
            await self.before_answering.wait()
        return {
            "authority": "330",
            "erased": self.erased,
            "active": self.active,
            "known": ["330 social_worker t"],
            "overrides": None,
            "relations": relations,
        }


class Case:
    """A social worker who asks for a child."""

    def __init__(self, *relations: str) -> None:
        self.news, self.day = Edition(), TODAY
        self.answers = Answers(self.news, lambda: self.day)  # type: ignore[arg-type]
        self.database: Any = Database(list(relations))

    async def sees(self) -> bool:
        principal = Principal(WORKER, "Sam Worker", frozenset(), "session")
        try:
            await acting_for_child(self.database, principal, CHILD, self.answers)
        except NotFoundError:
            return False
        return True


@pytest.fixture
def case() -> Case:
    return Case("social_worker allocated")


async def test_the_database_is_asked_once_for_the_same_person_and_child(case: Case) -> None:
    assert [await case.sees() for _ in range(3)] == [True] * 3
    assert case.database.asked == 1


async def test_it_is_asked_again_when_something_has_changed(case: Case) -> None:
    assert await case.sees()
    case.database.relations, case.news.edition = [], 2
    assert not await case.sees()


async def test_nothing_is_remembered_while_changes_may_go_unheard(case: Case) -> None:
    assert await case.sees()
    case.news.edition = None
    case.database.relations = []
    assert not await case.sees()
    assert not await case.sees()
    assert case.database.asked == 3


async def test_an_answer_that_a_change_overtook_is_not_remembered(case: Case) -> None:
    held = case.database.before_answering = asyncio.Event()
    first = asyncio.create_task(case.sees())
    await case.database.looked.wait()
    case.database.relations, case.news.edition = [], 2
    case.database.before_answering = None
    assert not await case.sees()
    held.set()
    assert await first
    assert not await case.sees()


async def test_no_answer_is_used_on_another_day(case: Case) -> None:
    assert await case.sees()
    case.day, case.database.relations = TOMORROW, []
    assert not await case.sees()


@pytest.mark.parametrize("basis", ["emergency", "delegation", "cover"])
async def test_what_ends_at_an_hour_of_its_own_is_asked_for_each_time(basis: str) -> None:
    case = Case("social_worker allocated", f"social_worker {basis}")
    assert await case.sees()
    assert await case.sees()
    assert case.database.asked == 2


async def test_a_refusal_of_a_suspended_account_is_not_remembered(case: Case) -> None:
    case.database.active = False
    assert not await case.sees()
    case.database.active = True
    assert await case.sees()
