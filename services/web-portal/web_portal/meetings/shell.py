"""A PEP with its meeting: what every page about the meeting starts from."""

import asyncio
from typing import Any
from uuid import UUID

from web_portal.peps.shell import Plan, load
from web_portal.problems import ForbiddenError, NotFoundError
from web_portal.web.formatting import as_moment
from web_portal.web.visit import Visit


async def load_meeting(visit: Visit, pep_id: UUID) -> tuple[Plan, dict[str, Any]]:
    """Return the PEP and its meeting. Raises NotFoundError while there is no meeting."""
    plan, answer = await asyncio.gather(
        load(visit, pep_id), visit.call.get("meeting", f"/peps/{pep_id}/meeting")
    )
    return plan, answer.json


async def load_meeting_if_any(visit: Visit, pep_id: UUID) -> tuple[Plan, dict[str, Any] | None]:
    """Return the PEP and its meeting, or None while the meeting is being set up."""
    plan = await load(visit, pep_id)
    try:
        return plan, (await visit.call.get("meeting", f"/peps/{pep_id}/meeting")).json
    except NotFoundError:
        return plan, None


def require(meeting: dict[str, Any], right: str) -> None:
    """Refuse a form to somebody who may not send it. Raises ForbiddenError."""
    if not meeting["may"].get(right):
        raise ForbiddenError(403)


def local_parts(starts_at: str, minutes: int | None, place: str | None) -> dict[str, Any]:
    """Return an instant as the date, time and length that a form shows."""
    when = as_moment(starts_at)
    return {
        "date": when.date().isoformat(),
        "time": f"{when:%H:%M}",
        "duration_minutes": minutes,
        "place": place,
    }
