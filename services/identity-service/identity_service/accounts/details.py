"""Correct one's own name, telephone number and job title."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from epep_events.getting_in import UserDetailsChanged
from epep_runtime.http import Changing
from epep_runtime.text import Command, Line, Name, example
from identity_service.accounts.mine import MINE_RESPONSES, mine
from identity_service.answering_once import AnsweredOnce
from identity_service.registrations.wanting import Telephone

router = APIRouter(route_class=AnsweredOnce)


class ChangeDetails(Command):
    """The details as they are to be."""

    model_config = example(name="Amara Lindqvist", phone="01632 960 001", job_title="Teacher")

    name: Name
    phone: Telephone | None = None
    job_title: Line | None = None


@router.put(
    "/me/details",
    status_code=204,
    response_class=Response,
    responses=MINE_RESPONSES,
    summary="Change my details",
)
async def change_details(command: ChangeDetails, change: Changing, request: Request) -> None:
    """Set my name, telephone number and job title, and nothing else of my account."""
    me = await mine(request, change.principal)
    async with me.changing() as (connection, loaded):
        before = loaded.state
        wanted = (command.name, command.phone, command.job_title or None)
        if (before.name, before.phone, before.job_title) == wanted:
            return
        event = UserDetailsChanged(
            account_id=me.account_id,
            name=command.name,
            phone=command.phone,
            job_title=command.job_title or None,
        )
        await me.say(connection, loaded, [event])
