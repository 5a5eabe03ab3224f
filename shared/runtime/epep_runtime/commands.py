"""A change over HTTP: the expected version, the first answer again, the events, the answer."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_runtime.event_store import (
    Aggregate,
    Cause,
    EventStore,
    Loaded,
    VersionConflictError,
)
from epep_runtime.ids import new_id
from epep_runtime.language import _
from epep_runtime.own_writes import WRITTEN, Written, say
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import FieldError, InvalidError, ProblemError, StaleVersionError
from epep_runtime.telemetry import current_traceparent
from epep_runtime.together import Together
from epep_runtime.tokens import Principal

S = TypeVar("S")
TRIES = 5
MAX_KEY = 100
WRITTEN_TOGETHER = """
SELECT type, max(stream_version) AS version FROM events
 WHERE stream_id = $1 AND correlation_id = (
       SELECT correlation_id FROM events WHERE stream_id = $1 AND stream_version = $2)
 GROUP BY type
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a request that changes something says about itself."""

    principal: Principal
    if_match: int | None
    key: str | None
    fingerprint: bytes
    request_id: UUID
    traceparent: str | None

    def cause(self, role: str, authority: str | None) -> Cause:
        """Return the cause of the events that this person, in that role, brings about."""
        return Cause(
            Actor(id=str(self.principal.account_id), role=role),
            authority,
            self.request_id,
            None,
            self.traceparent,
        )


def _if_match(header: str | None) -> int | None:
    if header is None:
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ProblemError(
            412, "stale-version", _("If-Match does not name a version of this record.")
        )
    return int(text)


async def change_of(
    request: Request, principal: Principal, if_match: str | None, key: str | None
) -> Change:
    """Read a change's headers and fingerprint its method, path, version and body.

    Raises InvalidError for an Idempotency-Key that is empty or longer than 100 characters.
    """
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise InvalidError([FieldError("Idempotency-Key", _("Use 1 to 100 printable characters."))])
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update((if_match or "").encode())
    digest.update(await request.body())
    return Change(
        principal,
        _if_match(if_match),
        key,
        digest.digest(),
        new_id(),
        current_traceparent(),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a change answers: body, status, and the address of what it made."""

    body: Mapping[str, Any]
    status: int = 200
    location: str | None = None


def to_response(
    answer: Answer, version: int | None, written: Sequence[Written] = ()
) -> JSONResponse:
    """Return the HTTP answer; its ETag is the stream's new version.

    `written` is what the client may send back to see its own change in read models.
    """
    headers = {} if version is None else {"ETag": f'"{version}"'}
    if written:
        headers[WRITTEN] = say(written)
    if answer.location:
        headers["Location"] = answer.location
    return JSONResponse(dict(answer.body), status_code=answer.status, headers=headers)


class Commands:
    """Carries out changes of aggregates in the service's database."""

    def __init__(self, pool: Pool, store: EventStore) -> None:
        self._pool, self._store = pool, store
        self._together = Together(pool, store)

    def _written(self, stream: str, loaded: int, events: Sequence[Event]) -> list[Written]:
        """Return the newest event of each type, of those that came after version `loaded`."""
        newest = {event.type_name(): loaded + number for number, event in enumerate(events, 1)}
        source = self._store.source
        return [Written(source, stream, version, name) for name, version in newest.items()]

    async def _written_then(
        self, connection: Connection, stream: str, version: int | None
    ) -> list[Written]:
        """Return what the change has written that brought the stream to this version."""
        rows = await connection.fetch(WRITTEN_TOGETHER, stream, version)
        return [Written(self._store.source, stream, row["version"], row["type"]) for row in rows]

    async def carry_out(
        self,
        change: Change,
        aggregate: Aggregate[S],
        key: UUID | str,
        decide: Callable[[S], Sequence[Event]],
        *,
        role: str,
        authority: str | None,
        answer: Callable[[S, int], Answer],
        needs_version: bool = True,
        stale: Callable[[S, int, int], bool] | None = None,
        describe: Callable[[Loaded[S]], Any] | None = None,
        known: Loaded[S] | None = None,
    ) -> JSONResponse:
        """Decide on the newest state, append, answer, all in one transaction if there is a key.

        Without one the append is all that is written, and goes together with those of others.
        `decide(state)` returns events or raises a ProblemError. `answer(new_state, version)` makes
        the body. `needs_version=False` is for what creates or only adds. `stale(state, version,
        if_match)` narrows what counts as a conflict (default: any newer version); `describe`
        gives the current state that goes with a 412. `known` is the aggregate as this request has
        loaded it already: it is decided on, and loaded again only where the log has moved on. The
        same Idempotency-Key gets the first answer again; with another request it is refused (422).

        Raises StaleVersionError, ProblemError 428 for a missing If-Match, and what decide raises.
        """
        if needs_version and change.if_match is None:
            raise ProblemError(
                428, "version-required", _("Send If-Match with the version you saw.")
            )
        stream = aggregate.stream(key)

        async def once(connection: Connection | None, known: Loaded[S] | None) -> JSONResponse:
            loaded = known or await self._store.load(connection or self._pool, aggregate, key)
            _refuse_stale(change, loaded, stale, describe)
            events = decide(loaded.state)
            state = loaded.state
            for event in events:
                state = aggregate.evolve(state, event)
            child = aggregate.about(state) if aggregate.about else None
            what = stream, loaded.version, events, change.cause(role, authority)
            if connection is None:
                version = await self._together.append(*what, about=child)
                made = answer(state, version)
            else:
                version = await self._store.append(connection, *what, about=child)
                made = answer(state, version)
                await _keep(connection, change, made, version, child)
            return to_response(made, version, self._written(stream, loaded.version, events))

        for attempt in range(TRIES):
            try:
                if change.key is None:
                    return await once(None, known)
                async with self._pool.acquire() as connection, connection.transaction():
                    first = await _first_answer(connection, change)
                    if first is not None:
                        made, version = first
                        written = await self._written_then(connection, stream, version)
                        return to_response(made, version, written)
                    return await once(connection, known)
            except VersionConflictError:
                if attempt == TRIES - 1:
                    raise
                known = None
        raise AssertionError("unreachable")


def _refuse_stale(
    change: Change,
    loaded: Loaded[S],
    stale: Callable[[S, int, int], bool] | None,
    describe: Callable[[Loaded[S]], Any] | None,
) -> None:
    if change.if_match is None:
        return
    moved = (
        stale(loaded.state, loaded.version, change.if_match)
        if stale
        else loaded.version != change.if_match
    )
    if moved:
        raise StaleVersionError(loaded.version, describe(loaded) if describe else None)


async def _first_answer(connection: Connection, change: Change) -> tuple[Answer, int | None] | None:
    if change.key is None:
        return None
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))",
        f"{change.principal.account_id}/{change.key}",
    )
    row = await connection.fetchrow(
        "SELECT * FROM first_answers WHERE account_id = $1 AND key = $2",
        change.principal.account_id,
        change.key,
    )
    if row is None:
        return None
    if row["fingerprint"] != change.fingerprint:
        raise ProblemError(
            422,
            "idempotency-mismatch",
            _("This Idempotency-Key was used for another request."),
            errors=[FieldError("Idempotency-Key", _("Use a new key for a new request."), "reused")],
        )
    return Answer(row["body"], row["status"], row["location"]), row["version"]


async def _keep(
    connection: Connection, change: Change, made: Answer, version: int, child: UUID | None
) -> None:
    if change.key is None:
        return
    await connection.execute(
        "INSERT INTO first_answers (account_id, key, fingerprint, status, version, location, body,"
        " child_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        change.principal.account_id,
        change.key,
        change.fingerprint,
        made.status,
        version,
        made.location,
        dict(made.body),
        child,
    )
