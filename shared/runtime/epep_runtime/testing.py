"""For service tests: a service running in this process on real servers, and people to ask it.

Nothing here is imported by a service.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx
import orjson
from aiokafka import AIOKafkaProducer
from joserfc import jwt
from joserfc.jwk import OKPKey

from epep_events.base import Event
from epep_events.cloudevents import headers_of
from epep_events.envelope import Actor, Metadata, Recorded
from epep_events.sealed_fields import plan_of, seal, slots_to_seal
from epep_runtime.ids import derived_id, new_id
from epep_runtime.keyring import Keyring
from epep_runtime.migrations import migrate
from epep_runtime.service import Running, Service, running
from epep_runtime.settings import Settings
from epep_runtime.tokens import ALGORITHM, AUDIENCE, ISSUER

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


async def eventually(look: Callable[[], Awaitable[T]], patience: float = PATIENCE_SECONDS) -> T:
    """Return the first truthy answer of `look`, asked again and again.

    Assertion errors in `look` count as "not yet"; the last one is raised when patience ends.
    """
    deadline = time.monotonic() + patience
    last: AssertionError | None = None
    while time.monotonic() < deadline:
        try:
            found = await look()
            if found:
                return found
        except AssertionError as error:
            last = error
        await asyncio.sleep(0.02)
    raise last or AssertionError("it did not come true in time")


def token_claims(
    account_id: UUID, grants: Iterable[tuple[str, str]], name: str, lifetime: int = 600
) -> dict[str, Any]:
    """Return what identity says of a person with these (authority, role) grants.

    `lifetime` is in seconds.
    """
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(account_id),
        "name": name,
        "grants": [{"authority": each[0], "role": each[1]} for each in grants],
        "sid": "test-session",
        "iat": now,
        "exp": now + lifetime,
    }


class TokenMaker:
    """Signs access tokens as identity would, with a key that the service has been told of."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", {"kid": str(new_id())})

    async def introduce(self, process: Running) -> None:
        """Put the public key where the service keeps what identity publishes."""
        await process.pool.execute(
            "INSERT INTO signing_keys VALUES ($1, $2, now() + interval '1 day')",
            self.key.kid,
            self.key.as_dict(private=False),
        )

    def token(
        self,
        account_id: UUID,
        grants: Iterable[tuple[str, str]],
        name: str = "Test Person",
        lifetime: int = 600,
    ) -> str:
        """Return a token for a person with these (authority, role) grants; seconds of life."""
        claims = token_claims(account_id, grants, name, lifetime)
        header = {"alg": ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])


class OtherContexts:
    """Says events on the topics of other contexts, as their relays would.

    A stream whose events do not say their child is about one that follows from its name, unless
    `say` is told.
    """

    def __init__(self, producer: AIOKafkaProducer, prefix: str, keyring: Keyring) -> None:
        self._producer, self._prefix, self._keyring = producer, prefix, keyring
        self._publication = 0
        self._versions: dict[str, int] = {}

    async def say(
        self,
        source: str,
        stream_id: str,
        event: Event,
        *,
        authority: str | None = None,
        actor: Actor | None = None,
        at: datetime | None = None,
        about: UUID | None = None,
    ) -> Metadata:
        """Publish one event and return its envelope."""
        self._publication += 1
        version = self._versions[stream_id] = self._versions.get(stream_id, 0) + 1
        meta = Metadata(
            event_id=new_id(),
            type=event.type_name(),
            schema_version=event.schema_version,
            source=source,
            stream_id=stream_id,
            stream_version=version,
            occurred_at=at or datetime.now(UTC),
            authority=authority,
            actor=actor or Actor(id=str(new_id()), role="virtual_school"),
            correlation_id=new_id(),
        )
        await self.send_again(event, meta, self._publication, about)
        return meta

    async def send_again(
        self, event: Event, meta: Metadata, publication: int, about: UUID | None = None
    ) -> None:
        """Send a message as it is; with an old publication number it is a relay's repetition."""
        document = event.model_dump(mode="json")
        child = str(about or derived_id("child of", meta.stream_id))
        slots = slots_to_seal(plan_of(type(event)), document, child)
        subjects = {slot.subject for slot in slots}
        seal(slots, meta.event_id, await self._keyring.keys_for(subjects, create=True))
        await self._producer.send_and_wait(
            f"{self._prefix}{meta.source}",
            key=meta.stream_id.encode(),
            value=orjson.dumps(document),
            headers=headers_of(meta, publication),
        )


@dataclass
class ServiceUnderTest:
    """A running service, a client of its API, and the means to ask as somebody."""

    process: Running
    client: httpx.AsyncClient
    tokens: TokenMaker
    others: OtherContexts

    def as_person(self, account_id: UUID, *grants: tuple[str, str]) -> dict[str, str]:
        """Return the headers of a request by that person."""
        return {"Authorization": f"Bearer {self.tokens.token(account_id, grants)}"}

    async def said(self, *types: type[Event]) -> list[Recorded]:
        """Return the events in this service's own log, of these types or all, oldest first.

        Readings (`RecordOpened`) are there only when asked for: every look at a page makes some.
        """
        rows = await self.process.pool.fetch(
            "SELECT *, data::text AS text FROM events"
            " WHERE $1 OR type <> 'RecordOpened' ORDER BY position",
            any(each.type_name() == "RecordOpened" for each in types),
        )
        found = await self.process.store.recorded(rows)
        return [each for each in found if not types or isinstance(each.data, types)]


@asynccontextmanager
async def service_under_test(
    service: Service, database_url: str, kafka_bootstrap: str, prefix: str, **settings: Any
) -> AsyncIterator[ServiceUnderTest]:
    """Run all parts of a service in this process, on a fresh database and fresh topics."""
    await migrate(database_url, service.all_migrations())
    told: Settings = service.settings(
        database_url=database_url,
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=prefix,
        **settings,
    )
    app = service.app()
    producer = AIOKafkaProducer(**told.broker().options())
    await producer.start()
    try:
        async with running(service, told) as process:
            app.state.running = process
            tokens = TokenMaker()
            await tokens.introduce(process)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

                async def joined() -> bool:
                    return bool((await process.health())["status"] == "ok")

                await eventually(joined)
                others = OtherContexts(producer, prefix, process.store.keyring)
                yield ServiceUnderTest(process, client, tokens, others)
    finally:
        await producer.stop()
