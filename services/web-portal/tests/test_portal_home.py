"""The home page: narrowing the list, and what somebody without a role sees."""

from typing import Any


async def test_filters_stay_in_the_session_and_out_of_the_address(
    person: Any, services: Any
) -> None:
    chosen = {"q": "Ada", "filters": "1", "state": "overdue", "needs_me": "true", "year": "7"}
    answer = await person.send("/search", chosen)
    assert answer.headers["location"] == "/"
    page = await person.open("/")
    asked = services.sent("GET pep/home").url.params
    assert (asked["q"], asked["state"], asked["needs_me"], asked["year"]) == (
        "Ada",
        "overdue",
        "true",
        "7",
    )
    assert '<option value="overdue" selected>' in page.text
    await person.send("/search", {"q": "", "clear": "1"})
    await person.open("/")
    assert "state" not in services.sent("GET pep/home").url.params


async def test_a_filter_that_is_none_is_passed_over(person: Any, services: Any) -> None:
    await person.send("/search", {"filters": "1", "state": "x", "year": "99", "authority": "33a"})
    assert (await person.open("/")).status_code == 200
    assert set(services.sent("GET pep/home").url.params) == {"page"}


async def test_the_list_comes_as_a_file(person: Any, services: Any) -> None:
    services.set("GET pep/home.csv", "Name")
    answer = await person.open("/my-children.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-children.csv"'


async def test_who_has_no_role_yet_is_told_what_happens_next(
    browser: Any, services: Any, canned: Any
) -> None:
    canned["logged_in"]["account"]["grants"] = []
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    waiting = {
        "role_label": "Designated teacher",
        "authority": {"code": "330", "name": "Birmingham"},
        "state": "waiting",
        "asked_at": "2026-11-23T09:00:00Z",
        "why": None,
        "contact": None,
    }
    services.set("GET identity/me", {"grants": [], "registrations": [waiting]})
    await browser.log_in()
    page = await browser.open("/")
    assert "What happens next" in page.text
    assert "Designated teacher, Birmingham" in page.text
    assert services.count("GET pep/home") == 0

    services.set("GET identity/me", {"grants": [{"authority": "330", "role": "iro"}]})
    assert (await browser.open("/")).status_code == 303
    assert "My children" in (await browser.open("/")).text
