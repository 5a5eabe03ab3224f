"""Refusals that tell a person what is wrong, where, and what to do: RFC 9457 problem+json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from epep_events.sealed_fields import ErasedSubjectError
from epep_runtime.answers import asked_for
from epep_runtime.language import N_, _, speaking
from epep_runtime.misfits import misfit
from epep_runtime.postgres import DATABASE_UNAVAILABLE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong: the dotted path of the field, what is wrong with it, a stable code."""

    field: str
    message: str
    code: str = "invalid"


class ProblemError(Exception):
    """An answer other than success. `slug` names its kind, `state` goes with a stale version."""

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        state: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail = status, slug, detail
        self.errors, self.state, self.headers = tuple(errors), state, dict(headers or {})


class NotFoundError(ProblemError):
    """There is no such thing, or none that this person may know of: the two look the same."""

    def __init__(self) -> None:
        super().__init__(404, "not-found", _("There is no such record, or it is not yours to see."))


class ForbiddenError(ProblemError):
    """The person sees the record but their role may not do this to it."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(403, "forbidden", detail or _("Your role does not let you do this."))


class RefusedError(ProblemError):
    """A rule of the domain says no. `code` names the rule; `errors` point at what is missing."""

    def __init__(self, detail: str, code: str, errors: Sequence[FieldError] = ()) -> None:
        found = tuple(errors) or (FieldError("", detail, code),)
        super().__init__(409, "refused", detail, errors=found)
        self.code = code


class InvalidError(ProblemError):
    """What was sent does not fit; every misfit is listed with its field."""

    def __init__(self, errors: Sequence[FieldError], detail: str = ""):
        detail = detail or _("Some answers need changing.")
        super().__init__(422, "invalid", detail, errors=errors)


class ErasedError(ProblemError):
    """It was here and has been erased, for good: the person sees that, and nothing of it."""

    def __init__(self) -> None:
        detail = _("This record has been erased. Nothing of it can be shown.")
        super().__init__(410, "erased", detail)


class StaleVersionError(ProblemError):
    """Somebody else changed it since; `state` is how it is now."""

    def __init__(self, version: int, state: Any) -> None:
        super().__init__(
            412,
            "stale-version",
            _("Somebody else has changed this since you opened it."),
            state=state,
            headers={"ETag": f'"{version}"'},
        )


def problem_body(error: ProblemError) -> dict[str, Any]:
    """Return the JSON of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:epep:problem:{error.slug}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = [
            {"field": each.field, "message": each.message, "code": each.code}
            for each in error.errors
        ]
    if error.state is not None:
        body["state"] = error.state
    return body


def _answer(error: ProblemError) -> JSONResponse:
    return JSONResponse(
        problem_body(error),
        status_code=error.status,
        headers=error.headers,
        media_type="application/problem+json",
    )


FROM_THE_FRAMEWORK = (N_("Not Found"), N_("Method Not Allowed"))
"""What Starlette says, for the catalogue."""


def _field_errors(error: RequestValidationError) -> list[FieldError]:
    found = []
    for each in error.errors():
        path = [str(part) for part in each["loc"]]
        field = ".".join(path[1:] if path and path[0] in {"body", "query", "path"} else path)
        found.append(FieldError(field, misfit(each), each["type"]))
    return found


def install_problems(app: FastAPI) -> None:
    """Make every error of the application a problem+json answer, without echoing any input."""

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return _answer(error)

    async def on_erased(_request: Request, _error: Exception) -> JSONResponse:
        return _answer(ErasedError())

    async def on_validation(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        if any(each["type"] == "json_invalid" for each in error.errors()):
            return _answer(ProblemError(400, "malformed", _("The body is not JSON.")))
        return _answer(InvalidError(_field_errors(error), _("Some fields do not fit.")))

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        slug = {400: "malformed", 404: "not-found", 405: "method-not-allowed"}.get(
            error.status_code, "refused"
        )
        return _answer(ProblemError(error.status_code, slug, _(str(error.detail))))

    async def on_unavailable(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, ValueError):  # asyncpg's own word for a value that fits no column
            return await on_anything(request, error)
        log.warning("database unavailable", error=type(error).__name__)
        detail = _("This part of ePEP cannot reach its database. Try again in a moment.")
        return _answer(ProblemError(503, "unavailable", detail, headers={"Retry-After": "1"}))

    async def on_anything(request: Request, error: Exception) -> JSONResponse:
        route = request.scope.get("route")
        log.error(
            "request failed",
            route=getattr(route, "path", None),
            error=type(error).__name__,
            exc_info=error,
        )
        with speaking(asked_for(request.headers.get("accept-language"))):  # outside of all else
            detail = _("Something went wrong here. It was recorded.")
        return _answer(ProblemError(500, "failed", detail))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(ErasedSubjectError, on_erased)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in DATABASE_UNAVAILABLE:
        app.add_exception_handler(kind, on_unavailable)
    app.add_exception_handler(Exception, on_anything)
