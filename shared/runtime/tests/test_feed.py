"""Whatever subscriptions seek, leave untaken or come late: each gets every message, in order.

The broker is a log in memory (`Log`, `Reader`); the feed and its taps are the real ones.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from epep_runtime import feed as feeding
from epep_runtime import tap as tapping
from epep_runtime.broker import Broker
from epep_runtime.bus import Bus
from epep_runtime.feed import Feed
from epep_runtime.tap import Tap

WHERE = [TopicPartition("pep", 0), TopicPartition("pep", 1)]


@dataclass(frozen=True)
class Message:
    offset: int


@dataclass
class Log:
    """Two partitions; a few offsets have no message, as after a transaction's marker."""

    partitions: dict[TopicPartition, list[Message]] = field(
        default_factory=lambda: {where: [] for where in WHERE}
    )
    ends: dict[TopicPartition, int] = field(default_factory=lambda: dict.fromkeys(WHERE, 0))

    def say(self, where: TopicPartition, number: int, gap: bool) -> None:
        for _ in range(number):
            self.partitions[where].append(Message(self.ends[where]))
            self.ends[where] += 1
        self.ends[where] += gap


class Reader:
    """What a Kafka consumer does for the feed, and for a tap that reads alone."""

    def __init__(self, log: Log) -> None:
        self.log, self.positions = log, dict[TopicPartition, int]()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    def seek(self, where: TopicPartition, offset: int) -> None:
        self.positions[where] = offset

    async def getmany(
        self, timeout_ms: int = 0, max_records: int = 4
    ) -> dict[TopicPartition, list[Message]]:
        found = {}
        for where, position in self.positions.items():
            messages = [each for each in self.log.partitions[where] if each.offset >= position]
            if messages[:max_records]:
                found[where] = messages[:max_records]
                self.positions[where] = found[where][-1].offset + 1
        return found


class Subscriber:
    """One subscription: what it has had is stored, and where it goes on from is what it stored."""

    def __init__(self, feed: Feed) -> None:
        self.had: dict[TopicPartition, list[int]] = {where: [] for where in WHERE}
        self.holds: set[TopicPartition] = set()
        self.feed, self.tap = feed, Tap(feed)

    async def join(self) -> None:
        self.tap = Tap(self.feed)
        await self.tap.start()
        self.tap.subscribe(["pep"], listener=self)

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        self.holds = set(assigned)
        for where in assigned:
            self.seek(where)

    async def on_partitions_revoked(self, _: Any) -> None:
        self.holds = set()

    def seek(self, where: TopicPartition) -> None:
        self.tap.seek(where, self.had[where][-1] + 1 if self.had[where] else 0)

    async def step(self) -> None:
        for where, messages in (await self.tap.getmany(timeout_ms=0, max_records=3)).items():
            if where in self.holds:
                self.had[where] += [message.offset for message in messages]


class Feeding(RuleBasedStateMachine):
    """Three subscribers, of whom some read, some do not, and some leave and come back."""

    @initialize(before=st.integers(0, 30))
    def begin(self, before: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.log = Log()
        self.feed = Feed(Bus(Broker("nowhere:9092"), "", "test"), "projectors", ["pep"])
        self.feed.bus = _Broker(self.log)  # type: ignore[assignment]
        self.feed.consumer = self.reader = Reader(self.log)
        self.feed._known.set()
        self.reading = [Subscriber(self.feed) for _ in range(3)]
        self.log.say(WHERE[0], before, gap=False)
        self.run(self.reading[0].join())
        self.run(self.feed.on_partitions_assigned(WHERE))

    def run(self, job: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(job)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        for each in self.reading:  # all come back and read on until nothing is left
            if each.tap not in self.feed._taps:
                self.run(each.join())
        for _ in range(400):
            if all(each.had == self.said() for each in self.reading):
                break
            self.fetch(1)
            for each in self.reading:
                self.run(each.step())
        for each in self.reading:
            self.run(each.tap.stop())
            assert each.had == self.said()
        self.loop.close()

    def said(self) -> dict[TopicPartition, list[int]]:
        return {
            where: [message.offset for message in messages]
            for where, messages in self.log.partitions.items()
        }

    @rule(where=st.sampled_from(WHERE), number=st.integers(1, 6), gap=st.booleans())
    def say(self, where: TopicPartition, number: int, gap: bool) -> None:
        self.log.say(where, number, gap)

    @rule(times=st.integers(1, 6))
    def fetch(self, times: int) -> None:
        async def hand_on() -> None:
            for _ in range(times):
                await self.feed._hand_on(await self.reader.getmany())

        self.run(hand_on())

    @rule(who=st.integers(0, 2), times=st.integers(1, 9))
    def read(self, who: int, times: int) -> None:
        for _ in range(times):
            if self.reading[who].tap in self.feed._taps:
                self.run(self.reading[who].step())

    @rule(
        who=st.integers(1, 2),
        where=st.sampled_from(WHERE),
        times=st.integers(3, 9),
        then=st.booleans(),
    )
    def run_ahead(self, who: int, where: TopicPartition, times: int, then: bool) -> None:
        """One reads while the others do not."""
        if self.reading[who].tap not in self.feed._taps:
            self.come_or_leave(who)
        self.say(where, 3 * times, gap=False)
        for _ in range(times):
            self.fetch(1)
            self.read(who, 1)
        if then:
            self.rebalance()

    @rule(who=st.integers(0, 2))
    def come_or_leave(self, who: int) -> None:
        one = self.reading[who]
        self.run(one.tap.stop() if one.tap in self.feed._taps else one.join())

    @rule(who=st.integers(0, 2), where=st.sampled_from(WHERE), back=st.integers(0, 9))
    def seek_again(self, who: int, where: TopicPartition, back: int) -> None:
        """What it stored is where another worker left it: forget the last few of what it had."""
        one = self.reading[who]
        if one.tap in self.feed._taps and where in one.holds:
            one.had[where] = one.had[where][: len(one.had[where]) - back]
            one.seek(where)

    @rule()
    def rebalance(self) -> None:
        self.run(self.feed.on_partitions_revoked(WHERE))
        self.reader.positions.clear()
        self.reader.assign(WHERE)  # and Kafka goes on from anywhere
        self.run(self.feed.on_partitions_assigned(WHERE))

    @invariant()
    def nobody_has_a_gap_or_a_repetition(self) -> None:
        for each in getattr(self, "reading", []):
            for where, said in self.said().items():
                assert each.had[where] == said[: len(each.had[where])]


class _Broker:
    def __init__(self, log: Log) -> None:
        self.alone: Callable[[], Reader] = lambda: Reader(log)


def test_every_subscription_gets_every_message_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """With little room and little patience, so that all ways of reading are taken."""
    monkeypatch.setattr(feeding, "NEAR", 5)
    monkeypatch.setattr(feeding, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(tapping, "ROOM", 6)
    monkeypatch.setattr(tapping, "ALONE_MS", 0)
    run_state_machine_as_test(
        Feeding,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
