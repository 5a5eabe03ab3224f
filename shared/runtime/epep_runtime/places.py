"""How far a subscription has come, kept beside what it has done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from epep_runtime.postgres import Connection, Pool


class PlaceLostError(Exception):
    """Another worker has moved this partition's place: what we hold is out of date."""


@dataclass(frozen=True, slots=True)
class Place:
    """The next Kafka offset to read, and the highest publication number handled so far.

    `generation` is that of the read model whose tables hold the result; a reactor's stays 0.
    """

    next_offset: int
    publication: int
    generation: int = 0

    def past(self, offset: int, publication: int) -> "Place":
        """Return the place after the message at this offset."""
        return Place(offset + 1, max(self.publication, publication), self.generation)


async def read_places(pool: Pool, subscription: str) -> dict[tuple[str, int], Place]:
    """Return the stored places by topic and partition."""
    rows = await pool.fetch(
        "SELECT topic, partition, next_offset, publication, generation FROM places"
        " WHERE subscription = $1",
        subscription,
    )
    return {
        (row["topic"], row["partition"]): Place(
            row["next_offset"], row["publication"], row["generation"]
        )
        for row in rows
    }


async def move_place(
    connection: Connection, subscription: str, where: TopicPartition, old: Place, new: Place
) -> None:
    """Move a place from `old` to `new` in the caller's transaction.

    Raises PlaceLostError when it is not at `old` any more, or belongs to another generation.
    """
    done = await connection.fetchval(
        "INSERT INTO places AS p (subscription, topic, partition, next_offset, publication,"
        "                           generation)"
        " SELECT $1, $2, $3, $6, $7, $8"
        "  WHERE $4 = 0 OR EXISTS (SELECT FROM places WHERE subscription = $1 AND topic = $2"
        "        AND partition = $3)"
        " ON CONFLICT (subscription, topic, partition) DO UPDATE"
        "    SET next_offset = excluded.next_offset, publication = excluded.publication,"
        "        moved_at = now()"
        "  WHERE p.next_offset = $4 AND p.publication = $5 AND p.generation = $8"
        " RETURNING true",
        subscription,
        where.topic,
        where.partition,
        old.next_offset,
        old.publication,
        new.next_offset,
        new.publication,
        old.generation,
    )
    if not done:
        raise PlaceLostError(f"{subscription} is not at {old} in {where}")


async def topics_not_begun(pool: Pool, subscription: str, topics: Sequence[str]) -> list[str]:
    """Return those of these topics in which the subscription has no place yet."""
    rows = await pool.fetch(
        "SELECT DISTINCT topic FROM places WHERE subscription = $1", subscription
    )
    known = {row["topic"] for row in rows}
    return [topic for topic in topics if topic not in known]


async def start_at(pool: Pool, subscription: str, ends: Mapping[TopicPartition, Place]) -> None:
    """Put a subscription that has no place in a topic yet at that topic's end.

    With the publication number of what is last there: should the topic be lost and filled again,
    its offsets mean nothing any more. A partition that is added later starts at its beginning:
    the subscription was there first.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE places IN SHARE ROW EXCLUSIVE MODE")
        for topic in {partition.topic for partition in ends}:
            known = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM places WHERE subscription = $1 AND topic = $2)",
                subscription,
                topic,
            )
            if not known:
                await connection.executemany(
                    "INSERT INTO places (subscription, topic, partition, next_offset, publication)"
                    " VALUES ($1, $2, $3, $4, $5)",
                    [
                        (subscription, topic, each.partition, end.next_offset, end.publication)
                        for each, end in ends.items()
                        if each.topic == topic
                    ],
                )
