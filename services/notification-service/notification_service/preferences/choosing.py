"""A person looks at, and changes, which notifications they also have by mail."""

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from epep_events.base import Event
from epep_events.notification import Kind
from epep_runtime.commands import Answer
from epep_runtime.event_store import Loaded
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.language import speaking
from epep_runtime.text import Command, example
from notification_service.mails.language import Accepted, _, asked_for
from notification_service.preferences.kinds import kinds
from notification_service.preferences.preferences import PREFERENCES, Choices, choose
from notification_service.read_models.hours import hour_of
from notification_service.settings import settings_of

MOST = 50
EXAMPLE: JsonDict = {
    "version": 1,
    "daily": False,
    "daily_at": "07:00",
    "choosable": [
        {
            "kind": "feedback",
            "label": "Feedback on the quality of a PEP",
            "hint": "For designated teachers and social workers.",
            "mailed": False,
        }
    ],
    "always": [
        {
            "label": "Invitations to PEP meetings, new times and cancellations",
            "reason": "An answer is expected, and nobody should come for nothing.",
        }
    ],
}
router = APIRouter(tags=["preferences"])


class Choice(BaseModel):
    """A kind of notification, and whether it is mailed; in the messages it is either way."""

    kind: Kind
    label: str
    hint: str
    mailed: bool


class AlwaysMailed(BaseModel):
    """Notifications that nobody can switch off, and why."""

    label: str
    reason: str


class Preferences(BaseModel):
    """My choices; `version` is 0 until I have made any, and also the ETag.

    With `daily` what I can choose comes in one mail a day, at `daily_at` in England: the hour of my
    authority; with several the earliest of theirs.
    """

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    version: int
    daily: bool
    daily_at: Annotated[str, Field(pattern="^[0-9]{2}:[0-9]{2}$")]
    choosable: list[Choice]
    always: list[AlwaysMailed]


class ChoosePreferences(Command):
    """All the kinds that I want in the portal only, and whether the others come in one mail a day.

    Without `daily` that stays as it is.
    """

    model_config = example(without_mail=["feedback", "signed_off"], daily=True)

    without_mail: Annotated[tuple[Kind, ...], Field(max_length=MOST)]
    daily: bool | None = None


class PreferencesKept(BaseModel):
    """The new version of my choices, also in `ETag`."""

    version: int


def shown(state: Choices, version: int, daily_at: time) -> Preferences:
    """Return the choices as the page shows them, in the language that is spoken."""
    return Preferences(
        version=version,
        daily=state.daily,
        daily_at=f"{daily_at:%H:%M}",
        choosable=[
            Choice(
                kind=each.kind,
                label=_(each.label),
                hint=_(each.hint),
                mailed=each.kind not in state.without_mail,
            )
            for each in kinds().choosable
        ],
        always=[
            AlwaysMailed(label=_(each.label), reason=_(each.reason)) for each in kinds().always
        ],
    )


@router.get("/preferences", response_model=Preferences, summary="What is mailed to me")
async def my_preferences(
    asking: Asking, request: Request, accept_language: Accepted = None
) -> JSONResponse:
    """Return my choices. Send the ETag as If-Match when you change them."""
    running = running_of(request)
    async with running.pool.acquire() as connection:
        loaded = await running.store.load(connection, PREFERENCES, asking.account_id)
        at = await hour_of(connection, asking.account_id, settings_of(running).digest_at)
    with speaking(asked_for(accept_language)):
        found = shown(loaded.state, loaded.version, at)
    return JSONResponse(found.model_dump(mode="json"), headers={"ETag": f'"{found.version}"'})


@router.put(
    "/preferences",
    summary="Choose what is mailed to me",
    response_model=PreferencesKept,
    responses=CHANGE_RESPONSES,
)
async def choose_preferences(
    command: ChoosePreferences,
    change: Changing,
    request: Request,
    accept_language: Accepted = None,
) -> JSONResponse:
    """Keep my choices, from the next notification on; the same ones again change nothing.

    A kind that is always mailed is refused (422) with the reason.
    """
    running, me = running_of(request), change.principal.account_id
    async with running.pool.acquire() as connection:
        daily_at = await hour_of(connection, me, settings_of(running).digest_at)

    def describe(loaded: Loaded[Choices]) -> dict[str, Any]:
        return shown(loaded.state, loaded.version, daily_at).model_dump(mode="json")

    def decide(state: Choices) -> list[Event]:
        with speaking(asked_for(accept_language)):
            return choose(state, me, command.without_mail, command.daily)

    return await running.commands.carry_out(
        change,
        PREFERENCES,
        me,
        decide,
        role="reader",
        authority=None,
        answer=lambda _state, version: Answer({"version": version}),
        describe=describe,
    )
