"""What the hash chain costs an append: the same function with and without it, call by call in turn.

Both run on the same connections in the same second, one call of each after the other, so that
whatever else the machine does falls on both.
"""

import asyncio
import re
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

import asyncpg

from epep_bench.appending import page_saved
from epep_bench.arithmetic import Outcome, Rounds, at_most
from epep_bench.servers import Servers
from epep_runtime.ids import new_id
from epep_runtime.migrations import RUNTIME_SQL, find, migrate

WRITERS, EACH, STREAMS, ROUNDS, BAR = 8, 150, 20, 7, 1.10
HASHED, BARE = "append_event", "append_event_unhashed"
CALL = "SELECT {}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
HASHING = re.compile(r"\bhash_of_event\(.*?p_data\)", re.DOTALL)
CONSTANT = "'\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea"


def without_hash(definition: str) -> str:
    """Return the append function under another name, with a constant where it hashes.

    Raises ValueError when it hashes in another way than this knows: then this measures nothing.
    """
    changed, times = HASHING.subn(CONSTANT.replace("\\", r"\\"), definition)
    if times != 1:
        raise ValueError(f"{HASHED} calls hash_of_event {times} times, and not once")
    return changed.replace(f".{HASHED}(", f".{BARE}(", 1)


async def make_twin(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the function without the hash beside the real one."""
    definition = await connection.fetchval("SELECT pg_get_functiondef($1::text::regproc)", HASHED)
    await connection.execute(without_hash(definition))


def arguments(stream: str, version: int, text: str) -> tuple[Any, ...]:
    """Return what one append of one event hands to the function."""
    who, correlation = str(new_id()), new_id()
    return (
        stream, version, new_id(), "PageSaved", 1, text, datetime.now(UTC), "330",
        who, "designated_teacher", None, correlation, None, None,
    )  # fmt: skip


async def one_writer(connection: Any, found: dict[str, list[float]]) -> None:
    """Append with either function in turn, and note how long each call took, in seconds."""
    calls = {name: await connection.prepare(CALL.format(name)) for name in (HASHED, BARE)}
    streams = {name: [f"pep-{new_id()}" for _ in range(STREAMS)] for name in calls}
    text = page_saved(new_id()).model_dump_json()
    for number in range(EACH):
        order = (HASHED, BARE) if number % 2 else (BARE, HASHED)
        for name in order:
            stream = streams[name][number % STREAMS]
            wanted = arguments(stream, number // STREAMS, text)
            begun = time.perf_counter()
            await calls[name].fetchval(*wanted)
            found[name].append(time.perf_counter() - begun)


async def one_round(connections: list[Any]) -> tuple[float, float]:
    """Return the median seconds of an append with and without the hash, all writers at work."""
    found: dict[str, list[float]] = {HASHED: [], BARE: []}
    await asyncio.gather(*(one_writer(each, found) for each in connections))
    return median(found[HASHED]), median(found[BARE])


async def against_no_hash(servers: Servers) -> Outcome:
    """The hash may cost an append 10 % at most."""
    url = await servers.database("hashing")
    await migrate(url, find("runtime", RUNTIME_SQL))
    connections = [await asyncpg.connect(url) for _ in range(WRITERS)]
    try:
        await make_twin(connections[0])
        await one_round(connections)
        pairs = [await one_round(connections) for _ in range(ROUNDS)]
    finally:
        for each in connections:
            await each.close()
    rounds = Rounds(tuple(own for own, _ in pairs), tuple(bare for _, bare in pairs))
    return Outcome(
        "H",
        "time of an append with the hash chain, 8 writers, one event a transaction",
        f"{median(rounds.ours) * 1e6:,.0f} µs",
        f"the same function without the hash: {median(rounds.bare) * 1e6:,.0f} µs",
        f"{rounds.ratio:.3f}",
        "at most 1.10",
        at_most(rounds, BAR),
        rounds.spread,
    )
