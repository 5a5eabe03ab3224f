"""docs/permissions.md, written from the table: `python -m epep_access.documenting > …`."""

import sys
from importlib.resources import files

import yaml

from epep_access.permissions import Permission, table

HEAD = """\
# Who may do what

Written by `python -m epep_access.documenting` from `shared/access/epep_access/permissions.yaml` and
`routes.yaml`; a test fails when it is not current. An authority's profile may replace any line
(`permissions.overrides`) and gives the roles its own titles.

● may · ◐ may where the authority's profile names the role · blank: may not (403, or 404 where the
line says so). Everything about a child needs a relationship that holds at this moment, or the
virtual school's or auditor's role in the child's authority; without one there is no child (404).

"""
SCOPES = {
    "child": "About a child",
    "authority": "In an authority",
    "own": "About one's own things",
    "anybody": "For whoever is logged in",
}


def _cells(line: Permission, order: tuple[str, ...]) -> list[str]:
    if not line.by_profile:
        allowed = table().allowed(line.name)
        return ["●" if role in allowed else "" for role in order]
    possible = table().allowed(line.name, order)
    return ["◐" if role in possible else "" for role in order]


def _section(scope: str, order: tuple[str, ...]) -> list[str]:
    lines = [each for each in table().permissions.values() if each.scope == scope]
    if not lines:
        return []
    head = " | ".join(table().titles[role] for role in order)
    rows = [f"## {SCOPES[scope]}", "", f"| Permission | What | {head} |"]
    rows.append("|" + "---|" * (len(order) + 2))
    for line in lines:
        what = line.what + (f" (by the profile: {line.by_profile})" if line.by_profile else "")
        what += " – 404" if line.refused == 404 else ""
        rows.append(f"| `{line.name}` | {what} | {' | '.join(_cells(line, order))} |")
    return [*rows, ""]


def _routes() -> list[str]:
    told = yaml.safe_load(files("epep_access").joinpath("routes.yaml").read_text("utf-8"))
    rows = ["## Routes", "", "| Service | Route | Asks for |", "|---|---|---|"]
    rows += [
        f"| {service} | `{route}` | `{asked}` |"
        for service, found in told.items()
        for route, asked in found.items()
    ]
    return [*rows, ""]


def text() -> str:
    """Return the document as it stands in the repository."""
    order = tuple(table().titles)
    parts = [line for scope in SCOPES for line in _section(scope, order)]
    return HEAD + "\n".join([*parts, *_routes()])


if __name__ == "__main__":
    sys.stdout.write(text())
