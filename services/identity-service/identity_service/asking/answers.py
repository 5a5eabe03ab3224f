"""What an ask answers: the same words for anybody, before anything is looked up."""

from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from epep_runtime.http import running_of
from epep_runtime.text import Command
from identity_service.asking.asks import Kind
from identity_service.logins.answers import LOGIN_RESPONSES
from identity_service.logins.starting import caller_network
from identity_service.parts import Identity

ASK_RESPONSES: dict[int | str, dict[str, Any]] = {429: LOGIN_RESPONSES[429]}


class Asked(BaseModel):
    """Said to anybody: what happens next goes by mail."""

    message: str = Field(examples=["If that address has an account, an email is on its way to it."])


async def write_ask(request: Request, kind: Kind, command: Command, message: str) -> Asked:
    """Keep an ask and answer it. Raises ProblemError 429 for a network that asks too often."""
    running = running_of(request)
    identity = running.part(Identity)
    await identity.counters.take(caller_network(request, identity, "asks"))
    await identity.asks.write(kind, command.model_dump(mode="json"), running.store.clock())
    return Asked(message=message)
