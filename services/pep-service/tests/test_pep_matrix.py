"""Every route of pep-service, as every role, to every kind of child: what the table says."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pep_access_cast import Cast, make_cast

from epep_access.permissions import table
from epep_access.testing import RELATIONS, Relation, Wrong, expected, judged, roles, routes
from epep_events.identity import RoleRevoked
from pep_service.main import SERVICE

PAGE, SECTION = "about_views", "designated_teacher"
MULTIPART = {"POST /imports": ("header", "episodes"), "POST /allocations": ("file",)}
OWN_IDS = {"POST /delegations/{delegation_id}/end"}
"""Routes to one's own things by id: there are none of somebody who has none (404)."""


def bodies(openapi: dict[str, Any]) -> dict[str, Any]:
    """Return each route's example body."""
    schemas, found = openapi["components"]["schemas"], {}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                found[f"{method.upper()} {path}"] = schemas[name]["examples"][0]
    return found


def by_profile(cast: Cast, permission: str) -> tuple[str, ...]:
    """Return the roles that the authority's profile names for what the walk asks for."""
    story = cast.story
    page = next(p for s in story.sections for p in s.pages if p.key == PAGE)
    targets = next(p for s in story.sections for p in s.pages if p.kind == "targets")
    rules = story.profile.sign_off
    named: dict[str, tuple[str, ...]] = {
        "page.write": page.write,
        "targets.write": targets.write,
        "section.complete": story.section(SECTION).completed_by,
        "pep.create": story.profile.permissions.create_pep,
        "pep.submit": rules.submits or (rules.final_role,),
        "pep.sign_off": (rules.final_role,),
    }
    return named.get(permission, ())


def fill(path: str, cast: Cast, relation: Relation) -> str:
    """Return the path with ids of that relation's child in it."""
    return path.format(
        child_id=cast.children[relation],
        pep_id=cast.peps[relation],
        page=PAGE,
        section=SECTION,
        target_id=uuid4(),
        account_id=uuid4(),
        role="social_worker",
        request_id=uuid4(),
        import_id=cast.imports["own" if relation == "own" else "foreign"],
        cover_id=cast.covers["own" if relation == "own" else "foreign"],
        delegation_id=uuid4(),
        urn="990102",
        code="330",
    )


async def ask(cast: Cast, role: str, route: str, relation: Relation, body: Any) -> int:
    """Send one request as a role and return its status."""
    method, path = route.split(" ")
    code = "330" if relation == "own" else "998"
    if isinstance(body, dict):
        body = {k: code if k in {"authority", "authority_code"} else v for k, v in body.items()}
        if "social_care_id" in body:
            body["social_care_id"] = cast.number
    more: dict[str, Any] = {"json": body} if body is not None else {}
    if route in MULTIPART:
        more = {"files": dict.fromkeys(MULTIPART[route], ("f.csv", b"x"))}
    authority = table().permissions.get(routes()["pep"][route])
    if authority and authority.scope == "authority" and "{" not in path and body is None:
        more["params"] = {"authority": code}
    if path == "/people/{account_id}/children":
        more["params"] = {"authority": code}
    answer = await cast.client.request(
        method, fill(path, cast, relation), headers=cast.headers[role], **more
    )
    return int(answer.status_code)


def cases() -> Iterator[tuple[str, str, str, Relation]]:
    """Return route, permission, role, relation of everything that is to be asked."""
    for route, asked in routes()["pep"].items():
        line = table().permissions.get(asked)
        for role in roles():
            if line is None:
                yield route, asked, role, "own"
            elif line.scope == "child":
                yield from ((route, asked, role, each) for each in RELATIONS)
            else:
                yield from ((route, asked, role, each) for each in ("own", "foreign"))


def wanted(cast: Cast, route: str, asked: str, role: str, relation: Relation) -> int | None:
    """Return what the table says."""
    line = table().permissions.get(asked)
    if line is None:
        return 404 if route in OWN_IDS else None
    if line.scope == "child":
        name = "targets.write" if "/targets" in route and asked == "page.write" else asked
        return expected(asked, role, relation, by_profile(cast, name))
    allowed = role in table().allowed(asked)
    if line.scope == "own":
        return None if allowed else line.refused
    return None if allowed and relation == "own" else line.refused


@pytest.mark.servers
async def test_every_route_does_what_the_table_says(world: Any) -> None:
    cast = await make_cast(world)
    examples = bodies(SERVICE.app().openapi())
    wrong: list[Wrong] = []
    asked_for = 0
    for route, asked, role, relation in cases():
        found = await ask(cast, role, route, relation, examples.get(route))
        asked_for += 1
        says = wanted(cast, route, asked, role, relation)
        if problem := judged(route, role, relation, says, found):
            wrong.append(problem)
    assert wrong == [], f"{len(wrong)} of {asked_for}:\n" + "\n".join(map(str, wrong))
    assert asked_for > 2000


@pytest.mark.servers
async def test_a_revoked_role_counts_although_the_token_says_otherwise(world: Any) -> None:
    who = await world.person("Iris Officer", ("330", "iro"))
    path = f"/children/{await world.child('330', (who, 'iro'))}"
    assert (await world.get(who, path)).status_code == 200
    revoked = RoleRevoked(account_id=who, authority_code="330", role="iro")
    await world.service.others.say("identity", f"account-{who}", revoked)
    for _ in range(100):  # in two seconds, but for those in which a busy machine stood still
        if (await world.get(who, path)).status_code == 404:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("still shown after two seconds")
