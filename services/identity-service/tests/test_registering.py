"""First-time registration (B03-B05) and the queue."""

import asyncio
from typing import Any

import pytest
from identity_door import PASSWORD, Door, Person
from identity_story import (
    KEYS,
    Session,
    a_code,
    adopt,
    declarations,
    details,
    invite,
    link_of,
    mailed,
    registered,
    said,
)

from epep_events.access import CarerAccessApproved
from epep_events.getting_in import (
    InvitationClaimed,
    RegistrationAccepted,
    RegistrationRefused,
    RegistrationStarted,
    RegistrationValidated,
)
from epep_events.identity import RoleGranted, UserRegistered
from epep_events.meeting import InvitationIssued, InvitationWithdrawn
from epep_runtime.ids import new_id
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def newcomer(door: Door, typed: dict[str, Any]) -> Session:
    """Register and log in."""
    await registered(door, typed)
    return await logged_in(door, typed["email"])


async def logged_in(door: Door, email: str) -> Session:
    person = Person(new_id(), "", email)
    return Session(door, await door.enter(person))


async def waiting(door: Door, code: str, email: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a request in the queue, and the headers of somebody who may answer it."""
    head = door.service.as_person(new_id(), (code, "virtual_school"))

    async def look() -> dict[str, Any] | None:
        answer = await door.service.client.get(f"/access-requests?authority={code}", headers=head)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["requests"]
        return next((each for each in found if each["email"] == email), None)

    found = await eventually(look)
    assert found is not None
    return found, head


async def test_the_form_offers_each_authority_its_own_words(door: Door) -> None:
    code = a_code()
    await adopt(door, code, declarations=declarations(), declarations_version=3)
    answer = await door.service.client.get("/registration-options")
    assert answer.status_code == 200
    mine = next(each for each in answer.json()["authorities"] if each["code"] == code)
    assert {"value": "iro", "label": "Independent Reviewing Officer"} in mine["roles"]
    assert "young_person" not in {each["value"] for each in mine["roles"]}
    assert [each["key"] for each in mine["declarations"]] == list(KEYS)
    assert mine["declarations_version"] == 3


async def test_somebody_registers_proves_their_address_waits_and_is_accepted(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code)
    me = await newcomer(door, typed)
    assert me.entered["account"]["grants"] == []

    async def i_wait() -> dict[str, Any]:
        found: dict[str, Any] = (await me.get("/me")).json()
        assert [each["state"] for each in found["registrations"]] == ["waiting"]
        return found

    asked = (await eventually(i_wait))["registrations"][0]
    assert asked["authority"] == {"code": code, "name": f"Council {code}"}
    assert asked["role_label"] == "Designated Teacher"
    assert asked["contact"]["email"] == "virtual.school@council.example"

    request, head = await waiting(door, code, typed["email"])
    path = f"/access-requests/{request['registration_id']}"
    grant = {"role": "designated_teacher", "setting_urn": "990106"}
    client = door.service.client
    assert (await client.post(f"{path}/acceptance", json=grant, headers=head)).status_code == 428
    seen = await client.get(path, headers=head)
    match = head | {"If-Match": seen.headers["ETag"]}
    accepted = await client.post(f"{path}/acceptance", json=grant, headers=match)
    assert accepted.status_code == 200, accepted.text
    again = head | {"If-Match": accepted.headers["ETag"]}
    twice = await client.post(f"{path}/refusal", json={"why": "No."}, headers=again)
    assert twice.status_code == 409
    assert twice.json()["errors"][0]["code"] == "decided"

    async def i_may() -> list[Any]:
        found: list[Any] = (await me.get("/me")).json()["grants"]
        return found

    assert await eventually(i_may) == [
        {"authority": code, "role": "designated_teacher", "setting_urn": "990106"}
    ]
    granted = await said(door, RoleGranted, account_id=me.account_id)
    assert len(granted) == 1
    assert len(await said(door, RegistrationAccepted, account_id=me.account_id)) == 1


async def test_a_refusal_says_why_and_gives_nothing(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code, role="social_worker", setting_urn=None, team="Care planning 2")
    me = await newcomer(door, typed)
    request, head = await waiting(door, code, typed["email"])
    why = "Nobody in that team knows you.\n" + "Ask your manager to ring us. " * 8 + "Thank you."
    answer = await door.service.client.post(
        f"/access-requests/{request['registration_id']}/refusal",
        json={"why": why},
        headers=head | {"If-Match": f'"{request["version"]}"'},
    )
    assert answer.status_code == 200, answer.text

    async def i_know() -> bool:
        asked = (await me.get("/me")).json()["registrations"][0]
        assert (asked["state"], asked["why"]) == ("refused", why)
        return True

    await eventually(i_know)
    assert (await me.get("/me")).json()["grants"] == []
    assert len(await said(door, RegistrationRefused, account_id=me.account_id)) == 1


async def test_who_was_invited_by_that_authority_need_not_wait(door: Door) -> None:
    code, other = a_code(), "499"
    await adopt(door, code)
    typed = details(code, role="iro", setting_urn=None)
    invitation = await invite(door, typed["email"], code)
    assert (await registered(door, typed))["state"] == "granted"
    claimed = await mailed(door, InvitationClaimed, invitation_id=invitation.person.invitation_id)
    assert (claimed.pep_id, claimed.role) == (invitation.pep_id, "iro")
    entered = (await logged_in(door, typed["email"])).entered
    assert [each["role"] for each in entered["account"]["grants"]] == ["iro"]

    await adopt(door, other)
    elsewhere = details(other, role="iro", setting_urn=None)
    await invite(door, elsewhere["email"], code)
    assert (await registered(door, elsewhere))["state"] == "waiting"
    for role in ("virtual_school", "carer", "social_worker"):
        other_role = details(code, role=role, setting_urn=None, team="Care planning 2")
        await invite(door, other_role["email"], code)
        assert (await registered(door, other_role))["state"] == "waiting"
    mistaken = details(code, role="iro", setting_urn=None)
    await take_back(door, await invite(door, mistaken["email"], code), code)
    assert (await registered(door, mistaken))["state"] == "waiting"


async def take_back(door: Door, invitation: InvitationIssued, code: str) -> None:
    """Have an invitation withdrawn whose address was a mistake, and wait until it is known."""
    gone = InvitationWithdrawn(
        meeting_id=invitation.meeting_id,
        pep_id=invitation.pep_id,
        child_id=invitation.child_id,
        invitation_id=invitation.person.invitation_id,
        name=invitation.person.name,
        instead_id=new_id(),
    )
    await door.service.others.say("meeting", f"meeting-{gone.meeting_id}", gone, authority=code)

    async def forgotten() -> bool:
        pool = door.service.process.pool
        found = "SELECT NOT EXISTS (SELECT FROM invited WHERE invitation_id = $1)"
        return bool(await pool.fetchval(found, gone.invitation_id))

    await eventually(forgotten)


async def let_in(door: Door, email: str, code: str) -> None:
    """Have the virtual school let an address in as a carer's, and wait until it is known."""
    approved = CarerAccessApproved(
        request_id=new_id(), child_id=new_id(), name="Zofia Wren", email=email, role="carer"
    )
    await door.service.others.say("pep", f"child-{approved.child_id}", approved, authority=code)

    async def known() -> bool:
        pool = door.service.process.pool
        found = "SELECT true FROM approved_carers WHERE email = $1"
        return bool(await pool.fetchval(found, email))

    await eventually(known)


async def test_a_carer_whom_the_virtual_school_let_in_has_the_role_before_or_after(
    door: Door,
) -> None:
    code = a_code()
    await adopt(door, code)
    later = details(code, role="carer", setting_urn=None)
    await let_in(door, later["email"], code)
    assert (await registered(door, later))["state"] == "granted"
    earlier = details(code, role="carer", setting_urn=None)
    assert (await registered(door, earlier))["state"] == "waiting"
    await let_in(door, earlier["email"], code)
    account = (await said(door, UserRegistered, email=earlier["email"]))[0].account_id

    async def has_the_role() -> bool:
        granted = await said(door, RoleGranted, account_id=account)
        return [each.role for each in granted] == ["carer"]

    assert await eventually(has_the_role)


async def test_an_invited_teachers_role_is_bound_to_no_school_until_the_virtual_school_says(
    door: Door,
) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code)
    await invite(door, typed["email"], code)
    await registered(door, typed)
    account = (await said(door, UserRegistered, email=typed["email"]))[0].account_id
    granted = await said(door, RoleGranted, account_id=account)
    assert [each.setting_urn for each in granted] == [None]
    validated = await said(door, RegistrationValidated, account_id=account)
    assert [each.invited for each in validated] == [True]


async def test_a_link_works_once_and_for_a_day(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed, late = details(code), details(code)
    token = await link_of(door, typed)
    use = {"token": token, "password": PASSWORD}
    weak = await door.post("/registrations/confirm", use | {"password": "password1234"})
    assert weak.status_code == 422
    assert weak.json()["errors"][0]["field"] == "password"
    answers = await asyncio.gather(*(door.post("/registrations/confirm", use) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 404, 404, 404, 404]
    assert (await door.post("/links", {"token": token})).status_code == 404
    old = await link_of(door, late)
    door.clock.pass_by(hours=24)
    assert (await door.post("/links", {"token": old})).status_code == 404
    gone = await door.post("/registrations/confirm", {"token": old, "password": PASSWORD})
    unknown = await door.post("/registrations/confirm", {"token": "x" * 43, "password": PASSWORD})
    assert gone.status_code == unknown.status_code == 404
    assert gone.content == unknown.content


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"authority": "400"}, "authority", "unknown"),
        ({"setting_urn": None}, "setting_urn", "mandatory"),
        ({"role": "social_worker", "setting_urn": None}, "team", "mandatory"),
        ({"role": "coordinator"}, "role", "unknown"),
        ({"phone": "call me"}, "phone", None),
        ({"email": "nobody"}, "email", None),
        ({"name": ""}, "name", None),
    ],
)
async def test_what_does_not_fit_is_said_at_once(
    door: Door, change: dict[str, Any], field: str, code: str | None
) -> None:
    await adopt(door, "498")
    answer = await door.post("/registrations", details("498", **change))
    assert answer.status_code == 422
    wrong = answer.json()["errors"]
    assert [each["field"] for each in wrong] == [field]
    assert code in {None, wrong[0]["code"]}


async def test_others_see_no_queue(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code)
    await registered(door, typed)
    request, _ = await waiting(door, code, typed["email"])
    client, path = door.service.client, f"/access-requests/{request['registration_id']}"
    for grant in ((code, "social_worker"), ("330", "virtual_school")):
        other = door.service.as_person(new_id(), grant)
        listed = await client.get(f"/access-requests?authority={code}", headers=other)
        assert listed.status_code == 404
        assert (await client.get(path, headers=other)).status_code == 404
        match = other | {"If-Match": '"2"'}
        body = {"role": "carer"}
        assert (
            await client.post(f"{path}/acceptance", json=body, headers=match)
        ).status_code == 404
        why = {"why": "No."}
        assert (await client.post(f"{path}/refusal", json=why, headers=match)).status_code == 404


async def test_one_account_asks_several_authorities(door: Door) -> None:
    first, second = a_code(), "497"
    await adopt(door, first)
    await adopt(door, second)
    me = await newcomer(door, details(first))
    wanted = {"authority": second, "role": "designated_teacher", "setting_urn": "990105"}
    asked = await me.post("/me/registrations", wanted)
    assert asked.status_code == 201, asked.text

    async def twice() -> bool:
        answer = await me.post("/me/registrations", wanted)
        assert answer.status_code == 409
        return bool(answer.json()["errors"][0]["code"] == "waiting")

    assert await eventually(twice)
    states = {each["authority"]["code"] for each in (await me.get("/me")).json()["registrations"]}
    assert states == {first, second}


async def test_registering_sends_a_link_to_nobody_but_the_address(door: Door) -> None:
    code = a_code()
    await adopt(door, code)
    typed = details(code)
    token = await link_of(door, typed)
    started = (await said(door, RegistrationStarted, email=typed["email"]))[0]
    assert token not in started.model_dump_json()
    pool = door.service.process.pool
    kept = await pool.fetch("SELECT to_jsonb(links)::text AS row FROM links")
    assert not any(token in each["row"] for each in kept)
