from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from epep_runtime.migrations import find, migrate
from epep_runtime.postgres import Pool, open_pool
from web_portal.main import PACKAGE
from web_portal.web.keys import Keys
from web_portal.web.sessions import PostgresSessions, Session

pytestmark = pytest.mark.servers
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Any) -> AsyncIterator[Pool]:
    url = await database("portal")
    await migrate(url, find("web-portal", PACKAGE / "migrations"))
    opened = await open_pool(url, 2)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(pool: Pool) -> PostgresSessions:
    return PostgresSessions(pool, Keys(bytes(32)), IDLE, LONGEST)


async def known(store: PostgresSessions, at: datetime = NOW) -> Session:
    session = Session.blank(at)
    session.put("account", {"id": "a1", "name": "Priya Shah"})
    await store.save(session)
    return session


async def test_a_session_comes_back_and_is_unreadable_in_the_table(
    store: PostgresSessions, pool: Pool
) -> None:
    session = await known(store)
    found = await store.load(session.sid, NOW)
    assert found is not None
    assert found.account_id == "a1"
    rows = [dict(row) for row in await pool.fetch("SELECT * FROM sessions")]
    assert session.sid.encode() not in b"".join(row["id_hash"] for row in rows)
    assert all(b"Priya" not in row["sealed"] for row in rows)


async def test_sessions_end_by_idleness_and_by_age(store: PostgresSessions) -> None:
    session = await known(store)
    idle = await store.load(session.sid, NOW + IDLE)
    assert idle is not None
    assert idle.account is None
    assert idle.expired_account == "a1"
    assert idle.sid != session.sid
    session.last_seen_at = NOW + LONGEST - timedelta(minutes=1)
    await store.save(session)
    old = await store.load(session.sid, NOW + LONGEST)
    assert old is not None
    assert old.account is None


async def test_a_rotated_or_ended_session_is_gone(store: PostgresSessions) -> None:
    session = await known(store)
    before = session.sid
    session.rotate(NOW)
    await store.save(session)
    assert await store.load(before, NOW) is None
    assert await store.load(session.sid, NOW) is not None
    session.end()
    await store.save(session)
    assert await store.load(session.sid, NOW) is None


async def test_a_page_that_was_under_way_does_not_bring_a_session_back(
    store: PostgresSessions,
) -> None:
    session = await known(store)
    under_way, other = [await store.load(session.sid, NOW) for _ in range(2)]
    assert under_way is not None
    assert other is not None
    other.put("notice", {"title": "Saved"})
    await store.save(other)
    kept = await store.load(session.sid, NOW)
    assert kept is not None
    assert kept.data["notice"] == {"title": "Saved"}
    kept.end()
    await store.save(kept)
    under_way.put("waiting", {"count": 1})
    await store.save(under_way)
    assert await store.load(session.sid, NOW) is None


async def test_drafts_belong_to_one_person_and_one_form(store: PostgresSessions) -> None:
    await store.keep_draft("a1", "/peps/1", [("a", "1"), ("a", "2")], NOW)
    await store.keep_draft("a1", "/peps/1", [("a", "3\x00")], NOW)
    assert await store.draft("a1", "/peps/1") == [("a", "3\x00")]
    assert await store.draft("a2", "/peps/1") is None
    assert await store.draft("a1", "/peps/2") is None
    await store.drop_draft("a1", "/peps/1")
    assert await store.draft("a1", "/peps/1") is None


async def test_old_rows_are_deleted(store: PostgresSessions) -> None:
    session = await known(store, NOW)
    await store.keep_draft("a9", "/x", [("a", "1")], NOW)
    await store.tidy(NOW + timedelta(days=6))
    assert await store.draft("a9", "/x") is not None
    await store.tidy(NOW + timedelta(days=8))
    assert await store.draft("a9", "/x") is None
    assert await store.load(session.sid, NOW) is None


async def test_the_store_is_ready(store: PostgresSessions) -> None:
    assert await store.ready()
