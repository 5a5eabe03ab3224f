"""In which language somebody is written to, as the profiles of their authorities say."""

from uuid import UUID

from epep_runtime.postgres import Connection
from notification_service.mails.language import ENGLISH

SPOKEN = """
SELECT DISTINCT (SELECT p.language FROM known_profiles p WHERE p.code = a.code
                  ORDER BY p.version DESC LIMIT 1) AS language
  FROM (SELECT $1::text AS code WHERE $1 IS NOT NULL
        UNION SELECT authority FROM known_roles
               WHERE $1 IS NULL AND account_id = $2 AND held_from <= now()
                 AND (held_to IS NULL OR held_to > now())) a
"""


async def language_for(
    connection: Connection, authority: str | None, account_id: UUID | None
) -> str:
    """Return the language of the authority that says something, by its newest profile.

    What no authority says (a log-in code) is in the language of those that the person works with,
    if it is the same for all of them. What is left is in English.
    """
    found = {row["language"] for row in await connection.fetch(SPOKEN, authority, account_id)}
    return found.pop() or ENGLISH.code if len(found) == 1 else ENGLISH.code
