"""What somebody wants by email: ticked boxes, what is always sent, and nothing ticked is lost."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

PATH = "/account/notifications"
CALL = "PUT notification/preferences"
KINDS = {"submitted": "A PEP is ready", "feedback": "Feedback on a PEP"}


@pytest.fixture(autouse=True)
def preferences(services: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version": 3,
        "daily": False,
        "daily_at": "07:00",
        "choosable": [
            {"kind": kind, "label": label, "hint": "For some.", "mailed": kind == "feedback"}
            for kind, label in KINDS.items()
        ],
        "always": [{"label": "Codes to log in", "reason": "You could not go on without."}],
    }
    services.set("GET notification/preferences", told, etag='"3"')
    services.set(CALL, {"version": 4}, etag='"4"')
    return told


def form(*mailed: str, version: str = "3", **more: str) -> dict[str, Any]:
    return {"offered": list(KINDS), "mailed": list(mailed), "version": version, **more}


def chosen(html: str) -> list[str]:
    """Return which of the radio buttons are chosen."""
    buttons = [each.partition(">")[0] for each in html.split("<input ") if 'name="when"' in each]
    assert len(buttons) == 2
    assert all('type="radio"' in each for each in buttons)
    names = ("at_once", "daily")
    return [n for n in names for each in buttons if f'"{n}"' in each and "checked" in each]


def ticked(html: str) -> list[str]:
    boxes = [each.partition(">")[0] for each in html.split("<input ") if 'name="mailed"' in each]
    return [kind for kind in KINDS for each in boxes if f'"{kind}"' in each and "checked" in each]


async def test_the_page_shows_what_is_chosen_and_what_is_always_sent(person: Any) -> None:
    page = await person.open(PATH)
    assert page.status_code == 200
    assert ticked(page.text) == ["feedback"]
    for words in ("Codes to log in", "You could not go on without.", *KINDS.values()):
        assert words in page.text
    assert 'name="version" value="3"' in page.text


@pytest.mark.parametrize(
    ("mailed", "without"),
    [(("submitted",), ["feedback"]), ((), ["submitted", "feedback"]), (tuple(KINDS), [])],
)
async def test_saving_sends_what_is_not_ticked(
    person: Any, services: Any, mailed: tuple[str, ...], without: list[str]
) -> None:
    answer = await person.send(PATH, form(*mailed))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    sent = services.sent(CALL)
    assert orjson.loads(sent.content) == {"without_mail": without}
    assert sent.headers["if-match"] == '"3"'
    assert sent.headers["idempotency-key"]


async def test_what_is_refused_is_said_and_stays_as_it_was_ticked(
    person: Any, services: Any
) -> None:
    error = {"field": "without_mail.0", "message": "This is always mailed.", "code": "invalid"}
    services.problem(CALL, 422, errors=[error])
    page = await person.send(PATH, form("submitted"))
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert "This is always mailed" in page.text
    assert ticked(page.text) == ["submitted"]


async def test_another_window_s_change_is_not_overwritten(person: Any, services: Any) -> None:
    services.problem(CALL, 412, "stale-version")
    page = await person.send(PATH, form("submitted", version="2"))
    assert page.status_code == 412
    assert "in another window" in page.text
    assert ticked(page.text) == ["submitted"]
    assert 'name="version" value="3"' in page.text


async def test_ticks_outlive_the_session_even_where_none_is_left(
    person: Any, clock: Any, services: Any
) -> None:
    clock.now += timedelta(minutes=31)
    answer = await person.send(PATH, form(version="2"))
    assert answer.headers["location"] == f"/log-in?next={PATH}&kept=1"
    await person.log_in()
    page = await person.open(PATH)
    assert ticked(page.text) == []
    assert 'name="version" value="2"' in page.text
    assert services.count(CALL) == 0


async def test_an_unmailed_message_says_so(person: Any, services: Any, canned: Any) -> None:
    canned["messages"]["messages"][0]["state"] = "unmailed"
    services.set("GET notification/messages", canned["messages"])
    page = await person.open("/messages")
    assert "not emailed" in page.text
    assert f'href="{PATH}"' in page.text


async def test_one_email_a_day_is_chosen_with_radio_buttons(
    person: Any, services: Any, preferences: dict[str, Any]
) -> None:
    page = (await person.open(PATH)).text
    assert chosen(page) == ["at_once"]
    assert "One email a day, at 7am" in page
    for when, daily in (("daily", True), ("at_once", False)):
        await person.send(PATH, form("submitted", when=when))
        sent = orjson.loads(services.sent(CALL).content)
        assert sent == {"without_mail": ["feedback"], "daily": daily}
    services.problem(CALL, 412, "stale-version")
    page = (await person.send(PATH, form("submitted", when="daily"))).text
    assert chosen(page) == ["daily"]
    await person.send(PATH, form("submitted", when="never"))
    assert "daily" not in orjson.loads(services.sent(CALL).content)
    services.set("GET notification/preferences", preferences | {"daily": True}, etag='"4"')
    assert chosen((await person.open(PATH)).text) == ["daily"]


async def test_a_message_of_a_daily_email_says_so(person: Any, services: Any, canned: Any) -> None:
    canned["messages"]["messages"][0]["state"] = "gathered"
    services.set("GET notification/messages", canned["messages"])
    assert "in your daily email" in (await person.open("/messages")).text
