"""Appends with pyeventsourcing, for comparison; runs in an environment of its own.

Told the database's address by its environment, as the library wants it. Each line on standard
input is `WRITERS EVENTS` and is answered with the seconds that so many threads took to store so
many events each, one event a transaction.
"""

import json
import os
import sys
import threading
import time
from typing import Any
from uuid import uuid4

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent, datetime_now_with_tzinfo

STREAMS = 20


class PageSaved(DomainEvent):  # type: ignore[misc, unused-ignore]
    """A saved page, as ePEP's event of that name has it."""

    pep_id: str
    section: str
    page: str
    page_title: str
    changes: list[dict[str, Any]]


def events_of(count: int, facts: dict[str, Any]) -> list[PageSaved]:
    """Return events of some streams, in the order in which a writer stores them."""
    ids = [uuid4() for _ in range(STREAMS)]
    return [
        PageSaved(
            originator_id=ids[number % STREAMS],
            originator_version=number // STREAMS + 1,
            timestamp=datetime_now_with_tzinfo(),
            **facts,
        )
        for number in range(count)
    ]


def main() -> None:
    """Answer each line until the input ends."""
    facts = json.loads(os.environ["BENCH_EVENT"])
    application: Application[Any] = Application(os.environ)
    for line in sys.stdin:
        writers, count = map(int, line.split())
        work = [events_of(count, facts) for _ in range(writers)]
        ready = threading.Barrier(writers + 1)

        def write(events: list[PageSaved], ready: threading.Barrier = ready) -> None:
            ready.wait()
            for event in events:
                application.events.put([event])

        threads = [threading.Thread(target=write, args=(events,)) for events in work]
        for thread in threads:
            thread.start()
        ready.wait()
        begun = time.perf_counter()
        for thread in threads:
            thread.join()
        print(time.perf_counter() - begun, flush=True)
    application.close()


if __name__ == "__main__":
    main()
