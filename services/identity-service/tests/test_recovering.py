"""Forgotten password and address, changed password and address: told the same, done once."""

import asyncio
from uuid import uuid4

import pytest
from identity_door import PASSWORD, Door, proof
from identity_story import Session, a_code, adopt, details, mailed, opened, registered, said

from epep_events.getting_in import (
    EmailChanged,
    EmailChangeRequested,
    EmailReminderRequested,
    PasswordReplaced,
    PasswordResetRequested,
    RegistrationRepeated,
)
from epep_runtime.testing import eventually
from identity_service.operating.welcoming import Welcome

pytestmark = pytest.mark.servers
OTHER = "four brisk otters"


async def reset_link(door: Door, email: str) -> str:
    assert (await door.post("/forgotten-password", {"email": email})).status_code == 202
    return opened(door, (await mailed(door, PasswordResetRequested, email=email)).sealed_token)


async def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(door: Door) -> None:
    person = await door.person("330:iro")
    entered = await door.enter(person)
    token = await reset_link(door, person.email)
    looked = await door.post("/links", {"token": token})
    assert looked.json()["kind"] == "password_reset"
    assert looked.json()["email"] == f"{person.email[0]}…@fernhallow.example"
    assert (await door.knock(person.email)).status_code == 202  # until it is used nothing changes
    use = {"token": token, "password": OTHER}
    answers = await asyncio.gather(
        *(door.post("/forgotten-password/confirm", use) for _ in range(3))
    )
    assert sorted(each.status_code for each in answers) == [200, 404, 404]
    assert (await door.post("/tokens", proof(entered))).status_code == 401
    assert (await door.knock(person.email)).status_code == 401
    assert (await door.knock(person.email, OTHER)).status_code == 202
    told = await said(door, PasswordReplaced, account_id=person.account_id)
    assert [each.how for each in told] == ["forgotten"]


async def test_a_reset_link_lasts_an_hour_and_only_the_newest_works(door: Door) -> None:
    person = await door.person()
    first = await reset_link(door, person.email)
    await door.post("/forgotten-password", {"email": person.email})

    async def second() -> str | None:
        found = await said(door, PasswordResetRequested, email=person.email)
        return opened(door, found[-1].sealed_token) if len(found) == 2 else None

    newest = await eventually(second)
    assert (await door.post("/links", {"token": first})).status_code == 404
    assert (await door.post("/links", {"token": newest})).status_code == 200
    door.clock.pass_by(hours=1)
    late = await door.post("/forgotten-password/confirm", {"token": newest, "password": OTHER})
    assert late.status_code == 404


async def test_a_weak_new_password_leaves_the_link_good(door: Door) -> None:
    person = await door.person()
    token = await reset_link(door, person.email)
    refused = {"short": "too_short", "qwertyuiop12": "common", "abcabcabcabc": "guessable"}
    for weak, code in refused.items():
        use = {"token": token, "password": weak}
        answer = await door.post("/forgotten-password/confirm", use)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    use = {"token": token, "password": OTHER}
    assert (await door.post("/forgotten-password/confirm", use)).status_code == 200


async def test_a_forgotten_address_is_told_to_that_address_only(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code, name="Zoë Wren-Okoro", phone=f"+44 1632 {code}001")
    await registered(door, typed)
    asked = {"name": "zoe  wren-okoro", "setting": "990105", "phone": f"01632{code}001"}

    async def reminded() -> bool:
        answer = await door.post("/forgotten-email", asked)
        assert typed["email"] not in answer.text
        return bool(await said(door, EmailReminderRequested, email=typed["email"]))

    assert await eventually(reminded)
    known = await door.post("/forgotten-email", asked)
    await asks_are_done(door)
    told = len(await said(door, EmailReminderRequested))
    for change in ({"name": "Zoe Other"}, {"setting": "990106"}, {"phone": "01632 960 999"}):
        unknown = await door.post("/forgotten-email", asked | change)
        assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    await asks_are_done(door)
    assert len(await said(door, EmailReminderRequested)) == told


async def test_a_closed_second_account_keeps_nobody_from_their_address(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    second, first = (
        details(code, name="Nia Prior-Wren", phone=f"01632 {code}002") for _ in range(2)
    )
    for each in (second, first):
        await registered(door, each)
    asked = {"name": first["name"], "setting": "990105", "phone": first["phone"]}
    await door.desk.suspend(second["email"], "registered twice")

    async def reminded() -> bool:
        await door.post("/forgotten-email", asked)
        await asks_are_done(door)
        return bool(await said(door, EmailReminderRequested, email=first["email"]))

    assert await eventually(reminded)
    assert await said(door, EmailReminderRequested, email=second["email"]) == []


async def test_a_first_administrator_chooses_a_password_by_a_link_that_works_once(
    door: Door,
) -> None:
    email = f"{uuid4().hex}@fernhallow.example"
    command = Welcome(name="Nia Prior", email=email, authority="330")
    first = (await door.desk.welcome(command)).rpartition("/")[2]
    token = (await door.desk.welcome(command)).rpartition("/")[2]
    assert (await door.post("/links", {"token": first})).status_code == 404
    assert (await door.post("/links", {"token": token})).json()["kind"] == "welcome"
    assert (await door.knock(email)).status_code == 401
    use = {"token": token, "password": OTHER}
    assert (await door.post("/forgotten-password/confirm", use)).status_code == 200
    assert (await door.post("/forgotten-password/confirm", use)).status_code == 404
    assert (await door.knock(email, OTHER)).status_code == 202


async def test_an_ask_waits_until_there_is_a_key_to_seal_to(door: Door) -> None:
    person, pool = await door.person(), door.service.process.pool
    keys = await pool.fetch("DELETE FROM sealing_keys RETURNING *")
    try:
        asked = await door.post("/forgotten-password", {"email": person.email})
        assert asked.status_code == 202

        async def put_off() -> bool:
            return bool(await pool.fetchval("SELECT true FROM asks WHERE tries > 0"))

        assert await eventually(put_off)
        assert await said(door, PasswordResetRequested, email=person.email) == []
    finally:
        for key in keys:
            await pool.execute("INSERT INTO sealing_keys VALUES ($1, $2, $3)", *key.values())
    door.clock.pass_by(minutes=1)
    await mailed(door, PasswordResetRequested, email=person.email)
    await asks_are_done(door)


async def asks_are_done(door: Door) -> None:
    async def none_left() -> bool:
        return not await door.service.process.pool.fetchval("SELECT count(*) FROM asks")

    await eventually(none_left)


async def test_my_password_changes_when_i_know_it_and_my_other_sessions_end(door: Door) -> None:
    person = await door.person()
    here, elsewhere = Session(door, await door.enter(person)), await door.enter(person)
    wrong = await here.post("/me/password", {"current": OTHER, "new": "five calm badgers"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "wrong")
    own = await here.post("/me/password", {"current": PASSWORD, "new": person.email})
    assert own.json()["errors"][0] | {"message": ""} == {
        "field": "new",
        "message": "",
        "code": "personal",
    }
    assert (await here.post("/me/password", {"current": PASSWORD, "new": OTHER})).status_code == 204
    assert (await door.post("/tokens", proof(here.entered))).status_code == 200
    assert (await door.post("/tokens", proof(elsewhere))).status_code == 401
    assert (await door.knock(person.email, OTHER)).status_code == 202


async def ask_for_address(door: Door, me: Session, email: str) -> EmailChangeRequested:
    answer = await me.post("/me/email", {"email": email})
    assert answer.status_code == 202, answer.text
    return await mailed(door, EmailChangeRequested, new_email=email)


async def test_an_address_changes_when_the_owners_of_both_confirm(door: Door) -> None:
    person = await door.person()
    me, wanted = Session(door, await door.enter(person)), f"new-{person.email}"
    asked = await ask_for_address(door, me, wanted)
    old = {"token": opened(door, asked.sealed_old)}
    new = {"token": opened(door, asked.sealed_new)}
    first = await door.post("/email-changes/confirm", new)
    assert first.json() == {"state": "waiting_for_other"}
    assert (await door.post("/email-changes/confirm", new)).status_code == 404
    assert (await door.knock(person.email)).status_code == 202
    assert (await door.post("/email-changes/confirm", old)).json() == {"state": "changed"}
    changed = await said(door, EmailChanged, account_id=person.account_id)
    assert [(each.old_email, each.email) for each in changed] == [(person.email, wanted)]
    assert (await door.knock(person.email)).status_code == 401
    assert (await door.knock(wanted)).status_code == 202
    assert (await me.get("/me")).json()["email"] == wanted


async def test_the_owner_of_the_old_address_stops_a_change_and_ends_every_session(
    door: Door,
) -> None:
    person = await door.person()
    me, wanted = Session(door, await door.enter(person)), f"thief-{person.email}"
    asked = await ask_for_address(door, me, wanted)
    new, not_me = opened(door, asked.sealed_new), opened(door, asked.sealed_not_me)
    assert (await door.post("/email-changes/not-me", {"token": not_me})).status_code == 200
    assert (await door.post("/email-changes/confirm", {"token": new})).status_code == 404
    assert (await door.post("/tokens", proof(me.entered))).status_code == 401
    assert (await door.knock(wanted)).status_code == 401


async def test_an_address_that_is_somebodys_is_not_given_away_nor_told(door: Door) -> None:
    person, owner = await door.person(), await door.person()
    me = Session(door, await door.enter(person))
    asked = await ask_for_address(door, me, owner.email)
    assert asked.sealed_new is None
    told = await mailed(door, RegistrationRepeated, account_id=owner.account_id)
    assert told.wanted_for == "email_change"
    old = {"token": opened(door, asked.sealed_old)}
    assert (await door.post("/email-changes/confirm", old)).json()["state"] == "waiting_for_other"
    assert (await me.get("/me")).json()["email"] == person.email


async def test_what_a_thief_would_change_needs_the_password_again(door: Door) -> None:
    person = await door.person()
    me = Session(door, await door.enter(person))
    door.clock.pass_by(minutes=10)
    stale = await me.post("/me/email", {"email": "thief@fernhallow.example"})
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (403, "reauthenticate")
    named = await me.put("/me/details", {"name": "Somebody Else"})
    assert named.status_code == 403
    assert (await me.post("/me/factors/totp", {"name": "phone"})).status_code == 403
    assert (await me.post("/me/reauthentication", {"password": OTHER})).status_code == 422
    again = await me.post("/me/reauthentication", {"password": PASSWORD})
    assert again.status_code == 200, again.text
    assert (await me.put("/me/details", {"name": "Amara L."})).status_code == 204
    assert (await me.get("/me")).json()["name"] == "Amara L."
