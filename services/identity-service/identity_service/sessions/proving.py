"""The proof that a request belongs to a session: its id and its secret."""

from uuid import UUID

from pydantic import Field, SecretStr

from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import ProblemError
from epep_runtime.text import Command, example
from identity_service.sessions import records
from identity_service.sessions.session import Session, is_proved


class SessionProof(Command):
    """What POST /logins/{login_id}/code gave to whoever logged in."""

    model_config = example(
        session_id="0190f3a2-7c1e-7b5a-9d3e-2f6a1c0b4d5e",
        session_secret="from-the-log-in",  # noqa: S106
    )

    session_id: UUID
    session_secret: SecretStr = Field(
        min_length=1, max_length=100, examples=["kX0gqkOq4a1mYp3v8m0fGd0c1oJ9hR2uQ5tW7zB4nE8"]
    )


async def proved(source: Connection | Pool, proof: SessionProof) -> Session | None:
    """Return the session if the secret is its own, alive or not."""
    session = await records.find(source, proof.session_id)
    if session is None or not is_proved(session, proof.session_secret.get_secret_value()):
        return None
    return session


def session_over() -> ProblemError:
    """Return the one answer for a session that is unknown, ended, idle, too old or suspended."""
    return ProblemError(401, "unauthenticated", _("The session has ended. Log in again."))
