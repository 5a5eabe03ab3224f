"""The declarations at log-in: each is ticked, and asked for again when it has changed (B07-B12)."""

from typing import Any

import pytest
from identity_door import Door, Person
from identity_story import KEYS, a_code, adopt, declarations, said

from epep_events.getting_in import DeclarationsAccepted

pytestmark = pytest.mark.servers


async def start(door: Door, person: Person) -> dict[str, Any]:
    answer = await door.knock(person.email)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_declaration_is_ticked_before_a_code_is_mailed(door: Door) -> None:
    code = a_code()
    await adopt(door, code, declarations=declarations(), declarations_version=1)
    person = await door.person(f"{code}:iro")
    begun = await start(door, person)
    assert (begun["next"], begun["code_sent"], begun["factors"]) == (
        "declarations",
        False,
        ["code"],
    )
    assert [each["key"] for each in begun["declarations"][0]["declarations"]] == list(KEYS)
    path = f"/logins/{begun['login_id']}"
    early = await door.post(f"{path}/code", {"code": "123456"})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "declarations")
    for keys, version, wrong in (
        (KEYS[:4], 1, "mandatory"),
        ((), 1, "mandatory"),
        (KEYS, 2, "changed"),
    ):
        ticked = {"accepted": [{"authority": code, "version": version, "keys": keys}]}
        refused = await door.post(f"{path}/declarations", ticked)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, wrong)
    ticked = {"accepted": [{"authority": code, "version": 1, "keys": KEYS}]}
    agreed = await door.post(f"{path}/declarations", ticked)
    assert (agreed.status_code, agreed.json()["next"]) == (202, "code")
    assert agreed.json()["code_sent"] is True
    assert await said(door, DeclarationsAccepted, account_id=person.account_id) == []
    entered = await door.give(begun["login_id"], await door.mailed_code(begun["login_id"]))
    assert entered.status_code == 200, entered.text
    accepted = await said(door, DeclarationsAccepted, account_id=person.account_id)
    assert [(each.version, set(each.keys)) for each in accepted] == [(1, set(KEYS))]
    assert (await start(door, person))["next"] == "code"
    await adopt(door, code, 2, declarations=declarations("I was"), declarations_version=2)
    assert (await start(door, person))["next"] == "declarations"


async def test_a_person_of_two_authorities_declares_to_both(door: Door) -> None:
    codes = sorted([a_code(), "496"])
    for code in codes:
        await adopt(door, code, declarations=declarations(), declarations_version=1)
    person = await door.person(*(f"{code}:iro" for code in codes))
    begun = await start(door, person)
    assert [each["authority"]["code"] for each in begun["declarations"]] == codes
    one = {"accepted": [{"authority": codes[0], "version": 1, "keys": KEYS}]}
    path = f"/logins/{begun['login_id']}/declarations"
    assert (await door.post(path, one)).status_code == 422
    both = {"accepted": [{"authority": each, "version": 1, "keys": KEYS} for each in codes]}
    assert (await door.post(path, both)).json()["next"] == "code"
