"""Sending an invitation again: what is known is said, and the right request goes out."""

import json
from typing import Any

LEE, OLA, SAM = (f"0190b1f0-0000-7000-8000-0000000000b{n}" for n in (3, 4, 1))


def addresses(canned: dict[str, Any], invitation_id: str) -> tuple[str, str]:
    """The page, and the request that it makes."""
    meeting = f"/peps/{canned['ids']['pep']}/meeting"
    call = f"POST meeting{meeting}/invitations/{invitation_id}/mail"
    return f"{meeting}/invitations/{invitation_id}/again", call


async def test_the_meeting_page_offers_it_where_it_helps(
    person: Any, canned: dict[str, Any]
) -> None:
    html = (await person.open(f"/peps/{canned['ids']['pep']}/meeting")).text
    assert "We do not know whether this mail arrived" in html
    for invitation_id, offered in ((LEE, True), (OLA, True), (SAM, False)):
        assert (addresses(canned, invitation_id)[0] in html) is offered


async def test_a_guests_address_is_corrected(
    person: Any, services: Any, canned: dict[str, Any]
) -> None:
    path, call = addresses(canned, LEE)
    page = await person.open(path)
    assert "The address does not exist" in page.text
    assert 'value="lee.archer@camhs.example"' in page.text
    services.set(call, {"version": 6, "invitation_id": LEE})
    wrong = await person.send(path, {"version": "5", "email": " "})
    assert wrong.status_code == 422
    assert "Enter their email address" in wrong.text
    assert services.count(call) == 0
    sent = await person.send(path, {"version": "5", "email": "lee@camhs.example"})
    assert (sent.status_code, sent.headers["location"]) == (303, path.partition("/invit")[0])
    asked = services.sent(call)
    assert json.loads(asked.content) == {"email": "lee@camhs.example"}
    assert asked.headers["if-match"] == '"5"'
    assert asked.headers["idempotency-key"]
    assert "Invitation on its way again" in (await person.open(sent.headers["location"])).text


async def test_somebody_with_an_account_gets_it_at_the_accounts_address(
    person: Any, services: Any, canned: dict[str, Any]
) -> None:
    path, call = addresses(canned, OLA)
    page = await person.open(path)
    assert "We do not know whether this mail arrived" in page.text
    assert "address of their account, ola.marsh@birmingham.example" in page.text
    assert 'name="email"' not in page.text
    services.problem(call, 409, "refused", detail="This invitation is on its way.", errors=[])
    refused = await person.send(path, {"version": "5"})
    assert refused.status_code == 409
    assert "This invitation is on its way." in refused.text
    services.set(call, {"version": 6, "invitation_id": OLA})
    assert (await person.send(path, {"version": "5"})).status_code == 303
    assert json.loads(services.sent(call).content) == {"email": None}


async def test_an_invitation_that_arrived_or_is_gone_is_not_sent_again(
    person: Any, services: Any, canned: dict[str, Any]
) -> None:
    path, _ = addresses(canned, SAM)
    back = await person.open(path)
    assert (back.status_code, back.headers["location"]) == (303, path.partition("/invit")[0])
    unknown, call = addresses(canned, canned["ids"]["child"])
    assert (await person.open(unknown)).status_code == 404
    assert (await person.send(unknown, {"version": "5"})).status_code == 303
    assert services.count(call) == 0
