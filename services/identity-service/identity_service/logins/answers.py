"""What the log-in routes answer: the same words whatever the reason, in any case for anybody."""

from datetime import timedelta
from typing import Any

from epep_runtime.http import CHANGE_RESPONSES, PROBLEM_RESPONSES
from epep_runtime.language import N_, _
from epep_runtime.problems import ProblemError

NOT_RECOGNISED = N_("Email address or password not recognised")
WRONG_CODE = N_("That code is not right or has expired")
START_AGAIN = N_("That log-in has ended. Start again with your email address and password.")


def not_recognised() -> ProblemError:
    """Return the answer to an unknown address, a wrong password and a suspended account."""
    return ProblemError(401, "unauthenticated", _(NOT_RECOGNISED))


def wrong_code() -> ProblemError:
    """Return the answer to a code that is wrong, expired, used, burnt or of no known log-in."""
    return ProblemError(401, "unauthenticated", _(WRONG_CODE))


def start_again() -> ProblemError:
    """Return the answer to asking for another code when the log-in is over or not known."""
    return ProblemError(401, "unauthenticated", _(START_AGAIN))


def no_mail_yet() -> ProblemError:
    """Return the answer while notification-service has not said what to seal codes to."""
    detail = _("Codes cannot be mailed yet. Try again in a moment.")
    return ProblemError(503, "unavailable", detail, headers={"Retry-After": "5"})


def retry_after(remaining: timedelta) -> dict[str, str]:
    """Return the header that says when to come again, in whole seconds."""
    return {"Retry-After": str(max(1, -(-remaining // timedelta(seconds=1))))}


def _described(description: str, slug: str, status: int) -> dict[str, Any]:
    example = {
        "type": f"urn:epep:problem:{slug}",
        "title": description,
        "status": status,
        "detail": description,
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    wait = {"description": "Seconds to wait", "schema": {"type": "integer"}}
    return {
        "description": description,
        "headers": {"Retry-After": wait},
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }


LOGIN_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: PROBLEM_RESPONSES[401] | {"description": "Refused; the words are the same for anybody"},
    429: _described("There were too many tries", "throttled", 429),
    503: _described("Too many at once, or mail is not ready", "unavailable", 503),
}

SECOND_STEP_RESPONSES: dict[int | str, dict[str, Any]] = LOGIN_RESPONSES | {
    409: CHANGE_RESPONSES[409] | {"description": "The declarations are not ticked yet"}
}
