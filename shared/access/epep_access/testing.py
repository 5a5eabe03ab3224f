"""For tests: every route, every role, every relation to a child, and what the table says of it.

Nothing here is imported by a service.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from epep_access.permissions import table

Relation = Literal["own", "other", "foreign", "former", "unknown"]
RELATIONS: tuple[Relation, ...] = ("own", "other", "foreign", "former", "unknown")
"""A child of one's own; another of one's authority; one of another authority; one that was one's
own; one that is not there."""

REFUSED = frozenset({401, 403, 404})


@lru_cache(1)
def routes() -> Mapping[str, Mapping[str, str]]:
    """Return what each route (`GET /home`) of each service asks for."""
    text = files("epep_access").joinpath("routes.yaml").read_text("utf-8")
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return found


def routes_of(openapi: Mapping[str, Any]) -> set[str]:
    """Return the routes that a service's OpenAPI document has, as `GET /home`."""
    return {
        f"{method.upper()} {path}"
        for path, operations in openapi["paths"].items()
        for method in operations
    }


def roles() -> tuple[str, ...]:
    """Return every base role."""
    return table().most_first


def expected(
    permission: str, role: str, relation: Relation, by_profile: Iterable[str] = ()
) -> int | None:
    """Return the status that refuses this role, or None where it must be let in."""
    wide = role in table().authority_wide
    if relation in {"unknown", "foreign"} or (relation != "own" and not wide) or role == "operator":
        return 404
    line = table().permission(permission)
    return None if role in table().allowed(permission, by_profile) else line.refused


@dataclass(frozen=True, slots=True)
class Wrong:
    """A route that did otherwise than the table says."""

    route: str
    role: str
    relation: str
    wanted: int | None
    got: int

    def __str__(self) -> str:
        wanted = "let in" if self.wanted is None else str(self.wanted)
        return f"{self.route} as {self.role}, {self.relation}: {self.got} and not {wanted}"


def judged(route: str, role: str, relation: str, wanted: int | None, got: int) -> Wrong | None:
    """Return what is wrong with an answer; a rule's refusal (409, 412, 422, 428) is let in."""
    right = got not in REFUSED and got < 500 if wanted is None else got == wanted
    return None if right else Wrong(route, role, relation, wanted, got)
