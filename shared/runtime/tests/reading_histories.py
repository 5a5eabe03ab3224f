"""The rules of the state machine for those who read: workers, an operator, a rebuild."""

from aiokafka import TopicPartition
from counting import cause
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from stepping import PARTITIONS, TOPIC, Crash, Hook
from writing_histories import NAME, Writing

from epep_runtime import parking_desk
from epep_runtime.failed_events import EventFailedError
from epep_runtime.generations import (
    Generation,
    GenerationGoneError,
    begin_or_join,
    drop_all,
    generations_of,
)
from epep_runtime.parking import ParkedStream, list_parked
from epep_runtime.parking_desk import ParkedError
from epep_runtime.places import PlaceLostError
from epep_runtime.switching import NotYetError, switch

workers = st.integers(0, 1)


class Reading(Writing):
    """What may happen, to a service with one read model, three streams and two workers."""

    # Subscribing

    def take_what_there_is(self) -> None:
        for number in range(len(self.workers)):
            self.run(self._step(number))

    async def _step(self, number: int, most: int = 3) -> None:
        """As `Runner.run`: a worker that finds its place lost begins again from what is stored."""
        worker = self.workers[number]
        worker.consumer.most = most
        try:
            await worker.step()
        except PlaceLostError:
            await worker.join(self.topic.where())

    def _has_unread(self) -> bool:
        return any(
            position < len(self.topic.partitions[where.partition])
            for worker in self.workers
            for where, position in worker.consumer.positions.items()
        )

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(number=workers, most=st.integers(1, 4))
    def work(self, number: int, most: int) -> None:
        self.run(self._step(number, most))

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(number=workers, most=st.integers(1, 4), events=st.integers(1, 3))
    def worker_that_dies_in_mid_batch(self, number: int, most: int, events: int) -> None:
        """After so many events of it, before it commits."""
        self._after(events, self._die)
        try:
            self.run(self._step(number, most))
        except Crash:
            self.workers[number] = self.run(self._new_worker())
        self.counting.hook = None

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(number=workers, most=st.integers(1, 4))
    def worker_that_dies_before_it_commits(self, number: int, most: int) -> None:
        """Its rows are written and its place is moved: both stay, or neither."""
        self.last_moment.comes = True
        try:
            self.run(self._step(number, most))
        except Crash:
            self.workers[number] = self.run(self._new_worker())
        self.last_moment.comes = False

    @precondition(lambda self: self._has_unread() or self.waiting)
    @rule(zombie=workers, most=st.integers(1, 4), events=st.integers(1, 3))
    def worker_that_another_overtakes_in_mid_batch(
        self, zombie: int, most: int, events: int
    ) -> None:
        """Both believe that they hold the partitions; the other one commits first."""
        self._after(events, lambda: self._step(1 - zombie, most))
        self.run(self._step(zombie, most))
        self.counting.hook = None

    async def _die(self) -> None:
        raise Crash

    def _after(self, events: int, hook: Hook) -> None:
        async def count_down() -> None:
            nonlocal events
            events -= 1
            if events:
                self.counting.hook = count_down
            else:
                await hook()

        self.counting.hook = count_down

    @rule(number=workers, partition=st.integers(0, PARTITIONS - 1), part=st.floats(0, 1))
    def fetch_from_elsewhere(self, number: int, partition: int, part: float) -> None:
        """Kafka delivers again what was handled, or what lies ahead of the place."""
        offset = round(part * len(self.topic.partitions[partition]))
        self.workers[number].consumer.seek(TopicPartition(TOPIC, partition), offset)

    @rule(number=workers, held=st.sets(st.integers(0, PARTITIONS - 1)))
    def rebalance(self, number: int, held: set[int]) -> None:
        where = [each for each in self.topic.where() if each.partition in held]
        self.run(self.workers[number].join(where))

    # Parking

    @rule(mended=st.booleans())
    def mend_the_handler_or_break_it(self, mended: bool) -> None:
        self.counting.mended = mended

    async def _parked(self) -> list[ParkedStream]:
        return [each for each in await list_parked(self.pool) if each.subscription == NAME]

    @precondition(lambda self: self.waiting)
    @rule()
    def retry_all(self) -> None:
        for each in self.run(self._parked()):
            retried = parking_desk.retry(self.pool, self.store, each.stream_id, NAME, cause())
            self.run(retried)
            self.unsent = True

    @precondition(lambda self: self.waiting)
    @rule()
    def skip_one(self) -> None:
        for each in self.run(self._parked())[:1]:
            try:
                self.skipped.add(self.run(self._skip(each.stream_id)))
                self.unsent = True
            except ParkedError:  # its queue is empty: it only waits to be released
                assert each.waiting == 0

    async def _skip(self, stream: str) -> tuple[str, int]:
        said = await parking_desk.skip(self.pool, self.store, stream, NAME, "a test", cause())
        version = await self.pool.fetchval(
            "SELECT stream_version FROM publications JOIN events USING (position)"
            " WHERE publication = $1",
            said.publication,
        )
        return stream, version

    # Rebuilding

    async def _building(self) -> Generation | None:
        known = await generations_of(self.pool, NAME)
        return next((each for each in known if each.state == "building"), None)

    @precondition(lambda self: self.builder is None)
    @rule()
    def begin_a_rebuild_or_go_on(self) -> None:
        made = self.run(begin_or_join(self.pool, self.counting.projector(), 0))
        self.building = True
        self.builder = self.run(self._new_worker(made))

    @precondition(lambda self: self.builder)
    @rule(most=st.integers(1, 6), dies=st.booleans())
    def rebuild(self, most: int, dies: bool) -> None:
        """An event that fails ends it, and so does a crash; the switch leaves it nothing to do."""
        assert self.builder
        self.builder.consumer.most = most
        if dies:
            self._after(2, self._die)
        try:
            self.run(self.builder.step())
        except EventFailedError:
            assert not self.counting.mended
            self.builder = None
        except (Crash, GenerationGoneError):
            self.builder = None
        self.counting.hook = None

    @precondition(lambda self: self.building)
    @rule()
    def switch_to_the_rebuilt_one(self) -> None:
        if self.run(self._switch()):
            self.building, self.unsent = False, True

    async def _switch(self) -> bool:
        building = await self._building()
        if building is None:
            return False
        try:
            await switch(self.pool, self.store, self.counting.projector(), building, cause())
        except NotYetError:
            return False
        await drop_all(self.pool, NAME, "old")
        return True
