"""Failures counted in PostgreSQL, so that every process of the service counts the same ones."""

import math
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from epep_runtime.event_store import EventStore
from epep_runtime.language import ngettext
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import ProblemError
from identity_service.asking.asks import Ask
from identity_service.secrets_at_rest import SecretsAtRest
from identity_service.throttling.throttle import (
    NO_WAIT,
    Failures,
    Rule,
    one_less,
    one_more,
    wait,
)

ADDRESS_RULE = Rule(free=5, window=timedelta(hours=24))
MAIL_RULE = Rule(free=6, window=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose failures: an e-mail address (known here or not) or a network, and by which rule."""

    key: bytes
    rule: Rule


class Counters:
    """Counts failures and makes those who have too many wait.

    A try is counted before it is looked at and given back when it was right. Counting afterwards
    would let a hundred guesses sent at the same moment all pass as the first.
    """

    def __init__(
        self, pool: Pool, store: EventStore, at_rest: SecretsAtRest, network_failures: int
    ) -> None:
        self._pool, self._store, self._at_rest = pool, store, at_rest
        self._network_rule = Rule(network_failures, window=timedelta(minutes=15))

    def address(self, email: str) -> Counted:
        """Return the counter of an e-mail address, whether or not anybody has it."""
        return Counted(self._at_rest.throttle_key("address", email), ADDRESS_RULE)

    def network(self, network: str, what: str = "network") -> Counted:
        """Return the counter of the network that a request came from; `what` it is counted for."""
        return Counted(self._at_rest.throttle_key(what, network), self._network_rule)

    def device(self, device_id: UUID) -> Counted:
        """Return the counter of a known device: strangers' guesses do not count on it."""
        return Counted(self._at_rest.throttle_key("device", str(device_id)), ADDRESS_RULE)

    async def may_mail(self, connection: Connection, ask: Ask, email: str) -> bool:
        """Count a mail that strangers can cause; False for the sixth to an address in an hour.

        Each kind of ask counts by itself: who registers somebody again and again must not keep
        them from a new password. In the caller's transaction, after its holds: it writes.
        """
        counted = Counted(self._at_rest.throttle_key(f"mail/{ask.kind}", email), MAIL_RULE)
        return (await self.count(connection, counted)).count < MAIL_RULE.free

    async def take(self, counted: Counted) -> Failures:
        """Count a try as if it had failed. Raises ProblemError 429 where a wait is on."""
        async with self._pool.acquire() as connection, connection.transaction():
            before = await _held(connection, counted.key)
            _refuse_blocked(before, self._store)
            return await self._put(connection, counted, before)

    async def give_back(self, counted: Counted, taken: Failures) -> None:
        """Uncount a try that turned out right; `taken` is what counting it answered."""
        async with self._pool.acquire() as connection, connection.transaction():
            after = one_less(await _held(connection, counted.key), taken, counted.rule)
            await connection.execute(
                "UPDATE throttles SET failures = $2, blocked_until = $3 WHERE key = $1",
                counted.key,
                after.count,
                after.blocked_until,
            )

    async def count(self, connection: Connection, counted: Counted) -> Failures:
        """Count a failure in the caller's transaction, whether or not a wait is on."""
        return await self._put(connection, counted, await _held(connection, counted.key))

    async def refuse_blocked(self, counted: Counted) -> None:
        """Raise ProblemError 429 where a wait is on; counts nothing."""
        row = await self._pool.fetchrow("SELECT * FROM throttles WHERE key = $1", counted.key)
        if row is not None:
            _refuse_blocked(
                Failures(row["failures"], row["first_at"], row["blocked_until"]), self._store
            )

    async def clear(self, connection: Connection, counted: Counted) -> None:
        """Forget the failures of somebody who got in."""
        await connection.execute("DELETE FROM throttles WHERE key = $1", counted.key)

    async def _put(self, connection: Connection, counted: Counted, before: Failures) -> Failures:
        now = self._store.clock()
        after = one_more(before, counted.rule, now)
        await connection.execute(
            "INSERT INTO throttles VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO UPDATE"
            " SET failures = $2, first_at = $3, blocked_until = $4, touched_at = $5",
            counted.key,
            after.count,
            after.first_at,
            after.blocked_until,
            now,
        )
        return after


async def _held(connection: Connection, key: bytes) -> Failures:
    """Read a counter and keep others from it until the transaction ends."""
    # An advisory lock, because a counter that does not exist yet has no row to lock.
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 2))", key
    )
    row = await connection.fetchrow("SELECT * FROM throttles WHERE key = $1", key)
    if row is None:
        return Failures()
    return Failures(row["failures"], row["first_at"], row["blocked_until"])


def _refuse_blocked(failures: Failures, store: EventStore) -> None:
    remaining = wait(failures, store.clock())
    if remaining > NO_WAIT:
        raise throttled(remaining)


def throttled(remaining: timedelta) -> ProblemError:
    """Return the answer to somebody who must wait; it says nothing about why."""
    seconds = math.ceil(remaining.total_seconds())
    minutes = math.ceil(seconds / 60)
    return ProblemError(
        429,
        "throttled",
        ngettext(
            "There were too many tries. Wait %(num)s minute and try again.",
            "There were too many tries. Wait %(num)s minutes and try again.",
            minutes,
        ),
        headers={"Retry-After": str(seconds)},
    )
