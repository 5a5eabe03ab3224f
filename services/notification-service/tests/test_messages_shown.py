"""A person's messages in the portal: pages and numbers of one moment, each read once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.notification import MessagesRead
from epep_runtime.testing import ServiceUnderTest
from notification_service.read_models.messages import MESSAGES

pytestmark = pytest.mark.servers
SAID = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def test_every_page_has_the_numbers_an_empty_one_too(service: ServiceUnderTest) -> None:
    me, pool = uuid4(), service.process.pool
    headers = service.as_person(me, ("330", "social_worker"))

    async def page(number: int, **more: Any) -> tuple[int, int, list[str]]:
        asked = {"page": number, **more}
        found = (await service.client.get("/messages", params=asked, headers=headers)).json()
        subjects = [each["subject"] for each in found["messages"]]
        return found["total"], found["unread"], subjects

    assert await page(1) == (0, 0, [])
    await pool.execute(
        "INSERT INTO messages (notification_id, account_id, kind, subject, at, state)"
        " SELECT gen_random_uuid(), $1, 'submitted', 's' || n,"
        "       $2::timestamptz + n * interval '1 minute', 'sent' FROM generate_series(1, 26) n",
        me,
        SAID,
    )
    newest_first = [f"s{n}" for n in range(26, 0, -1)]
    assert await page(1) == (26, 26, newest_first[:25])
    assert await page(2) == (26, 26, newest_first[25:])
    assert await page(3) == (26, 26, [])
    await pool.execute(
        "INSERT INTO messages_read SELECT notification_id, $1, $2::timestamptz FROM messages"
        " WHERE account_id = $1 AND subject <> 's7'",
        me,
        SAID,
    )
    assert await page(1, unread=True) == (1, 1, ["s7"])
    assert await page(2, unread=True) == (1, 1, [])


@pytest.mark.parametrize("later_first", [False, True])
async def test_of_two_accounts_readings_the_first_counts_whichever_is_heard_first(
    service: ServiceUnderTest, later_first: bool
) -> None:
    """One person's two accounts, merged: their readings are in two streams, so two partitions."""
    message, old, kept = uuid4(), UUID(int=2), UUID(int=1)
    readings = [(old, SAID), (kept, SAID + timedelta(hours=1))]
    pool, read = service.process.pool, MESSAGES.handles[MessagesRead]
    for account, at in reversed(readings) if later_first else readings:
        event = MessagesRead(account_id=account, notification_ids=(message,))
        meta: Any = SimpleNamespace(occurred_at=at)
        async with pool.acquire() as connection:
            await read(connection, event, meta)
    found = await pool.fetch("SELECT * FROM messages_read WHERE notification_id = $1", message)
    assert [(row["account_id"], row["at"]) for row in found] == [(old, SAID)]
