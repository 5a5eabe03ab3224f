"""Append, relay, subscribe, park, rebuild and crash in any order: the machinery does what a small
model says.

The model is a list of statements for each stream, and the set of events that an operator skipped.
Hypothesis invents histories; after each step, and when all has come to rest, the log, the topic
and the read model are compared with it. What is real and what stands in for the broker is said in
`stepping.py`. `EPEP_PROVE=2000` tries so many histories, others each time; without it a fixed
choice is tried, in some seconds.

That it can fail was tried: `docs/adr/0017-proof-by-killing.md` lists changes to the machinery and
which test saw each.

It also found that a zombie could fail on a stream that another worker had parked.
"""

import asyncio
import os
import random
from collections import defaultdict
from typing import Any

import pytest
from counting import COUNTER
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from machinery import all_sent
from reading_histories import Reading
from stepping import TOPIC, LastMoment, relay_step
from writing_histories import NAME, Ground

from epep_runtime import handling, postgres, runner, switching
from epep_runtime.generations import begin_or_join
from epep_runtime.places import read_places

SEEDS, EACH, STEPS = range(6), 6, 40
LOGGED = (
    "SELECT stream_id, stream_version AS version FROM events"
    " WHERE type = 'TargetSubmitted' ORDER BY position"
)
PARKED = "SELECT EXISTS (SELECT FROM parked_streams WHERE subscription = $1)"
PROJECTED = "SELECT stream_id, version FROM counted ORDER BY at"


class Histories(Reading):
    """Every history, and what must hold after each of its steps and at its end."""

    # What must always hold

    @invariant()
    def somebody_knows_what_is_parked(self) -> None:
        self.waiting = self.run(self.ground.eye.fetchval(PARKED, NAME))

    @invariant()
    def the_log_is_what_was_committed(self) -> None:
        found = self.run(self._versions(LOGGED))
        for key, statements in self.log.items():
            assert found[COUNTER.stream(key)] == list(range(1, len(statements) + 1))

    async def _versions(self, query: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for row in await self.ground.eye.fetch(query):
            found[row["stream_id"]].append(row["version"])
        return found

    @invariant()
    def without_what_was_sent_again_the_topic_has_each_stream_in_order(self) -> None:
        for messages in self.topic.partitions.values():
            last = 0
            versions: dict[bytes, int] = defaultdict(int)
            for message in messages:
                headers = dict(message.headers)
                publication = int(headers["ce_sourceposition"])
                if publication > last:
                    last, stream = publication, headers["ce_subject"]
                    versions[stream] += 1
                    assert versions[stream] == int(headers["ce_streamversion"])

    @invariant()
    def the_read_model_took_each_event_once_and_in_order(self) -> None:
        """It has no gap but what was skipped, and never goes back."""
        found = self.run(self._versions(PROJECTED))
        for key, statements in self.log.items():
            stream = COUNTER.stream(key)
            versions = found[stream]
            assert versions == sorted(set(versions)), "each once, and in order"
            last = max(versions, default=0)
            assert last >= self.seen_up_to.get(stream, 0), "a page does not go back in time"
            self.seen_up_to[stream] = last
            assert last <= len(statements)
            self._nothing_is_missing(stream, versions, last)

    def _nothing_is_missing(self, stream: str, versions: list[int], last: int) -> None:
        missing = set(range(1, last + 1)) - set(versions)
        assert {(stream, version) for version in missing} <= self.skipped

    # What must hold when all has come to rest

    def teardown(self) -> None:
        while self.slow:
            self.end_a_slow_transaction(0, True)
        self.counting.mended, self.counting.hook = True, None
        self.run(self._come_to_rest())
        self._all_is_there()
        if self.run(self._building()):
            self.run(self._finish_the_rebuild())
            self._all_is_there()

    async def _come_to_rest(self) -> None:
        await _until(self._all_is_sent)
        self.workers = [await self._new_worker(), await self._new_worker()]
        await _until(self._all_is_handled)

    async def _all_is_sent(self) -> bool:
        await relay_step(self.pool, self.store, self.topic)
        return await all_sent(self.pool)

    async def _all_is_handled(self) -> bool:
        await self.pool.execute("UPDATE parked_streams SET next_try_at = now()")
        await self._step(0)
        return await self._at_the_end(NAME) and not await self._parked()

    async def _at_the_end(self, subscription: str) -> bool:
        places = await read_places(self.pool, subscription)
        return all(
            not messages
            or ((place := places.get((TOPIC, partition))) and place.next_offset == len(messages))
            for partition, messages in self.topic.partitions.items()
        )

    async def _finish_the_rebuild(self) -> None:
        made = await begin_or_join(self.pool, self.counting.projector(), 0)
        builder = await self._new_worker(made)

        async def built() -> bool:
            await builder.step()
            return await self._at_the_end(made.subscription)

        await _until(built)
        assert await self._switch()

    def _all_is_there(self) -> None:
        """Nothing that was committed is lost, but what an operator skipped; all is in order."""
        self.the_read_model_took_each_event_once_and_in_order()
        found = self.run(self._versions(PROJECTED))
        for key, statements in self.log.items():
            stream = COUNTER.stream(key)
            self._nothing_is_missing(stream, found[stream], len(statements))
            read = self.run(self.store.read(self.pool, stream))
            assert [each.data.statement for each in read] == statements  # type: ignore[attr-defined]


async def _until(done: Any, rounds: int = 500) -> None:
    """Try again and again: another transaction on the server may hold a round up."""
    for _ in range(rounds):
        if await done():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not come to rest")


@pytest.mark.servers
def test_any_history_of_appends_crashes_and_rebuilds_ends_as_the_model_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log = model, each stream in order, each event projected exactly once, nothing lost."""
    monkeypatch.setattr(runner, "PAUSES", (None,))
    monkeypatch.setattr(switching, "CATCH_UP_SECONDS", 0.0)
    # On a busy machine a history takes longer than any transaction may be open in earnest.
    monkeypatch.setattr(postgres, "STALLED_TRANSACTION", "1h")
    monkeypatch.setattr(postgres, "LONGEST_TRANSACTION", "1h")
    Histories.last_moment = LastMoment()
    monkeypatch.setattr(handling, "move_place", Histories.last_moment.move_place)
    wanted = os.environ.get("EPEP_PROVE")
    tried = settings(
        max_examples=EACH,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if wanted else [Phase.generate],
    )
    # Many short searches find more than a long one, which stays near what it tried before.
    seeds = random.SystemRandom().sample(range(2**32), -(-int(wanted) // EACH)) if wanted else SEEDS
    with asyncio.Runner() as loop:
        Histories.ground = Ground(loop, database_url)
        try:
            for number in seeds:
                try:
                    run_state_machine_as_test(seed(number)(Histories), settings=tried)
                except BaseException as error:
                    error.add_note(f"This was with seed {number}.")
                    raise
        finally:
            loop.run(Histories.ground.keyring.close())
            loop.run(Histories.ground.close())
