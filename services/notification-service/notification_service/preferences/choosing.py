"""A person looks at, and changes, which notifications they also have by mail."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from epep_events.base import Event
from epep_events.notification import Kind
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Asking, Changing, running_of
from epep_runtime.language import speaking
from epep_runtime.text import Command, example
from notification_service.mails.language import Accepted, _, asked_for
from notification_service.preferences.kinds import kinds
from notification_service.preferences.preferences import PREFERENCES, Unmailed, choose

MOST = 50
EXAMPLE: JsonDict = {
    "version": 1,
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
    """My choices; `version` is 0 until I have made any, and also the ETag."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    version: int
    choosable: list[Choice]
    always: list[AlwaysMailed]


class ChoosePreferences(Command):
    """All the kinds that I want in the portal only."""

    model_config = example(without_mail=["feedback", "signed_off"])

    without_mail: Annotated[tuple[Kind, ...], Field(max_length=MOST)]


class PreferencesKept(BaseModel):
    """The new version of my choices, also in `ETag`."""

    version: int


def shown(state: Unmailed, version: int) -> Preferences:
    """Return the choices as the page shows them, in the language that is spoken."""
    return Preferences(
        version=version,
        choosable=[
            Choice(
                kind=each.kind,
                label=_(each.label),
                hint=_(each.hint),
                mailed=each.kind not in state,
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
    with speaking(asked_for(accept_language)):
        found = shown(loaded.state, loaded.version)
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
    me = change.principal.account_id

    def decide(state: Unmailed) -> list[Event]:
        with speaking(asked_for(accept_language)):
            return choose(state, me, command.without_mail)

    return await running_of(request).commands.carry_out(
        change,
        PREFERENCES,
        me,
        decide,
        role="reader",
        authority=None,
        answer=lambda _state, version: Answer({"version": version}),
        describe=lambda loaded: shown(loaded.state, loaded.version).model_dump(mode="json"),
    )
