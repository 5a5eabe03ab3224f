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
