"""The table of permissions, read once: which roles may do what, and where a profile decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

Scope = Literal["child", "authority", "own", "anybody"]
Overrides = Mapping[str, Iterable[str]]


class UnknownPermissionError(KeyError):
    """There is no such line in the table: a defect of the program."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of the table. `by_profile` says where a profile names the roles, else `roles` do.

    `also` maps a role to the one that it may stand for here; `refused` is the status for somebody
    who may not.
    """

    name: str
    what: str
    scope: Scope
    roles: frozenset[str]
    by_profile: str | None
    also: Mapping[str, str]
    never: frozenset[str]
    writes: bool
    refused: int


@dataclass(frozen=True, slots=True)
class Table:
    """All permissions and what they are written in."""

    titles: Mapping[str, str]
    most_first: tuple[str, ...]
    authority_wide: frozenset[str]
    counts_as: Mapping[str, str]
    never_write: frozenset[str]
    permissions: Mapping[str, Permission]

    def permission(self, name: str) -> Permission:
        """Return a line by its name. Raises UnknownPermissionError."""
        try:
            return self.permissions[name]
        except KeyError:
            raise UnknownPermissionError(name) from None

    def allowed(
        self, name: str, by_profile: Iterable[str] = (), overrides: Overrides | None = None
    ) -> frozenset[str]:
        """Return the roles that have a permission in an authority with these overrides.

        `by_profile` are the roles that the profile names there. Raises UnknownPermissionError.
        """
        line = self.permission(name)
        replaced = (overrides or {}).get(name)
        named = set(by_profile) if line.by_profile else set(line.roles)
        if replaced is not None:
            named = set(replaced)
        elif line.by_profile:
            stands_for = {**self.counts_as, **line.also}
            named |= {role for role, other in stands_for.items() if other in named}
        named -= line.never
        return frozenset(named - self.never_write if line.writes else named - {"operator"})

    def first(self, roles: Iterable[str]) -> str:
        """Return the role to act in, of several. Raises ValueError for none."""
        return min(roles, key=self.most_first.index)


def _expanded(names: Iterable[str], groups: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset(role for name in names for role in groups.get(name, [name]))


def _line(name: str, told: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Permission:
    return Permission(
        name,
        told["what"],
        told["scope"],
        _expanded(told.get("roles", ()), groups),
        told.get("by_profile"),
        told.get("also", {}),
        frozenset(told.get("never", ())),
        told.get("writes", False),
        told.get("refused", 403),
    )


@cache
def table() -> Table:
    """Return the table that ships with this package. Raises ValueError for one that is wrong."""
    told = yaml.safe_load(files("epep_access").joinpath("permissions.yaml").read_text("utf-8"))
    groups = told["groups"]
    lines = {name: _line(name, each, groups) for name, each in told["permissions"].items()}
    made = Table(
        told["roles"],
        tuple(told["most_first"]),
        frozenset(told["authority_wide"]),
        told["counts_as"],
        frozenset(told["never_write"]),
        lines,
    )
    _refuse_unknown_roles(made)
    return made


def _refuse_unknown_roles(made: Table) -> None:
    named = {role for line in made.permissions.values() for role in (*line.roles, *line.also)}
    unknown = (named | set(made.most_first) | set(made.counts_as)) - set(made.titles)
    if unknown or set(made.most_first) != set(made.titles):
        raise ValueError(f"permissions.yaml names roles that are not there: {sorted(unknown)}")
