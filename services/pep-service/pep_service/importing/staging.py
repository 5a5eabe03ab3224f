"""Checked files wait here, as a plan and its problems, until they are imported or forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from epep_runtime.postgres import Connection, Pool
from pep_service.children.facts import ChildFacts
from pep_service.importing.checking import Plan
from pep_service.importing.problems import Problem

State = Literal["checked", "importing", "imported", "failed"]
FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Staged:
    """One import; `total` children are to be brought up to date, `done` of them are."""

    import_id: UUID
    authority: str
    made_by: UUID
    fingerprint: bytes
    state: State
    new: int
    changed: int
    unchanged: int
    refused: int
    started_by: UUID | None
    failure: str | None
    problem_count: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StagedChild:
    """One child's facts that wait to be imported."""

    place: int
    child_id: UUID
    facts: ChildFacts


async def stage(
    connection: Connection,
    import_id: UUID,
    authority: str,
    made_by: UUID,
    fingerprint: bytes,
    plan: Plan,
    now: datetime,
) -> bool:
    """Keep a plan; False where there is one of that id. Plans never run are forgotten in a week."""
    counts = plan.counts()
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM imports WHERE state = 'checked' AND made_at < $1", now - FORGOTTEN_AFTER
        )
        made = await connection.fetchval(
            "INSERT INTO imports (import_id, authority, made_by, made_at, fingerprint,"
            " new, changed, unchanged, refused) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT DO NOTHING RETURNING true",
            import_id,
            authority,
            made_by,
            now,
            fingerprint,
            counts["new"],
            counts["changed"],
            counts["unchanged"],
            counts["refused"],
        )
        if not made:
            return False
        await connection.copy_records_to_table(
            "import_children",
            columns=("import_id", "place", "child_id", "facts"),
            records=[
                (import_id, place, each.child_id, each.facts.model_dump_json())
                for place, each in enumerate(plan.children)
            ],
        )
        await add_problems(connection, import_id, 0, plan.problems)
    return True


async def add_problems(
    connection: Connection, import_id: UUID, place: int, problems: Sequence[Problem]
) -> None:
    """Keep problems, the first of them in this place of the import's list."""
    await connection.copy_records_to_table(
        "import_problems",
        columns=(
            "import_id",
            "place",
            "file",
            "line",
            "column",
            "value",
            "reason",
            "severity",
        ),
        records=[
            (import_id, number, p.file, p.line, p.column, p.value, p.reason, p.severity)
            for number, p in enumerate(problems, place)
        ],
    )


SELECT = """
SELECT i.import_id, i.authority, i.made_by, i.fingerprint, i.state,
       i.new, i.changed, i.unchanged, i.refused, i.started_by, i.failure,
       (SELECT count(*) FROM import_problems p WHERE p.import_id = i.import_id) AS problem_count,
       (SELECT count(*) FROM import_children c WHERE c.import_id = i.import_id AND done) AS done,
       (SELECT count(*) FROM import_children c WHERE c.import_id = i.import_id) AS total
  FROM imports i
"""


async def staged(database: Pool | Connection, import_id: UUID) -> Staged | None:
    """Return an import, or None where there is none of that id."""
    row = await database.fetchrow(f"{SELECT} WHERE i.import_id = $1", import_id)
    return Staged(**dict(row)) if row else None


async def problems_of(
    database: Pool | Connection, import_id: UUID, most: int | None = None
) -> list[Problem]:
    """Return an import's problems in order, at most that many."""
    rows = await database.fetch(
        'SELECT file, line, "column", value, reason, severity FROM import_problems'
        " WHERE import_id = $1 ORDER BY place LIMIT $2",
        import_id,
        most,
    )
    return [Problem(**dict(row)) for row in rows]


async def children_to_do(connection: Connection, import_id: UUID, most: int) -> list[StagedChild]:
    """Return the next children to import, at most that many."""
    rows = await connection.fetch(
        "SELECT place, child_id, facts FROM import_children"
        " WHERE import_id = $1 AND NOT done ORDER BY place LIMIT $2",
        import_id,
        most,
    )
    return [
        StagedChild(
            row["place"], row["child_id"], ChildFacts.model_validate_json(row["facts"])
        )
        for row in rows
    ]  # fmt: skip


async def mark_done(connection: Connection, import_id: UUID, places: Sequence[int]) -> None:
    """Tick children off, and forget what was told of them: it is in their streams now."""
    await connection.execute(
        "UPDATE import_children SET done = true, facts = NULL"
        " WHERE import_id = $1 AND place = ANY($2)",
        import_id,
        list(places),
    )
