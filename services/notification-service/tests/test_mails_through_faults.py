"""A mail server that is away, and workers that die: each mail goes out once or is held."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from epep_events.envelope import Actor
from epep_events.notification import (
    NotificationFailed,
    NotificationHeld,
    NotificationRequested,
    NotificationSent,
)
from epep_local.ports import free_port
from epep_local.testing import DatabaseFactory, TopicFactory
from epep_runtime.event_store import Cause
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from notification_service.main import SERVICE
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import NOTIFICATION, Notification
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.outbox.outbox import put_out

pytestmark = pytest.mark.servers


class Receiver:
    """A mail server's memory; one that hangs up does so before it has said that it took it."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.sessions: list[SMTP] = []
        self.hang_up = False

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.got.append(content)
        if self.hang_up:
            transport: Any = server.transport
            transport.abort()
        return "250 OK"


@asynccontextmanager
async def mail_server(receiver: Receiver, port: int) -> AsyncIterator[None]:
    def session() -> SMTP:
        receiver.sessions.append(SMTP(receiver))
        return receiver.sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for each in receiver.sessions:
            transport: Any = each.transport
            if transport:
                transport.abort()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def told(port: int) -> dict[str, Any]:
    return {
        "secret_key": base64.b64encode(os.urandom(32)).decode(),
        "portal_url": "https://epep.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "mail_from": "ePEP <no-reply@epep.example>",
        "mail_retry_seconds": 0.1,
        "mail_connections": 3,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    told: dict[str, Any], database: DatabaseFactory, topics: TopicFactory, kafka_bootstrap: str
) -> AsyncIterator[ServiceUnderTest]:
    url = await database("notification")
    async with service_under_test(SERVICE, url, kafka_bootstrap, await topics(), **told) as made:
        yield made


async def put_in(
    service: ServiceUnderTest, address: str, state: str = "waiting", worker: int = 4711
) -> Any:
    """Ask for a mail as a reaction does; leave it in the outbox in that state, of that worker."""
    own_id, store = new_id(), service.process.store
    facts = Facts(kind="signed_off", said_at=store.clock(), name="Bea Brown", has_account=False)
    events = request(own_id, Notice(Recipient("Bea Brown", address), facts), Notification())
    cause = Cause(Actor(id="system:test", role="system"), "330", new_id())
    async with service.process.pool.acquire() as connection, connection.transaction():
        await store.append(connection, NOTIFICATION.stream(own_id), 0, events, cause)
        await put_out(connection, own_id, address, facts, store.clock(), None)
        if state != "waiting":
            await connection.execute(
                "UPDATE outbox SET state = $2, worker = $3 WHERE notification_id = $1",
                own_id,
                state,
                worker,
            )
    return own_id


async def became(service: ServiceUnderTest, own_id: Any) -> list[type]:
    return [
        type(each.data)
        for each in await service.said()
        if each.meta.stream_id == NOTIFICATION.stream(own_id)
    ]


async def waited_in_vain(service: ServiceUnderTest) -> float:
    """Return what the alarm MailsWait looks at, in seconds."""
    metrics = (await service.client.get("/metrics")).text
    [line] = [each for each in metrics.splitlines() if each.startswith("epep_mails_due_seconds ")]
    return float(line.split()[1])


async def test_a_mail_waits_for_the_server_to_come_back(
    service: ServiceUnderTest, port: int
) -> None:
    own_id = await put_in(service, "waits@people.example")

    async def tried() -> bool:
        row = await service.process.pool.fetchrow(
            "SELECT state, tries FROM outbox WHERE notification_id = $1", own_id
        )
        return bool(row and row["tries"] >= 1 and row["state"] == "waiting")

    await eventually(tried)
    await service.process.pool.execute(
        "UPDATE outbox SET put_out_at = now() - interval '5 min', due_at = now() + interval '3 s'"
        " WHERE notification_id = $1",
        own_id,
    )

    async def five_minutes() -> bool:
        return 300 <= await waited_in_vain(service) < 330

    await eventually(five_minutes)  # a try that was under way when it was put off is over soon
    receiver = Receiver()
    async with mail_server(receiver, port):

        async def sent() -> bool:
            return await became(service, own_id) == [NotificationRequested, NotificationSent]

        assert await eventually(sent)
    assert len(receiver.got) == 1


async def test_many_mails_share_few_connections(service: ServiceUnderTest, port: int) -> None:
    receiver = Receiver()
    async with mail_server(receiver, port):
        ids = [await put_in(service, f"n{n}@people.example") for n in range(40)]

        async def all_sent() -> bool:
            found = [await became(service, own_id) for own_id in ids]
            return all(each == [NotificationRequested, NotificationSent] for each in found)

        assert await eventually(all_sent)
    assert len(receiver.got) == 40
    assert len(receiver.sessions) <= 3


async def test_a_server_that_hangs_up_after_the_message_leaves_it_uncertain(
    service: ServiceUnderTest, port: int
) -> None:
    receiver = Receiver()
    receiver.hang_up = True
    async with mail_server(receiver, port):
        own_id = await put_in(service, "cut@people.example")

        async def held() -> bool:
            return await became(service, own_id) == [NotificationRequested, NotificationHeld]

        assert await eventually(held)
        receiver.hang_up = False
        later = await put_in(service, "later@people.example")

        async def sent() -> bool:
            return NotificationSent in await became(service, later)

        assert await eventually(sent)
    assert len([each for each in receiver.got if b"cut@people.example" in each]) == 1


async def test_what_a_dead_worker_left_is_sent_or_held(
    told: dict[str, Any],
    database: DatabaseFactory,
    topics: TopicFactory,
    kafka_bootstrap: str,
) -> None:
    url, prefix, port = await database("notification"), await topics(), free_port()
    settings = told | {"smtp_port": port}
    no_workers = settings | {"roles": "api,relay"}
    async with service_under_test(SERVICE, url, kafka_bootstrap, prefix, **no_workers) as dying:
        announced = await put_in(dying, "announced@people.example", "claimed")
        handed_over = await put_in(dying, "handed@people.example", "sending")
    receiver = Receiver()
    async with (
        mail_server(receiver, port),
        service_under_test(SERVICE, url, kafka_bootstrap, prefix, **settings) as next_one,
    ):

        async def put_right() -> bool:
            return await became(next_one, announced) == [
                NotificationRequested,
                NotificationSent,
            ] and await became(next_one, handed_over) == [NotificationRequested, NotificationHeld]

        assert await eventually(put_right)
        rows = await next_one.process.pool.fetch("SELECT state, facts FROM outbox ORDER BY email")
    assert [(row["state"], row["facts"]) for row in rows] == [("sent", None), ("uncertain", None)]
    assert len(receiver.got) == 1
    assert b"announced@people.example" in receiver.got[0]


async def test_a_living_worker_s_mails_are_left_alone(service: ServiceUnderTest, port: int) -> None:
    from notification_service.outbox.sweeping import sweep

    pool, store = service.process.pool, service.process.store
    async with pool.acquire() as living:
        await living.execute("SELECT pg_advisory_lock(4712)")
        own_id = await put_in(service, "alive@people.example", "sending", 4712)
        await sweep(pool, store, "epep.example", 1)
        assert await became(service, own_id) == [NotificationRequested]
        await living.execute("SELECT pg_advisory_unlock(4712)")
    await sweep(pool, store, "epep.example", 1)
    assert await became(service, own_id) == [NotificationRequested, NotificationHeld]


async def test_after_two_days_it_is_given_up_with_a_reason(service: ServiceUnderTest) -> None:
    own_id = await put_in(service, "never@people.example")
    await service.process.pool.execute(
        "UPDATE outbox SET put_out_at = put_out_at - interval '49 hours'"
        " WHERE notification_id = $1",
        own_id,
    )

    async def given_up() -> NotificationFailed | None:
        for each in await service.said(NotificationFailed):
            data = each.data
            if isinstance(data, NotificationFailed) and data.notification_id == own_id:
                return data
        return None

    failed = await eventually(given_up)
    assert failed is not None
    assert failed.why == "The mail server cannot be reached. It was tried for two days."
