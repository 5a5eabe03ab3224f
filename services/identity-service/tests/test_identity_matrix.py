"""Every route of identity-service for others' things, as every role: what the table says."""

from typing import Any
from uuid import uuid4

import pytest
from access_scene import bodies
from identity_door import Door
from identity_story import a_code, adopt, details, registered

from epep_access.permissions import table
from epep_access.testing import Wrong, judged, roles, routes
from epep_events.getting_in import RegistrationValidated
from epep_runtime.testing import eventually
from identity_service.main import SERVICE

pytestmark = pytest.mark.servers
ROLES_OF_THE_ASKED = ("iro", "carer", "social_worker", "coordinator")
RELATIONS = ("own", "foreign", "unknown")


class Authority:
    """An authority with somebody who works in it and somebody who waits for its answer."""

    def __init__(self, code: str) -> None:
        self.code, self.account_id, self.registration_id = code, uuid4(), uuid4()

    async def make(self, door: Door) -> "Authority":
        await adopt(door, self.code)
        person = await door.person(*(f"{self.code}:{role}" for role in ROLES_OF_THE_ASKED))
        self.account_id = person.account_id
        typed = details(self.code)
        await registered(door, typed)
        said = [each.data for each in await door.service.said(RegistrationValidated)]
        newest = said[-1]
        assert isinstance(newest, RegistrationValidated)
        self.registration_id = newest.registration_id

        async def waiting() -> bool:
            sql = "SELECT count(*) FROM access_requests WHERE registration_id = $1"
            return bool(await door.service.process.pool.fetchval(sql, self.registration_id))

        await eventually(waiting)
        return self


async def ask(door: Door, route: str, grant: tuple[str, str], of: Authority, body: Any) -> int:
    """Send one request with a role somewhere about somebody of an authority."""
    method, path = route.split(" ")
    role = "carer" if grant[1] == "virtual_school" else "coordinator"
    ours = {"authority": of.code, "into_account_id": str(of.account_id), "role": role}
    if isinstance(body, dict):  # each ends another role; nobody is merged into themselves
        body = {name: ours.get(name, value) for name, value in body.items()}
    answer = await door.service.client.request(
        method,
        path.format(account_id=of.account_id, registration_id=of.registration_id),
        headers=door.service.as_person(uuid4(), grant),
        params={"authority": of.code} if method == "GET" and "{" not in path else None,
        json=body,
    )
    return int(answer.status_code)


def wanted(asked: str, role: str, relation: str) -> int | None:
    """Return what the table says: 404 for whoever may not, and of everything elsewhere."""
    line = table().permission(asked)
    if relation == "own":
        return None if role in table().allowed(asked) else line.refused
    return 404


async def test_every_route_does_what_the_table_says(door: Door) -> None:
    codes = [a_code() for _ in RELATIONS]
    own, foreign = await Authority(codes[0]).make(door), await Authority(codes[1]).make(door)
    unknown = Authority(own.code)
    examples, wrong, asked_for = bodies(SERVICE), list[Wrong](), 0
    walked = [each for each in routes()["identity"].items() if each[1] not in {"own", "public"}]
    for route, asked in walked:
        for role in roles():
            for relation, of in zip(RELATIONS, (own, foreign, unknown), strict=True):
                if relation == "unknown" and "{" not in route:
                    continue
                found = await ask(door, route, (own.code, role), of, examples.get(route))
                asked_for += 1
                if problem := judged(route, role, relation, wanted(asked, role, relation), found):
                    wrong.append(problem)
    assert wrong == [], f"{len(wrong)} of {asked_for}:\n" + "\n".join(map(str, wrong))
    assert asked_for > 400


async def test_one_s_own_things_are_nobody_else_s(door: Door) -> None:
    """An id of somebody else's factor, device or session is one that is not there."""
    mine, theirs = await door.enter(await door.person()), await door.enter(await door.person())
    bearer = {"Authorization": f"Bearer {mine['access_token']}"}
    examples = bodies(SERVICE)
    for route, asked in routes()["identity"].items():
        if asked == "own" and "{" in route:
            method, path = route.split(" ")
            filled = path.format(
                session_id=theirs["session_id"], factor_id=uuid4(), device_id=uuid4()
            )
            answer = await door.service.client.request(
                method, filled, headers=bearer, json=examples.get(route)
            )
            assert answer.status_code in {404, 401, 403, 409}, (route, answer.text)
    still = {"Authorization": f"Bearer {theirs['access_token']}"}
    assert (await door.service.client.get("/me/sessions", headers=still)).status_code == 200
