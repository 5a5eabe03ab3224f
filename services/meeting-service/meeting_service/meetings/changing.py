"""What all changes of a meeting have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from epep_events.base import Event
from epep_runtime.commands import Answer, Change
from epep_runtime.problems import StaleVersionError
from meeting_service.meetings.meeting import MEETING, Meeting, existing, meeting_id_of
from meeting_service.meetings.rights import Scene, refuse_signed_off
from meeting_service.meetings.viewing import view_of


class Changed(BaseModel):
    """The meeting's new version; it is also the ETag."""

    version: int = Field(examples=[8])


def arranged_in(meeting: Meeting) -> int:
    """Return the version in which the arrangement last changed; answers do not count."""
    return meeting.arranged_in


async def carry_out(
    scene: Scene,
    change: Change,
    role: str,
    decide: Callable[[Meeting], Sequence[Event]],
    *,
    changed_in: Callable[[Meeting], int] = arranged_in,
    more: Callable[[Meeting], Mapping[str, Any]] = lambda _: {},
    status: int = 200,
) -> JSONResponse:
    """Change the meeting as `decide` says and answer its version and `more`.

    `changed_in` is the version in which the part that the person saw last changed: an answer that
    came in meanwhile is no conflict. Raises StaleVersionError with the meeting as it is,
    RefusedError once the PEP is signed off, NotFoundError where there is no meeting, and what
    decide raises.
    """

    def decided(meeting: Meeting | None) -> Sequence[Event]:
        known = existing(meeting)
        refuse_signed_off(scene.pep.signed_off)
        return decide(known)

    def stale(meeting: Meeting | None, version: int, seen: int) -> bool:
        return meeting is not None and not changed_in(meeting) <= seen <= version

    try:
        return await scene.running.commands.carry_out(
            change,
            MEETING,
            meeting_id_of(scene.pep.pep_id),
            decided,
            role=role,
            authority=scene.acting.authority,
            answer=lambda meeting, version: Answer(
                {"version": version, **more(existing(meeting))}, status
            ),
            stale=stale,
        )
    except StaleVersionError as error:
        view = await view_of(scene)
        raise StaleVersionError(view.version, view.model_dump(mode="json")) from error
