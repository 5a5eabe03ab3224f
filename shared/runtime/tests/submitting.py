"""The routes of a small service that submits targets to counters, to try the machinery with."""

from typing import Annotated, Any
from uuid import UUID

from counting import COUNTER, submitted
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, Name

router = APIRouter()


class Submit(Command):
    statement: Name
    size: Annotated[int, Field(ge=0, le=9)] = 0


@router.post("/counters/{key}", responses=CHANGE_RESPONSES)
async def submit(key: UUID, command: Submit, change: Changing, request: Request) -> JSONResponse:
    def decide(state: Any) -> list[Any]:
        if command.statement == "no":
            raise RefusedError("It says no.", "says_no")
        return [submitted(key, command.statement)]

    return await running_of(request).commands.carry_out(
        change,
        COUNTER,
        key,
        decide,
        role="social_worker",
        authority="330",
        answer=lambda state, version: Answer({"version": version, "n": state.n}, 201),
        needs_version=command.size == 0,
        describe=lambda loaded: {"n": loaded.state.n},
    )


@router.get("/me")
async def me(asking: Asking) -> dict[str, str]:
    return {"name": asking.name}
