"""`python -m pep_service erase CHILD --why …`: an operator erases a child's record for good."""

import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from epep_events.contexts import catalog
from epep_runtime.erasing import EraseError, arguments_of, erase, tell
from epep_runtime.event_store import EventStore
from epep_runtime.operations import operator_cause
from epep_runtime.postgres import Connection, open_pool
from epep_runtime.settings import Settings
from pep_service.children.child import CHILD
from pep_service.settings import PEPSettings

REFUSED, WRONG = 1, 2


def erase_child(argv: Sequence[str]) -> int:
    """Carry out the command and return the exit status: 0, or 1 with a sentence on stderr."""
    asked = arguments_of("python -m pep_service erase", "child").parse_args(argv)
    try:
        settings = PEPSettings()
    except ValidationError as error:
        missing = ", ".join(f"EPEP_{each['loc'][0]}".upper() for each in error.errors())
        sys.stderr.write(f"Set {missing} first.\n")
        return WRONG
    try:
        tell(asked.subject, said=asyncio.run(_erase(settings, asked.subject, asked.why)))
    except EraseError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    return 0


async def _erase(settings: Settings, child_id: UUID, why: str) -> bool:
    keyring = settings.keyring()
    pool = await open_pool(settings.database_url.get_secret_value(), 2)
    try:
        authority = await pool.fetchrow(
            "SELECT authority FROM events WHERE stream_id = $1 LIMIT 1", CHILD.stream(child_id)
        )
        if authority is None:
            raise EraseError(f"There is no child {child_id} here.")
        cause = operator_cause().within(authority["authority"])

        async def tidy(connection: Connection) -> None:
            await _forget_files(connection, child_id)

        store = EventStore(catalog(), "pep", keyring)
        return await erase(pool, store, child_id, "child", why, cause, tidy)
    finally:
        await keyring.close()
        await pool.close()


async def _forget_files(connection: Connection, child_id: UUID) -> None:
    """Drop what checked files said of the child; reports of problems quote cells of any child."""
    await connection.execute(
        "DELETE FROM import_problems WHERE import_id IN"
        " (SELECT i.import_id FROM imports i JOIN access_children c ON c.authority = i.authority"
        "   WHERE c.child_id = $1)",
        child_id,
    )
    await connection.execute(
        "UPDATE import_children SET facts = NULL, done = true WHERE child_id = $1", child_id
    )
