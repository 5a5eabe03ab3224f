"""A role whose last day is over is nobody's: neither its person's nor its virtual school's."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from identity_door import Door
from identity_story import Session, a_code, adopt, mailed

from epep_events.identity import RoleGranted
from epep_runtime.civil_time import local_date
from epep_runtime.ids import new_id
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
WHY = {"why": "Rang her"}


async def tell(door: Door, code: str, path: str, body: dict[str, Any], **headers: str) -> Any:
    """Ask as the virtual school of an authority."""
    head = door.service.as_person(new_id(), (code, "virtual_school"))
    return await door.service.client.post(path, json=body, headers=head | headers)


async def run_out(door: Door, account_id: UUID, code: str, role: str) -> None:
    yesterday = local_date(door.clock()) - timedelta(days=1)
    ended = {"authority": code, "role": role, "held_to": str(yesterday)}
    answer = await tell(door, code, f"/accounts/{account_id}/roles", ended)
    assert answer.status_code == 200, answer.text


async def accepted(door: Door, code: str, asked: dict[str, Any], role: str) -> None:
    path = f"/access-requests/{asked['registration_id']}/acceptance"
    match = {"If-Match": f'"{asked["version"]}"'}
    answer = await tell(door, code, path, {"role": role}, **match)
    assert answer.status_code == 200, answer.text


async def test_a_virtual_school_resets_and_ends_nothing_of_who_works_there_no_more(
    door: Door,
) -> None:
    person = await door.person("330:iro", "998:iro")
    await run_out(door, person.account_id, "998", "iro")
    path = f"/accounts/{person.account_id}"
    for what in ("factors/reset", "sessions/end", "suspension"):
        assert (await tell(door, "998", f"{path}/{what}", WHY)).status_code == 404
    me = Session(door, await door.enter(person))
    assert [each["authority"] for each in (await me.get("/me")).json()["grants"]] == ["330"]
    assert (await tell(door, "330", f"{path}/suspension", WHY)).json() == {"changed": True}


async def test_a_role_that_has_run_out_can_be_asked_for_and_given_again(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    person = await door.person(f"{code}:iro")
    await run_out(door, person.account_id, code, "iro")
    me = Session(door, await door.enter(person))
    asked = await me.post("/me/registrations", {"authority": code, "role": "iro"})
    assert asked.status_code == 201, asked.text
    await accepted(door, code, asked.json(), "iro")

    async def held_again() -> bool:
        return bool((await me.get("/me")).json()["grants"])

    assert await eventually(held_again)


async def test_what_a_closed_account_asked_for_is_given_to_the_one_that_is_kept(
    door: Door,
) -> None:
    code = a_code()
    await adopt(door, code)
    old, kept = await door.person(f"{code}:carer"), await door.person(f"{code}:carer")
    me = Session(door, await door.enter(old))
    asked = (await me.post("/me/registrations", {"authority": code, "role": "iro"})).json()
    into = {"into_account_id": str(kept.account_id), **WHY}
    merged = await tell(door, code, f"/accounts/{old.account_id}/merger", into)
    assert merged.json() == {"roles": 0}
    await accepted(door, code, asked, "iro")
    given = await mailed(door, RoleGranted, authority_code=code, role="iro")
    assert given.account_id == kept.account_id
