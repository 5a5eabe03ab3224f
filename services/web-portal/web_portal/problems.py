"""What a service says when it says no, as exceptions that a page can speak about."""

from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that a service says is wrong: dotted path, message, code."""

    field: str
    message: str
    code: str


@dataclass
class ServiceProblemError(Exception):
    """A service said no. `slug` is the kind of problem, `state` how it is now (when stale)."""

    status: int
    slug: str = ""
    detail: str = ""
    errors: list[FieldProblem] = field(default_factory=list)
    state: Any = None
    version: int | None = None
    retry_after: int | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.slug}"

    @property
    def words(self) -> str:
        """Return what was said first, without its full stop, for the line of one control."""
        said = self.errors[0].message if self.errors else self.detail
        return said.rstrip(".")


class NotFoundError(ServiceProblemError):
    """404: there is no such thing, or not for this person."""


class ForbiddenError(ServiceProblemError):
    """403: this person sees it but may not do this."""


class RefusedError(ServiceProblemError):
    """409: a rule of the domain refused the change; `errors` say what is missing."""


class StaleError(ServiceProblemError):
    """412: somebody else changed it; `state` is what they saved."""


class InvalidError(ServiceProblemError):
    """422 or 400: what was sent has mistakes, listed in `errors`."""


class TooLargeError(ServiceProblemError):
    """413: the text or file is too large."""


class ThrottledError(ServiceProblemError):
    """429: too many tries; `retry_after` seconds to wait."""


class UnauthenticatedError(ServiceProblemError):
    """401: not recognised."""


class UnavailableError(ServiceProblemError):
    """The service does not answer, is catching up, or broke."""


class SessionEndedError(Exception):
    """The identity service no longer knows the person's session: they log in again."""


KINDS: dict[int, type[ServiceProblemError]] = {
    400: InvalidError,
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: RefusedError,
    412: StaleError,
    413: TooLargeError,
    422: InvalidError,
    429: ThrottledError,
}


def problem(response: httpx.Response) -> ServiceProblemError:
    """Return the exception for a service's problem+json, or for an answer that is none."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    after = response.headers.get("retry-after", "")
    return KINDS.get(response.status_code, UnavailableError)(
        status=response.status_code,
        slug=str(body.get("type", "")).rpartition(":")[2],
        detail=str(body.get("detail") or ""),
        errors=[
            FieldProblem(str(e.get("field", "")), str(e.get("message", "")), str(e.get("code", "")))
            for e in body.get("errors") or []
        ],
        state=body.get("state"),
        version=version_of(response),
        retry_after=int(after) if after.isdigit() else None,
    )


def version_of(response: httpx.Response) -> int | None:
    """Return the version that an ETag carries, or None."""
    tag = response.headers.get("etag", "").removeprefix("W/").strip('"')
    return int(tag) if tag.isdigit() else None
