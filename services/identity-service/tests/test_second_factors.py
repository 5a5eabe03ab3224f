"""Authenticator apps, passkeys and recovery codes: added, logged in with, lost, taken away."""

from typing import Any

import pyotp
import pytest
from identity_door import Door, Person
from identity_story import Session, said
from soft_passkey import SoftPasskey

from epep_events.getting_in import (
    FactorAdded,
    FactorRemoved,
    FactorsReset,
    RecoveryCodeUsed,
    SessionStarted,
)
from epep_events.identity import LoginCodeRequested
from epep_runtime.ids import new_id

pytestmark = pytest.mark.servers


def code_of(door: Door, secret: str) -> str:
    return pyotp.TOTP(secret).at(door.clock())


async def with_app(door: Door, me: Session, name: str = "My phone") -> tuple[str, Any]:
    """Add an authenticator app; return its secret and what the first code was answered with."""
    added = await me.post("/me/factors/totp", {"name": name})
    assert added.status_code == 201, added.text
    found = added.json()
    assert found["secret"] in found["uri"]
    assert found["qr_svg"].startswith("<svg")
    assert "style=" not in found["qr_svg"]
    path = f"/me/factors/totp/{found['factor_id']}/confirmation"
    wrong = await me.post(path, {"code": "000000"})
    if wrong.status_code != 200:  # one time in a million it is right
        assert wrong.json()["errors"][0]["code"] == "wrong"
    confirmed = await me.post(path, {"code": code_of(door, found["secret"])})
    assert confirmed.status_code == 200, confirmed.text
    return found["secret"], confirmed.json()


async def with_passkey(me: Session, key: SoftPasskey) -> Any:
    added = await me.post("/me/factors/passkey", {"name": "Key ring"})
    assert added.status_code == 201, added.text
    path = f"/me/factors/passkey/{added.json()['factor_id']}/confirmation"
    made = await me.post(path, {"credential": key.make(added.json()["options"])})
    assert made.status_code == 200, made.text
    return made.json()


async def begun(door: Door, person: Person) -> dict[str, Any]:
    answer = await door.knock(person.email)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_app_lets_in_and_no_code_is_mailed_any_more(door: Door) -> None:
    person = await door.person()
    me = Session(door, await door.enter(person))
    secret, confirmed = await with_app(door, me)
    assert len(set(confirmed["recovery_codes"])) == 10
    mails = len(await said(door, LoginCodeRequested, account_id=person.account_id))
    login = await begun(door, person)
    assert (login["next"], login["factors"]) == ("totp", ["totp", "recovery_code"])
    assert login["code_sent"] is False
    assert len(await said(door, LoginCodeRequested, account_id=person.account_id)) == mails
    path = f"/logins/{login['login_id']}"
    assert (await door.post(f"{path}/resend")).status_code in {409, 429}
    by_mail = await door.post(f"{path}/code", {"code": "123456"})
    assert by_mail.status_code == 401
    door.clock.pass_by(seconds=30)
    entered = await door.post(f"{path}/totp", {"code": code_of(door, secret)})
    assert entered.status_code == 200, entered.text
    newest = (await said(door, SessionStarted, account_id=person.account_id))[-1]
    assert newest.method == "totp"


async def test_an_apps_code_works_once_though_it_is_shown_for_longer(door: Door) -> None:
    person = await door.person()
    secret, _ = await with_app(door, Session(door, await door.enter(person)))
    door.clock.pass_by(seconds=60)
    code = code_of(door, secret)
    first, second = await begun(door, person), None
    assert (await door.post(f"/logins/{first['login_id']}/totp", {"code": code})).status_code == 200
    second = await begun(door, person)
    again = await door.post(f"/logins/{second['login_id']}/totp", {"code": code})
    assert again.status_code == 401
    assert "totp" in await door.failures(person)


async def test_a_passkey_lets_in_and_a_copy_of_what_it_signed_does_not(door: Door) -> None:
    person, key = await door.person(), SoftPasskey()
    await with_passkey(Session(door, await door.enter(person)), key)
    login = await begun(door, person)
    assert login["next"] == "passkey"
    path = f"/logins/{login['login_id']}/passkey"
    options = (await door.post(f"{path}/options")).json()["options"]
    signed = key.use(options)
    entered = await door.post(path, {"credential": signed})
    assert entered.status_code == 200, entered.text
    later = await begun(door, person)
    path = f"/logins/{later['login_id']}/passkey"
    await door.post(f"{path}/options")
    assert (await door.post(path, {"credential": signed})).status_code == 401


async def test_a_passkey_used_on_another_site_is_worth_nothing_here(door: Door) -> None:
    person, key = await door.person(), SoftPasskey()
    await with_passkey(Session(door, await door.enter(person)), key)
    path = f"/logins/{(await begun(door, person))['login_id']}/passkey"
    options = (await door.post(f"{path}/options")).json()["options"]
    key.origin = "https://epep.phisher.example"
    assert (await door.post(path, {"credential": key.use(options)})).status_code == 401


async def test_somebody_elses_passkey_does_not_let_in(door: Door) -> None:
    person, other = await door.person(), await door.person()
    mine, theirs = SoftPasskey(), SoftPasskey()
    await with_passkey(Session(door, await door.enter(person)), mine)
    await with_passkey(Session(door, await door.enter(other)), theirs)
    path = f"/logins/{(await begun(door, person))['login_id']}/passkey"
    options = (await door.post(f"{path}/options")).json()["options"]
    assert (await door.post(path, {"credential": theirs.use(options)})).status_code == 401
    forged = theirs.use(options)
    forged["id"] = forged["rawId"] = mine.use(options)["id"]
    assert (await door.post(path, {"credential": forged})).status_code == 401
    rubbish: list[dict[str, Any]] = [{}, {"id": "!"}, {"id": None, "response": []}]
    for junk in rubbish:
        assert (await door.post(path, {"credential": junk})).status_code == 401


async def test_a_recovery_code_lets_in_once(door: Door) -> None:
    person = await door.person()
    _, confirmed = await with_app(door, Session(door, await door.enter(person)))
    code = confirmed["recovery_codes"][3]
    path = f"/logins/{(await begun(door, person))['login_id']}/recovery-code"
    entered = await door.post(path, {"code": code.lower().replace("-", " ")})
    assert entered.status_code == 200, entered.text
    assert (await Session(door, entered.json()).get("/me/factors")).json()[
        "recovery_codes_left"
    ] == 9
    used = await said(door, RecoveryCodeUsed, account_id=person.account_id)
    assert [each.left for each in used] == [9]
    path = f"/logins/{(await begun(door, person))['login_id']}/recovery-code"
    assert (await door.post(path, {"code": code})).status_code == 401


async def test_a_recovery_code_that_comes_too_late_is_not_used_up(door: Door) -> None:
    person = await door.person()
    _, confirmed = await with_app(door, Session(door, await door.enter(person)))
    given = {"code": confirmed["recovery_codes"][0]}
    late = await begun(door, person)
    door.clock.pass_by(minutes=10)
    path = f"/logins/{late['login_id']}/recovery-code"
    assert (await door.post(path, given)).status_code == 401
    path = f"/logins/{(await begun(door, person))['login_id']}/recovery-code"
    assert (await door.post(path, given)).status_code == 200


async def test_factors_are_named_and_removed_and_the_last_takes_the_codes_with_it(
    door: Door,
) -> None:
    person = await door.person()
    me = Session(door, await door.enter(person))
    await with_app(door, me)
    assert await with_passkey(me, SoftPasskey()) == {"recovery_codes": None}
    app, passkey = (await me.get("/me/factors")).json()["factors"]
    assert (app["kind"], passkey["kind"]) == ("totp", "passkey")
    path = f"/me/factors/{app['factor_id']}"
    assert (await me.put(path, {"name": "Old phone"})).status_code == 204
    assert (await me.get("/me/factors")).json()["factors"][0]["name"] == "Old phone"
    assert (await me.delete(path)).status_code == 204
    assert (await me.delete(path)).status_code == 404
    assert (await me.get("/me/factors")).json()["recovery_codes_left"] == 10
    assert (await me.delete(f"/me/factors/{passkey['factor_id']}")).status_code == 204
    assert (await me.get("/me/factors")).json()["recovery_codes_left"] == 0
    assert (await begun(door, person))["next"] == "code"
    assert len(await said(door, FactorAdded, account_id=person.account_id)) == 2
    assert len(await said(door, FactorRemoved, account_id=person.account_id)) == 2


async def test_nobody_touches_the_factors_of_another(door: Door) -> None:
    victim = Session(door, await door.enter(await door.person()))
    await with_app(door, victim)
    factor = (await victim.get("/me/factors")).json()["factors"][0]["factor_id"]
    thief = Session(door, await door.enter(await door.person()))
    assert (await thief.put(f"/me/factors/{factor}", {"name": "mine"})).status_code == 404
    assert (await thief.delete(f"/me/factors/{factor}")).status_code == 404
    path = f"/me/factors/totp/{factor}/confirmation"
    assert (await thief.post(path, {"code": "123456"})).status_code == 404


async def test_a_virtual_school_helps_somebody_who_lost_their_telephone(door: Door) -> None:
    person = await door.person("330:social_worker")
    me = Session(door, await door.enter(person))
    await with_app(door, me)
    path, why = f"/accounts/{person.account_id}/factors/reset", {"why": "Lost telephone"}
    client = door.service.client
    stranger = door.service.as_person(new_id(), ("998", "virtual_school"))
    assert (await client.post(path, json=why, headers=stranger)).status_code == 404
    head = door.service.as_person(new_id(), ("330", "virtual_school"))
    assert (await client.post(path, json=why, headers=head)).status_code == 204
    assert (await begun(door, person))["next"] == "code"
    reset = await said(door, FactorsReset, account_id=person.account_id)
    assert [each.why for each in reset] == ["Lost telephone"]


async def test_nobody_is_rid_of_their_own_factors_as_the_virtual_school(door: Door) -> None:
    person = await door.person("330:virtual_school")
    me = Session(door, await door.enter(person))
    await with_app(door, me)
    why = {"why": "A thief with this session"}
    refused = await me.post(f"/accounts/{person.account_id}/factors/reset", why)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "own-account")
    assert (await begun(door, person))["next"] == "totp"


async def test_no_secret_of_a_factor_is_written_down(door: Door) -> None:
    person = await door.person()
    secret, confirmed = await with_app(door, Session(door, await door.enter(person)))
    pool = door.service.process.pool
    kept = ""
    for table in ("factors", "recovery_codes", "events"):
        rows = await pool.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} AS t")
        kept += "".join(each["row"] for each in rows)
    assert str(person.account_id) in kept
    assert secret not in kept
    assert not any(each.replace("-", "") in kept for each in confirmed["recovery_codes"])
