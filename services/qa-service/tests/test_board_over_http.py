"""The board over HTTP, from events on real Kafka through the stream application to the numbers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import pytest_asyncio
from qa_stories import GATING, profile

from epep_access.permissions import table
from epep_access.testing import roles
from epep_events.base import Event
from epep_events.identity import UserDeactivated
from epep_events.pep import (
    AuthorityProfilePublished,
    MeetingConfirmationNoted,
    MeetingTimeNoted,
    PEPInitiated,
    PEPSignedOff,
    PEPSubmitted,
)
from epep_events.profile import Section
from epep_events.qa import QAPublished, QASelected
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.civil_time import local_date
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from qa_service.live_board import routes as board_routes
from qa_service.live_board.board import LiveBoard
from qa_service.live_board.pushing import pushes
from qa_service.main import SERVICE

pytestmark = pytest.mark.servers
SECTIONS = (
    Section(key="a", letter="A", title="A", completed_by=("social_worker",), pages=()),
    Section(key="qa", letter=None, title="Quality", pages=()),
)
TODAY = local_date(datetime.now(UTC))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> AsyncIterator[ServiceUnderTest]:
    url = await database("qa")
    async with service_under_test(SERVICE, url, kafka_bootstrap, await topics()) as made:
        yield made


class Authority:
    """An authority that says its profile, and PEPs of it."""

    def __init__(self, service: ServiceUnderTest, code: str) -> None:
        self.service, self.code, self.child_id = service, code, new_id()

    @property
    def head(self) -> dict[str, str]:
        return self.service.as_person(new_id(), (self.code, "virtual_school"))

    async def open(self) -> None:
        document = profile(self.code, GATING).model_copy(update={"sections": SECTIONS})
        await self.say(f"profile-{self.code}", AuthorityProfilePublished(profile=document))

    async def say(self, stream: str, event: Event, source: str = "pep") -> None:
        await self.service.others.say(source, stream, event, authority=self.code)

    async def begin(self, due: date | None = None) -> UUID:
        pep_id = new_id()
        begun = PEPInitiated(
            pep_id=pep_id,
            child_id=self.child_id,
            child_initials="K.O.",
            kind="review",
            kind_label="Termly PEP",
            variant="school_age",
            key_stage="KS3",
            year_group=7,
            profile_code=self.code,
            profile_version=3,
            initiated_on=date(2026, 9, 10),
            completion_due=due,
            meeting=None,
        )
        await self.say(f"pep-{pep_id}", begun)
        return pep_id

    async def submit(self, pep_id: UUID) -> None:
        event = PEPSubmitted(pep_id=pep_id, child_id=self.child_id, profile_version=3)
        await self.say(f"pep-{pep_id}", event)

    async def review(self, pep_id: UUID, rating: str) -> None:
        stream = f"review-{new_id()}"
        selected = QASelected(
            review_id=new_id(),
            pep_id=pep_id,
            child_id=self.child_id,
            round=1,
            gates_sign_off=True,
            because="submitted",
        )
        await self.say(stream, selected, "qa")
        published = QAPublished(
            review_id=selected.review_id,
            pep_id=pep_id,
            child_id=self.child_id,
            decision="signed_off",
            rating=rating,
            rating_label=rating,
            comment="",
            scores=(),
        )
        await self.say(stream, published, "qa")

    async def sign_off(self, pep_id: UUID) -> None:
        event = PEPSignedOff(
            pep_id=pep_id,
            child_id=self.child_id,
            kind="review",
            profile_version=3,
            next_pep_id=None,
            next_meeting_at=None,
        )
        await self.say(f"pep-{pep_id}", event)

    async def board(self, **expected: Any) -> dict[str, Any]:
        """Return the board once these of its values are as expected."""

        async def there() -> dict[str, Any]:
            answer = await self.service.client.get(
                f"/board?authority={self.code}", headers=self.head
            )
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            assert {name: found[name] for name in expected} == expected
            return found

        return await eventually(there)


def states(board: dict[str, Any]) -> dict[str, int]:
    return {each["key"]: each["count"] for each in board["states"] if each["count"]}


async def test_the_board_counts_what_was_said_until_a_moment_that_it_names(
    service: ServiceUnderTest,
) -> None:
    asked, authority = datetime.now(UTC), Authority(service, "901")
    await authority.open()
    late = await authority.begin(TODAY - timedelta(days=3))
    met, submitted, done = [await authority.begin() for _ in range(3)]
    moved = MeetingTimeNoted(
        pep_id=met,
        starts_at=asked,
        place=None,
        old_completion_due=None,
        completion_due=TODAY + timedelta(days=2),
    )
    await authority.say(f"pep-{met}", moved)
    held = MeetingConfirmationNoted(pep_id=met, meeting_id=new_id())
    await authority.say(f"pep-{met}", held)
    await authority.submit(submitted)
    await authority.submit(done)
    await authority.review(done, "good")
    await authority.sign_off(done)

    async def counted() -> dict[str, Any]:
        found = await authority.board(
            open=3, overdue=1, due_soon=1, undated=1, signed_off=1, rated=1
        )
        assert states(found) == {"initiated": 1, "meeting_confirmed": 1, "submitted": 1}
        return found

    board = await eventually(counted)
    assert [each["pep_id"] for each in board["longest_overdue"]] == [str(late)]
    good = {"key": "good", "label": "Good", "colour": "blue", "count": 1}
    assert good in board["ratings"]

    async def named() -> bool:
        whole = await authority.board(catching_up=False)
        return datetime.fromisoformat(whole["as_of"]) > asked

    # What is counted may be ahead of the moment that is named, which is looked for now and then.
    await eventually(named)

    # The same events again, as a relay repeats them after a crash, are no more PEPs.
    again = authority.service.others
    known = PEPSubmitted(pep_id=submitted, child_id=authority.child_id, profile_version=3)
    meta = await again.say("pep", f"pep-{submitted}", known, authority=authority.code)
    for _ in range(3):
        await again.send_again(known, meta, 1)
    await authority.begin()
    assert states(await authority.board(open=4))["submitted"] == 1


async def test_an_event_that_cannot_be_read_stops_nothing(service: ServiceUnderTest) -> None:
    authority = Authority(service, "902")
    await authority.open()
    pep_id = await authority.begin()

    class PEPSubmitted_(PEPSubmitted):  # noqa: N801
        @classmethod
        def type_name(cls) -> str:
            return "MeetingTimeNoted"

    broken = PEPSubmitted_(pep_id=pep_id, child_id=authority.child_id, profile_version=3)
    await authority.say(f"pep-{pep_id}", broken)
    await authority.submit(pep_id)
    assert states(await authority.board(open=1)) in ({"initiated": 1}, {"submitted": 1})

    async def counted() -> bool:
        return states(await authority.board(open=1)) == {"submitted": 1}

    await eventually(counted)
    metrics = (await service.client.get("/metrics")).text
    assert "epep_board_unreadable_events 1.0" in metrics
    assert "epep_board_age_seconds" in metrics


async def test_only_those_who_oversee_an_authority_see_its_board(
    service: ServiceUnderTest,
) -> None:
    authority = Authority(service, "903")
    await authority.open()
    await authority.board(open=0)

    async def status(*grant: str, path: str = "/board?authority=903") -> int:
        headers = service.as_person(new_id(), (grant[0], grant[1]))
        return (await service.client.get(path, headers=headers)).status_code

    overseeing = table().allowed("board.read")
    for role in roles():
        assert await status("903", role) == (200 if role in overseeing else 404), role
    for path in ("/board?authority=903", "/board/stream?authority=903"):
        for role in set(roles()) - overseeing:
            assert await status("903", role, path=path) == 404, role
        assert await status("904", "virtual_school", path=path) == 404
        assert (await service.client.get(path)).status_code == 401
    assert await status("904", "virtual_school", path="/board?authority=904") == 404  # no profile
    assert await status("903", "virtual_school", path="/board?authority=x") == 422


def parsed(text: str) -> list[dict[str, str]]:
    return [
        dict(line.split(": ", 1) for line in block.splitlines())
        for block in text.strip().split("\n\n")
    ]


async def listen(
    service: ServiceUnderTest, code: str, seconds: int, seen: str | None = None
) -> list[dict[str, str]]:
    """Return all that a stream says until its token, of so many seconds, has run out."""
    token = service.tokens.token(new_id(), [(code, "virtual_school")], lifetime=seconds)
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": seen} if seen else {})
    answer: httpx.Response = await service.client.get(
        f"/board/stream?authority={code}", headers=headers
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    return parsed(answer.text)


async def always() -> bool:
    return True


async def test_a_change_is_pushed_and_the_stream_ends_with_its_token(
    service: ServiceUnderTest,
) -> None:
    authority = Authority(service, "905")
    await authority.open()
    await authority.begin()
    await authority.board(open=1)
    clock = service.process.store.clock
    stream = pushes(
        service.process.part(LiveBoard), "905", None, clock().timestamp() + 600, clock, always
    )
    assert parsed((await anext(stream)).decode()) == [{"retry": "2000"}]
    [first] = parsed((await anext(stream)).decode())
    assert (first["event"], orjson.loads(first["data"])["open"]) == ("board", 1)
    pep_id = await authority.begin()
    await authority.submit(pep_id)
    numbers = orjson.loads(first["data"])
    async with asyncio.timeout(60):
        while (numbers["open"], states(numbers)) != (2, {"initiated": 1, "submitted": 1}):
            [newest] = parsed((await anext(stream)).decode())
            numbers = orjson.loads(newest["data"]) if newest["event"] == "board" else numbers

    # Who comes back with the id of what they saw gets a sign of life and no board.
    retry, *back = await listen(service, "905", 5, newest["id"])
    assert retry == {"retry": "2000"}
    assert {each["event"] for each in back} == {"as_of"}
    assert set(orjson.loads(back[0]["data"])) == {"as_of", "catching_up"}


async def test_who_is_locked_out_is_sent_nothing_more(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token would last for ten minutes; the portal's page is still open."""
    authority, begun = Authority(service, "906"), asyncio.Event()
    await authority.open()
    await authority.board(open=0)

    async def noting(*what: Any) -> AsyncIterator[bytes]:
        async for each in pushes(*what):
            yield each
            begun.set()

    monkeypatch.setattr(board_routes, "pushes", noting)
    account = new_id()
    token = service.tokens.token(account, [("906", "virtual_school")], lifetime=600)
    headers = {"Authorization": f"Bearer {token}"}
    ask = service.client.get("/board/stream?authority=906", headers=headers)
    stream = asyncio.create_task(ask)
    await asyncio.wait_for(begun.wait(), 60)
    closed = UserDeactivated(account_id=account, why="Left the council")
    await service.others.say("identity", f"account-{account}", closed)
    answer = await asyncio.wait_for(stream, 60)
    assert parsed(answer.text)[0] == {"retry": "2000"}
