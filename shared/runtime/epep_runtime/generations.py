"""The generations of a read model: one is live, one may be building, old ones wait to be dropped.

Three locks keep them apart:

* a batch of the live read model holds the read model's fence, shared, from its first statement;
* a batch of a rebuild holds the row of its generation, shared, from its first statement;
* the switch takes the fence (the live one stands still), lets the rebuild catch up, and then takes
  the row (the rebuild stands still). Whoever comes later finds another generation and stops.
"""

from dataclasses import dataclass

from epep_runtime.places import PlaceLostError
from epep_runtime.postgres import Connection, Pool
from epep_runtime.read_model_tables import make_tables, not_carried, quoted
from epep_runtime.subscriptions import Projector


class RebuildError(Exception):
    """A rebuild cannot go on; the message is a sentence for the operator."""


class GenerationGoneError(PlaceLostError):
    """The generation is not being built any more: it has become live, or has been dropped."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of a read model's tables; `schema` is where they are while it is not live."""

    read_model: str
    number: int
    schema: str
    state: str

    @property
    def subscription(self) -> str:
        """Return the name under which its places are kept while it is not live."""
        return f"{self.read_model}@{self.number}"


def fence_of(read_model: str) -> str:
    """Return the name of the advisory lock that the live read model's batches share."""
    return f"read model {read_model}"


async def work_live(connection: Connection, read_model: str) -> None:
    """Begin a batch of the live read model: a switch waits until its transaction ends."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", fence_of(read_model)
    )


async def work_alone(connection: Connection, read_model: str) -> None:
    """Begin a batch of the live read model that no other batch of it may overlap."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", fence_of(read_model)
    )


async def work_in(connection: Connection, generation: Generation) -> None:
    """Begin a batch of a rebuild: unqualified table names are those of the generation.

    Tables that the generation does not have are found where they always are. The commit does not
    wait for the disk: rows and place are lost together or not at all, and the switch does wait.
    Raises GenerationGoneError when it is not being built any more.
    """
    there = await connection.fetchval(
        "SELECT set_config('search_path', quote_ident(schema_name) || ', public', true),"
        "       set_config('synchronous_commit', 'off', true)"
        " FROM generations WHERE read_model = $1 AND number = $2 AND state = 'building'"
        " FOR KEY SHARE",
        generation.read_model,
        generation.number,
    )
    if there is None:
        raise GenerationGoneError(f"{generation.subscription} is not being built any more")


async def generations_of(connection: Connection | Pool, read_model: str) -> list[Generation]:
    """Return a read model's generations, oldest first; none before its first rebuild."""
    rows = await connection.fetch(
        "SELECT * FROM generations WHERE read_model = $1 ORDER BY number", read_model
    )
    return [
        Generation(row["read_model"], row["number"], row["schema_name"], row["state"])
        for row in rows
    ]


async def state_of(pool: Pool, generation: Generation) -> str | None:
    """Return the generation's state now, or None when it has been dropped."""
    state: str | None = await pool.fetchval(
        "SELECT state FROM generations WHERE read_model = $1 AND number = $2",
        generation.read_model,
        generation.number,
    )
    return state


async def begin_or_join(pool: Pool, projector: Projector, total: int) -> Generation:
    """Return the generation that is being built, made now where there is none.

    `total` is how many events there are, for whoever watches. Raises RebuildError for tables
    that cannot be made again beside the live ones.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            f"generations of {projector.name}",
        )
        known = await generations_of(connection, projector.name)
        building = next((each for each in known if each.state == "building"), None)
        if building is None:
            building = await _begin(connection, projector, known)
        await connection.execute(
            "UPDATE generations SET total = greatest(total, $3)"
            " WHERE read_model = $1 AND number = $2",
            building.read_model,
            building.number,
            total,
        )
    return building


async def _begin(
    connection: Connection, projector: Projector, known: list[Generation]
) -> Generation:
    refused = await not_carried(connection, projector.tables)
    if refused:
        raise RebuildError(
            f"{projector.name} cannot be rebuilt beside the live one: {'; '.join(refused)}."
        )
    if not known:
        await _add(connection, _named(projector.name, 0, "live"))
    made = _named(projector.name, 1 + max((each.number for each in known), default=0), "building")
    await make_tables(connection, made.schema, projector.tables)
    await _add(connection, made)
    return made


def _named(read_model: str, number: int, state: str) -> Generation:
    return Generation(read_model, number, f"gen_{read_model}_{number}", state)


async def _add(connection: Connection, generation: Generation) -> None:
    await connection.execute(
        "INSERT INTO generations (read_model, number, schema_name, state) VALUES ($1, $2, $3, $4)",
        generation.read_model,
        generation.number,
        generation.schema,
        generation.state,
    )


async def drop(connection: Connection, generation: Generation) -> None:
    """Remove a generation that is not live: its tables, its places, what it had parked.

    In the caller's transaction. Raises RebuildError for the live one.
    """
    state = await connection.fetchval(
        "DELETE FROM generations WHERE read_model = $1 AND number = $2 RETURNING state",
        generation.read_model,
        generation.number,
    )
    if state == "live":
        raise RebuildError(f"{generation.read_model} is live there: it cannot be dropped.")
    await connection.execute(f"DROP SCHEMA IF EXISTS {quoted(generation.schema)} CASCADE")
    for table in ("places", "parked_streams"):
        await connection.execute(
            f"DELETE FROM {table} WHERE subscription = $1",  # noqa: S608 - two fixed names
            generation.subscription,
        )


async def drop_all(pool: Pool, read_model: str, state: str) -> list[int]:
    """Drop a read model's generations of that state, `old` or `building`; return their numbers."""
    async with pool.acquire() as connection, connection.transaction():
        known = await generations_of(connection, read_model)
        going = [each for each in known if each.state == state]
        for each in going:
            await drop(connection, each)
    return [each.number for each in going]
