"""One mail a day: what has been put aside for people who want it so goes out in one mail each.

The mail is a notification of its own (kind `digest`). It is asked for in the transaction that
settles what is in it, so each message is in one of these mails; it goes out like any other.

The hour is the authority's, as its profile says; the service's setting where it says nothing. A
person with roles in several authorities still has one mail a day: at the earliest of their hours,
with what has come from all of them (`read_models/hours.py`).
"""

import asyncio
from datetime import datetime, time, timedelta
from uuid import UUID

import structlog

from epep_events.envelope import Actor, Metadata
from epep_runtime.civil_time import SkippedTimeError, instant, local_date
from epep_runtime.event_store import Cause, EventStore, VersionConflictError
from epep_runtime.ids import derived_id
from epep_runtime.postgres import Connection, Pool
from epep_runtime.service import Running
from notification_service.notifications.delivering import gathered, unmailed
from notification_service.notifications.facts import DigestItem, Facts
from notification_service.notifications.notification import NOTIFICATION, Notification
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.outbox.doubles import doubles
from notification_service.outbox.outbox import FAULTS, put_out, settle_within
from notification_service.preferences.preferences import PREFERENCES, mailed
from notification_service.read_models.hours import hours_in_use, hours_of
from notification_service.read_models.languages import language_for
from notification_service.read_models.people import present_person
from notification_service.settings import settings_of

log = structlog.get_logger()
PAUSE_SECONDS = 20.0
DAY = timedelta(days=1)
WHOSE = """
SELECT coalesce(p.merged_into, o.account_id) AS account_id, min(o.put_out_at) AS since
  FROM outbox o LEFT JOIN known_people p USING (account_id)
 WHERE o.state = 'gathering' AND o.put_out_at < $1
 GROUP BY 1
"""
THEIRS = """
SELECT o.notification_id, o.email, o.facts
  FROM outbox o LEFT JOIN known_people p USING (account_id)
 WHERE o.state = 'gathering' AND o.put_out_at < $1
   AND coalesce(p.merged_into, o.account_id) = $2
 ORDER BY o.put_out_at, o.notification_id
   FOR UPDATE OF o SKIP LOCKED
"""


def last_moment(now: datetime, at: time) -> datetime:
    """Return when the last mails of the day were due: that time in England, today or yesterday.

    On the day on which the clocks skip it, an hour later.
    """
    today = local_date(now)
    for day in (today, today - DAY):
        try:
            moment = instant(day, at)
        except SkippedTimeError:
            moment = instant(day, at.replace(hour=at.hour + 1))
        if moment <= now:
            return moment
    raise AssertionError("the same time of yesterday is over")


async def gather(pool: Pool, store: EventStore, at: time, now: datetime) -> int:
    """Ask for the mail of the day of everybody for whom it is due; return for how many.

    `at` is the hour where the profiles of a person's authorities name none.
    """
    count = 0
    for account_id, before in (await _due(pool, at, now)).items():
        async with pool.acquire() as connection, connection.transaction():
            count += await _gather_for(connection, store, account_id, before)
    return count


async def _due(pool: Pool, at: time, now: datetime) -> dict[UUID, datetime]:
    """Return for whom something has waited past their hour, with that hour's last moment."""
    async with pool.acquire() as connection:
        hours = await hours_in_use(connection, at)
        rows = await connection.fetch(WHOSE, max(last_moment(now, hour) for hour in hours))
        since = {row["account_id"]: row["since"] for row in rows}
        theirs = await hours_of(connection, since, at)
    moments = {account_id: last_moment(now, hour) for account_id, hour in theirs.items()}
    return {who: before for who, before in moments.items() if since[who] < before}


async def _gather_for(
    connection: Connection, store: EventStore, account_id: UUID, before: datetime
) -> bool:
    rows = await connection.fetch(THEIRS, before, account_id)
    if not rows:
        return False
    digest_id = derived_id("digest", rows[0]["notification_id"])
    choices = (await store.load(connection, PREFERENCES, account_id)).state
    own_ids = [row["notification_id"] for row in rows]
    needless = await doubles(connection, store, own_ids, account_id)
    items, asked = [], []
    for row in rows:
        facts = Facts.model_validate(row["facts"])
        own_id = row["notification_id"]
        if own_id in needless or mailed(choices, facts.kind) == "never":
            await settle_within(connection, store, own_id, "unmailed", unmailed)
            continue
        items.append(facts)
        asked.append(
            await settle_within(connection, store, own_id, "gathered", gathered(digest_id))
        )
    if not items:
        return False
    person = await present_person(connection, account_id)
    if person is None or not person.email:
        person = Recipient(items[-1].name, rows[-1]["email"], account_id)
    await _ask(connection, store, digest_id, person, items, asked)
    return True


async def _ask(
    connection: Connection,
    store: EventStore,
    digest_id: UUID,
    person: Recipient,
    items: list[Facts],
    asked: list[Metadata],
) -> None:
    facts = Facts(
        kind="digest",
        language=await language_for(connection, None, person.account_id),
        said_at=items[-1].said_at,
        name=person.name,
        has_account=True,
        items=tuple(
            DigestItem(
                kind=each.kind,
                said_at=each.said_at,
                child_id=each.child_id,
                initials=each.initials,
            )
            for each in items
        ),
    )
    authorities = {each.authority for each in asked}
    cause = Cause(
        Actor(id=f"system:{store.source}", role="system"),
        authorities.pop() if len(authorities) == 1 else None,
        asked[-1].correlation_id,
        asked[-1].event_id,
    )
    events = request(digest_id, Notice(person, facts), Notification())
    await store.append(connection, NOTIFICATION.stream(digest_id), 0, events, cause)
    now, email = store.clock(), person.email or ""
    await put_out(connection, digest_id, email, facts, now, None, person.account_id)


async def mail_days(running: Running) -> None:
    """Gather what is due, until cancelled; after a fault of the database, go on."""
    at = settings_of(running).digest_at
    while True:
        try:
            count = await gather(running.pool, running.store, at, running.store.clock())
            if count:
                log.info("mails of the day", count=count)
        except (VersionConflictError, *FAULTS) as error:
            log.warning("gathering interrupted, will go on", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)
