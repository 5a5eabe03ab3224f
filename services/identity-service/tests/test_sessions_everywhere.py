"""My sessions, somebody's sessions, and an end that every service hears of within two seconds."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from identity_door import Door, proof
from identity_story import Session, a_code, adopt, said

from epep_events.getting_in import SessionsEndedByAuthority, SessionStarted
from epep_events.identity import SessionEnded
from epep_runtime.ids import new_id
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers
LOOKS, LOOK_SECONDS = 100, 0.02
"""Two seconds, but for those in which a busy machine did nothing at all."""
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0"


async def verified(door: Door, token: str) -> bool:
    """Ask a service's own verifier, which knows nothing of identity's tables."""
    try:
        await door.service.process.verifier.verify(token)
    except Exception:
        return False
    return True


async def is_refused_in_time(door: Door, entered: dict[str, str]) -> None:
    for _ in range(LOOKS):
        if not await verified(door, entered["access_token"]):
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError("still good after two seconds")


async def test_a_session_knows_its_device_and_network_no_closer_than_that(door: Door) -> None:
    person = await door.person()
    login_id = await door.login_id(person)
    code = await door.mailed_code(login_id)
    headers = {"X-Forwarded-For": "203.0.113.77", "User-Agent": WINDOWS}
    answer = await door.service.client.post(
        f"/logins/{login_id}/code", json={"code": code}, headers=headers
    )
    me = Session(door, answer.json())
    (only,) = (await me.get("/me/sessions")).json()["sessions"]
    assert (only["device"], only["network"]) == ("Firefox on Windows", "203.0.113.*")
    assert only["current"] is True
    (started,) = await said(door, SessionStarted, account_id=person.account_id)
    assert (started.method, started.device) == ("code", "Firefox on Windows")
    assert "203.0.113.77" not in started.model_dump_json()


async def test_a_stolen_token_is_worth_nothing_after_the_log_out(door: Door) -> None:
    entered = await door.enter(await door.person())
    assert await eventually(lambda: verified(door, entered["access_token"]))
    assert (await door.post("/sessions/end", proof(entered))).status_code == 204
    await is_refused_in_time(door, entered)
    headers = {"Authorization": f"Bearer {entered['access_token']}"}
    assert (await door.service.client.get("/me", headers=headers)).status_code == 401


async def test_i_end_one_of_my_sessions_or_all_the_others(door: Door) -> None:
    person = await door.person()
    first, second = await door.enter(person), await door.enter(person)
    me = Session(door, await door.enter(person))
    assert len((await me.get("/me/sessions")).json()["sessions"]) == 3
    assert (await me.post(f"/me/sessions/{first['session_id']}/end")).status_code == 204
    assert (await me.post(f"/me/sessions/{first['session_id']}/end")).status_code == 404
    await is_refused_in_time(door, first)
    assert (await me.post("/me/sessions/end-others")).json() == {"ended": 1}
    await is_refused_in_time(door, second)
    assert (await me.get("/me/sessions")).status_code == 200


async def test_nobody_ends_a_session_of_another(door: Door) -> None:
    victim = await door.enter(await door.person())
    me = Session(door, await door.enter(await door.person()))
    assert (await me.post(f"/me/sessions/{victim['session_id']}/end")).status_code == 404
    assert (await door.post("/tokens", proof(victim))).status_code == 200


async def test_a_virtual_school_ends_a_workers_sessions_everywhere(door: Door) -> None:
    person = await door.person("330:social_worker")
    entered = [await door.enter(person), await door.enter(person)]
    path, why = f"/accounts/{person.account_id}/sessions", {"why": "Left on Friday"}
    client = door.service.client
    for other in (("998", "virtual_school"), ("330", "social_worker")):
        headers = door.service.as_person(new_id(), other)
        assert (await client.get(path, headers=headers)).status_code == 404
        assert (await client.post(f"{path}/end", json=why, headers=headers)).status_code == 404
    head = door.service.as_person(new_id(), ("330", "virtual_school"))
    assert len((await client.get(path, headers=head)).json()["sessions"]) == 2
    assert (await client.post(f"{path}/end", json=why, headers=head)).json() == {"ended": 2}
    for each in entered:
        await is_refused_in_time(door, each)
        assert (await door.post("/tokens", proof(each))).status_code == 401
    ended = await said(door, SessionEnded, account_id=person.account_id)
    assert {each.session_id for each in ended} == {UUID(each["session_id"]) for each in entered}
    told = await said(door, SessionsEndedByAuthority, account_id=person.account_id)
    assert [each.why for each in told] == ["Left on Friday"]


async def test_a_virtual_school_suspends_restores_and_merges_its_own_people_only(
    door: Door,
) -> None:
    own, shared = (
        await door.person("330:social_worker"),
        await door.person("330:iro", "998:iro"),
    )
    client, why = door.service.client, {"why": "Left on Friday"}
    head = door.service.as_person(new_id(), ("330", "virtual_school"))

    async def tell(who: UUID, what: str, body: dict[str, str], **more: str) -> Any:
        headers = head | more
        return await client.post(f"/accounts/{who}/{what}", json=body, headers=headers)

    entered = await door.enter(own)
    assert (await tell(own.account_id, "suspension", why)).json() == {"changed": True}
    await is_refused_in_time(door, entered)
    assert (await tell(own.account_id, "suspension", why)).json() == {"changed": False}
    assert (await door.knock(own.email)).status_code == 401

    async def listed(state: str) -> bool:
        asked = {"authority": "330", "state": state, "q": own.email}
        found = (await client.get("/accounts", params=asked, headers=head)).json()["accounts"]
        return [each["id"] for each in found] == [str(own.account_id)]

    assert await eventually(lambda: listed("suspended"))
    assert not await listed("active")
    refused = await tell(shared.account_id, "suspension", why)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "works-elsewhere")
    foreign = door.service.as_person(new_id(), ("998", "virtual_school"))
    for what in ("suspension", "restoration"):
        assert (await tell(own.account_id, what, why, **foreign)).status_code == 404
    assert (await tell(own.account_id, "restoration", why)).json() == {"changed": True}
    await door.enter(own)

    into = {"into_account_id": str(shared.account_id), "why": "Registered twice"}
    assert (await tell(own.account_id, "merger", into)).json() == {"roles": 1}
    assert (await door.knock(own.email)).status_code == 401
    me = Session(door, await door.enter(shared))
    held = {(g["authority"], g["role"]) for g in (await me.get("/me")).json()["grants"]}
    assert held == {("330", "iro"), ("998", "iro"), ("330", "social_worker")}
    assert (await tell(own.account_id, "restoration", why)).status_code == 404


async def test_a_suspended_persons_token_is_refused_and_a_restored_ones_new_one_is_not(
    door: Door,
) -> None:
    person = await door.person()
    entered = await door.enter(person)
    assert await eventually(lambda: verified(door, entered["access_token"]))
    await door.desk.suspend(person.email, "left")
    await is_refused_in_time(door, entered)
    await door.desk.restore(person.email, "came back")
    again = await door.enter(person)
    assert await eventually(lambda: verified(door, again["access_token"]))
    assert not await verified(door, entered["access_token"])


async def test_looking_how_long_it_lasts_keeps_nothing_alive(door: Door) -> None:
    entered = await door.enter(await door.person())
    door.clock.pass_by(minutes=20)
    peeked = await door.post("/sessions/peek", proof(entered))
    assert peeked.json()["idle_ends_at"] == entered["idle_ends_at"]
    door.clock.pass_by(minutes=10)
    assert (await door.post("/sessions/peek", proof(entered))).status_code == 401
    assert (await door.post("/tokens", proof(entered))).status_code == 401


async def test_a_remembered_device_need_not_give_a_code_where_the_authority_allows_it(
    door: Door,
) -> None:
    code = a_code()
    await adopt(door, code, remembered_device_days=30)
    person = await door.person(f"{code}:iro")
    login_id = await door.login_id(person)
    given = {"code": await door.mailed_code(login_id), "remember_device": True}
    first = (await door.post(f"/logins/{login_id}/code", given)).json()
    assert first["remembered_until"] is not None
    asks = {"email": person.email, "password": person.password}
    begun = await door.post("/logins", asks | {"device_token": first["device_token"]})
    assert (begun.json()["next"], begun.json()["code_sent"]) == ("device", False)
    path = f"/logins/{begun.json()['login_id']}/device"
    wrong = await door.post(path, {"device_token": f"{new_id()}.nothing"})
    assert wrong.status_code == 401
    entered = await door.post(path, {"device_token": first["device_token"]})
    assert entered.status_code == 200, entered.text
    assert (await door.post("/logins", asks)).json()["next"] == "code"
    old = await door.post("/logins", asks | {"device_token": first["device_token"]})
    assert old.json()["next"] == "code"  # each log-in gives the device a new token
    newest = entered.json()["device_token"]
    me = Session(door, entered.json())
    (device,) = (await me.get("/me/devices")).json()["devices"]
    assert (await me.delete(f"/me/devices/{device['device_id']}")).status_code == 204
    forgotten = await door.post("/logins", asks | {"device_token": newest})
    assert forgotten.json()["next"] == "code"


async def test_no_device_is_remembered_where_one_authority_does_not_allow_it(door: Door) -> None:
    allows, refuses = a_code(), "495"
    await adopt(door, allows, remembered_device_days=30)
    await adopt(door, refuses)
    person = await door.person(f"{allows}:iro", f"{refuses}:iro")
    login_id = await door.login_id(person)
    given = {"code": await door.mailed_code(login_id), "remember_device": True}
    entered = (await door.post(f"/logins/{login_id}/code", given)).json()
    assert entered["remembered_until"] is None


async def test_a_new_password_forgets_every_remembered_device(door: Door) -> None:
    code = a_code()
    await adopt(door, code, remembered_device_days=30)
    person = await door.person(f"{code}:iro")
    login_id = await door.login_id(person)
    given = {"code": await door.mailed_code(login_id), "remember_device": True}
    entered = (await door.post(f"/logins/{login_id}/code", given)).json()
    me = Session(door, entered)
    changed = {"current": person.password, "new": "four brisk otters"}
    assert (await me.post("/me/password", changed)).status_code == 204
    asks = {"email": person.email, "password": "four brisk otters"}
    begun = await door.post("/logins", asks | {"device_token": entered["device_token"]})
    assert begun.json()["next"] == "code"
