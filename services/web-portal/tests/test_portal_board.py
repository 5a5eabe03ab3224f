"""The virtual school's live board in the portal: a whole page, and its parts sent again."""

import re
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from web_portal.board.events import Sent, as_event, events_of

BOARD: dict[str, Any] = {
    "authority": {"code": "330", "name": "Birmingham"},
    "school_year": "2026 to 2027",
    "today": "2026-11-23",
    "open": 1204,
    "overdue": 12,
    "due_soon": 9,
    "undated": 2,
    "signed_off": 311,
    "rated": 40,
    "reviews": {"count": 5, "since": "2026-11-02", "gates_sign_off": 0},
    "states": [
        {"key": "initiated", "label": "Initiated", "count": 800, "overdue": 12},
        {"key": "submitted", "label": "Submitted", "count": 404, "overdue": 0},
    ],
    "ratings": [
        {"key": "green", "label": "Green", "colour": "green", "count": 30},
        {"key": "amber", "label": "Amber", "colour": "yellow", "count": 10},
    ],
    "kinds": [
        {"key": "review", "label": "Termly review PEP", "open": 7, "overdue": 1, "signed_off": 2}
    ],
    "phases": [],
    "longest_overdue": [
        {
            "pep_id": "0190b1f0-0000-7000-8000-0000000000d1",
            "child_id": "0190b1f0-0000-7000-8000-0000000000d2",
            "child_initials": "K.O.",
            "kind_label": "Termly review PEP",
            "state_label": "Initiated",
            "due": "2026-11-01",
            "days": 22,
        }
    ],
    "as_of": "2026-11-23T10:31:00Z",
    "catching_up": False,
}


@pytest.fixture
async def reader(browser: Any, services: Any) -> Any:
    services.set("GET qa/board", BOARD)
    await browser.log_in()
    return browser


def streamed(services: Any, *events: bytes) -> None:
    headers = {"content-type": "text/event-stream"}
    services.answers["GET qa/board/stream"] = lambda _: httpx.Response(
        200, content=b"".join(events), headers=headers
    )


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_the_page_is_whole_without_scripts(reader: Any, services: Any) -> None:
    answer = await reader.open("/board")
    assert answer.status_code == 200
    html, text = answer.text, words(answer.text)
    assert "Birmingham, school year 2026 to 2027" in text
    assert "As of 23 November 2026 at 10:31am" in text
    assert 'href="/board?authority=330">Refresh the numbers' in html
    for label, count in (("Open PEPs", "1,204"), ("Overdue", "12"), ("Signed off", "311")):
        assert re.search(rf"{label}[a-z ]* {count} ", text), label
    assert "Green 30 75%" in text
    assert "govuk-tag--yellow" in html  # the profile's own colour
    assert 'class="epep-bar__part" width="66.4"' in html
    assert "Due 1 November 2026, 22 days late" in text
    assert "11 more PEPs are overdue" in text
    assert "2 open PEPs have no date" in text
    assert " style=" not in html
    assert html.count("<h1") == 1
    ids = re.findall(r' id="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    assert 'href="/board" aria-current="page"' in html
    assert services.sent("GET qa/board").url.params["authority"] == "330"


async def test_numbers_that_may_be_wrong_say_so(reader: Any, services: Any) -> None:
    services.set("GET qa/board", BOARD | {"catching_up": True})
    assert "The numbers are catching up." in words((await reader.open("/board")).text)
    services.set("GET qa/board", BOARD | {"catching_up": True, "as_of": None})
    assert "Some PEPs are not counted yet." in words((await reader.open("/board")).text)


async def test_a_board_with_nothing_on_it(reader: Any, services: Any) -> None:
    nothing = dict.fromkeys(("open", "overdue", "due_soon", "signed_off", "rated"), 0)
    empty = {"longest_overdue": [], "kinds": [], "ratings": [BOARD["ratings"][0] | {"count": 0}]}
    services.set("GET qa/board", BOARD | nothing | empty)
    text = words((await reader.open("/board")).text)
    assert "No review has been published since 1 September." in text
    assert "Overdue the longest" not in text


async def test_only_overseers_have_a_board(
    browser: Any, services: Any, canned: dict[str, Any]
) -> None:
    services.set("GET qa/board", BOARD)
    account = canned["logged_in"]["account"]
    account["grants"] = [{"authority": "330", "role": "designated_teacher", "setting_urn": None}]
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    await browser.log_in()
    assert (await browser.open("/board")).status_code == 404
    assert "Live board" not in (await browser.open("/")).text
    assert (await browser.open("/board/stream")).status_code == 204
    assert services.count("GET qa/board") == 0


async def test_who_oversees_several_authorities_chooses(
    browser: Any, services: Any, canned: dict[str, Any]
) -> None:
    northvale = BOARD | {"authority": {"code": "998", "name": "Northvale"}}
    services.set("GET qa/board", northvale)
    more = {"authority": "998", "role": "auditor", "setting_urn": None}
    canned["logged_in"]["account"]["grants"].append(more)
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    await browser.log_in()
    html = (await browser.open("/board?authority=998")).text
    assert 'href="/board?authority=998" aria-current="page">Northvale' in html
    assert 'href="/board?authority=330">Birmingham' in html
    assert services.sent("GET qa/board").url.params["authority"] == "998"
    assert (await browser.open("/board?authority=111")).status_code == 404


async def test_the_stream_sends_the_page_s_parts_again(reader: Any, services: Any) -> None:
    fresh = {"as_of": "2026-11-23T10:32:00Z", "catching_up": False}
    streamed(
        services,
        b"retry: 2000\n\n",
        as_event("board", orjson.dumps(BOARD | {"open": 1205}).decode(), "d1"),
        as_event("as_of", orjson.dumps(fresh).decode()),
    )
    answer = await reader.client.get("/board/stream", headers={"last-event-id": "d0"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    asked = services.sent("GET qa/board/stream")
    assert asked.headers["last-event-id"] == "d0"
    assert asked.headers["authorization"].startswith("Bearer ")

    async def lines() -> Any:
        for line in answer.text.split("\n"):
            yield line

    first, board, whole, later = [event async for event in events_of(lines())]
    assert first == Sent(retry="2000")
    assert (board.name, board.identity) == ("board", "d1")
    assert "1,205" in board.data
    assert 'data-live="states"' in board.data
    assert (whole.name, whole.identity) == ("as_of", None)
    assert "at 10:32am" in later.data


async def test_a_stream_is_no_activity(reader: Any, services: Any, clock: Any, portal: Any) -> None:
    streamed(services, b"retry: 2000\n\n")
    seen = portal.store.rows[reader.sid].last_seen_at
    clock.now += timedelta(minutes=20)
    assert (await reader.open("/board/stream")).status_code == 200
    assert portal.store.rows[reader.sid].last_seen_at == seen
    clock.now += timedelta(minutes=11)  # half an hour since anybody did anything
    assert (await reader.open("/board/stream")).status_code == 204
    assert (await reader.open("/board")).status_code == 303


async def test_nothing_more_is_streamed_to_who_has_logged_out_in_another_window(
    reader: Any, services: Any
) -> None:
    before, after = (
        as_event("board", orjson.dumps(BOARD | {"open": number}).decode(), f"d{number}")
        for number in (1205, 1206)
    )

    async def sent() -> Any:
        yield before
        await reader.send("/log-out")
        yield after

    headers = {"content-type": "text/event-stream"}
    services.answers["GET qa/board/stream"] = lambda _: httpx.Response(
        200, content=sent(), headers=headers
    )
    answer = await reader.open("/board/stream")
    assert "1,205" in answer.text
    assert "1,206" not in answer.text
    assert (await reader.open("/board/stream")).status_code == 204


async def test_a_browser_comes_back_only_where_that_may_help(reader: Any, services: Any) -> None:
    services.problem("GET qa/board/stream", 404, "not-found")
    assert (await reader.open("/board/stream")).status_code == 204
    services.problem("GET qa/board/stream", 503, "unavailable")
    assert (await reader.open("/board/stream")).status_code == 503
    services.fail("GET qa/board/stream")
    assert (await reader.open("/board/stream")).status_code == 503
    assert (await reader.open("/board/stream?authority=999")).status_code == 204
