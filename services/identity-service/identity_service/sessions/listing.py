"""My sessions and remembered devices, each with a way to end it (ASVS 7.5.2)."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from epep_events.getting_in import DeviceForgotten
from epep_runtime.http import Asking, Changing
from epep_runtime.problems import NotFoundError
from epep_runtime.text import Command, example
from identity_service.accounts.mine import Mine, mine
from identity_service.answering_once import AnsweredOnce
from identity_service.causes import by_person
from identity_service.devices import records as devices
from identity_service.sessions import records
from identity_service.sessions.ending_all import end_these, hold_with_sessions
from identity_service.sessions.session import Session, is_alive

router = APIRouter(route_class=AnsweredOnce)


class ShownSession(BaseModel):
    """One session, told by its device and its network, no closer than that."""

    session_id: UUID
    device: str = Field(examples=["Firefox on Windows"])
    network: str = Field(examples=["203.0.113.*"])
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool
    remembered: bool


class Sessions(BaseModel):
    """The sessions that are alive, the newest first."""

    sessions: list[ShownSession]


class EndSessions(Command):
    """Nothing more need be said."""

    model_config = example()


class Ended(BaseModel):
    """How many sessions there were to end."""

    ended: int


class ShownDevice(BaseModel):
    """A device that need not give a second factor until then."""

    device_id: UUID
    device: str
    remembered_until: datetime
    last_used_at: datetime


class Devices(BaseModel):
    """The devices that are remembered, the last used first."""

    devices: list[ShownDevice]


def shown_session(session: Session, current: UUID | None, remembered: set[UUID]) -> ShownSession:
    """Return a session as it is shown."""
    return ShownSession(
        session_id=session.session_id,
        device=session.device,
        network=session.network,
        started_at=session.started_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        current=session.session_id == current,
        remembered=session.device_id in remembered,
    )


@router.get("/me/sessions", summary="My sessions")
async def my_sessions(principal: Asking, request: Request) -> Sessions:
    """Return where I am logged in."""
    me = await mine(request, principal, fresh=False)
    known = await devices.of_account(me.running.pool, me.account_id, me.now)
    remembered = {each.device_id for each in known}
    found = await records.open_of(me.running.pool, me.account_id)
    alive = [each for each in found if is_alive(each, me.now)]
    current = me.session.session_id
    return Sessions(sessions=[shown_session(each, current, remembered) for each in alive])


async def _end(me: Mine, which: set[UUID] | None) -> int:
    """End these of my sessions, or all but the one that I am in."""
    store = me.running.store
    async with me.running.pool.acquire() as connection, connection.transaction():
        opened = await hold_with_sessions(connection, store, me.account_id)
        chosen = [
            each
            for each in opened
            if is_alive(each, me.now)
            and (
                each.session_id in which
                if which is not None
                else each.session_id != me.session.session_id
            )
        ]
        return await end_these(connection, store, chosen, by_person(me.account_id), me.now)


@router.post(
    "/me/sessions/{session_id}/end",
    status_code=204,
    response_class=Response,
    summary="End one of my sessions",
)
async def end_one(session_id: UUID, _: EndSessions, change: Changing, request: Request) -> None:
    """End one of my sessions everywhere within two seconds. 404 for one that is not mine."""
    me = await mine(request, change.principal, fresh=False)
    if not await _end(me, {session_id}):
        raise NotFoundError


@router.post("/me/sessions/end-others", summary="End my other sessions")
async def end_others(_: EndSessions, change: Changing, request: Request) -> Ended:
    """End all my sessions but the one I am in."""
    me = await mine(request, change.principal, fresh=False)
    return Ended(ended=await _end(me, None))


@router.get("/me/devices", summary="My remembered devices")
async def my_devices(principal: Asking, request: Request) -> Devices:
    """Return the devices on which I am not asked for a second factor."""
    me = await mine(request, principal, fresh=False)
    found = await devices.of_account(me.running.pool, me.account_id, me.now)
    return Devices(
        devices=[
            ShownDevice(
                device_id=each.device_id,
                device=each.device,
                remembered_until=each.remembered_until,
                last_used_at=each.last_used_at,
            )
            for each in found
            if each.remembered_until is not None
        ]
    )


@router.delete(
    "/me/devices/{device_id}",
    status_code=204,
    response_class=Response,
    summary="Forget one of my devices",
)
async def forget_device(device_id: UUID, change: Changing, request: Request) -> None:
    """Ask that device for a second factor again. 404 for one that is not remembered for me."""
    me = await mine(request, change.principal, fresh=False)
    async with me.changing() as (connection, loaded):
        known = await devices.of_account(connection, me.account_id, me.now)
        if device_id not in {each.device_id for each in known}:
            raise NotFoundError
        event = DeviceForgotten(account_id=me.account_id, device_id=device_id)
        await me.say(connection, loaded, [event])
        await devices.forget(connection, [device_id])
