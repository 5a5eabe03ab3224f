"""The queue of people who ask for access: that of the authority which the mail's link names."""

from typing import Any

import pytest

CALL = "GET identity/access-requests"
QUEUE = "/administration/requests?authority=998"
NAMES = {"330": "Birmingham", "998": "Northvale"}


@pytest.fixture
def works_for(services: Any, canned: Any) -> Any:
    """Who logs in next works for these authorities' virtual schools."""
    services.set(CALL, {"total": 0, "page": 1, "page_size": 25, "requests": []})
    profiles = [{"code": code, "name": name} for code, name in NAMES.items()]
    services.set("GET pep/profiles", {"profiles": profiles})

    def grant(*codes: str) -> None:
        canned["logged_in"]["account"]["grants"] = [
            {"authority": code, "role": "virtual_school", "setting_urn": None} for code in codes
        ]

    return grant


async def test_the_link_survives_the_log_in_and_opens_its_own_authority_s_queue(
    browser: Any, services: Any, works_for: Any
) -> None:
    works_for("330", "998")
    sent = await browser.open(QUEUE)
    assert sent.headers["location"].startswith("/log-in?next=/administration/requests%3Fauthority")
    await browser.open(sent.headers["location"])
    typed = {"email": "vera@council.example", "password": "p", "next": QUEUE}
    await browser.send("/log-in", typed)
    entered = await browser.send("/log-in/code", {"code": "123456"})
    assert entered.headers["location"] == QUEUE
    page = await browser.open(QUEUE)
    assert page.status_code == 200
    assert services.sent(CALL).url.params["authority"] == "998"
    assert "Northvale" in page.text
    assert 'href="/administration?authority=998"' in page.text


@pytest.mark.parametrize("codes", [("330",), ()])
async def test_nobody_else_s_queue_is_there(
    browser: Any, services: Any, works_for: Any, codes: tuple[str, ...]
) -> None:
    works_for(*codes)
    await browser.log_in()
    assert (await browser.open(QUEUE)).status_code == 404
    assert services.count(CALL) == 0


async def test_a_reason_that_cannot_be_sent_is_still_there_to_correct(
    browser: Any, services: Any, works_for: Any
) -> None:
    works_for("330")
    await browser.log_in()
    one = "/access-requests/0190b1f0-0000-7000-8000-0000000000c1"
    asked: dict[str, Any] = {
        "name": "Zofia Wren",
        "role": "iro",
        "role_label": "IRO",
        "state": "waiting",
    }
    blank = ("setting_urn", "team", "job_title", "phone", "decided", "why", "email", "invited")
    asked |= dict.fromkeys(blank) | {"asked_at": "2026-11-23T09:00:00Z"}
    services.set(f"GET identity{one}", asked, etag='"2"')
    services.set("GET identity/registration-options", {"authorities": []})
    errors = [{"field": "why", "message": "must be shorter", "code": "string_too_long"}]
    services.problem(f"POST identity{one}/refusal", 422, detail="Wrong", errors=errors)
    path = f"/administration/requests/{one.rpartition('/')[2]}/refusal"
    again = await browser.send(path, {"why": "We do not know you.\nAsk your head.", "version": "2"})
    assert again.status_code == 422
    assert "We do not know you.\nAsk your head.</textarea>" in again.text
    assert 'href="#field-why"' in again.text
