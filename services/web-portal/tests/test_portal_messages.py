"""The message centre: what is unread is counted, and read when its person says or follows it."""

from typing import Any

import orjson

MESSAGE = "0190b1f0-0000-7000-8000-000000000071"


async def test_the_menu_counts_unread_messages(person: Any, services: Any) -> None:
    assert "Messages (1)" in (await person.open("/help")).text
    await person.open("/messages")  # whatever was counted before, the next page asks anew
    services.set("GET notification/messages/unread", {"unread": 0})
    await person.open("/messages")
    assert "Messages (" not in (await person.open("/help")).text


async def test_following_a_message_reads_it(person: Any, services: Any, canned: Any) -> None:
    services.set("POST notification/messages/read", {"version": 1})
    pep = canned["ids"]["pep"]
    answer = await person.send(f"/messages/{MESSAGE}", {"pep": pep, "meeting": "1"})
    assert answer.headers["location"] == f"/peps/{pep}/meeting"
    told = orjson.loads(services.sent("POST notification/messages/read").content)
    assert told == {"notification_ids": [MESSAGE]}


async def test_a_message_leads_nowhere_else(person: Any, services: Any) -> None:
    services.set("POST notification/messages/read", {"version": 1})
    answer = await person.send(f"/messages/{MESSAGE}", {"pep": "//elsewhere.example"})
    assert answer.headers["location"] == "/messages"


async def test_a_message_that_is_gone_is_no_fault(person: Any, services: Any) -> None:
    services.problem("POST notification/messages/read", 404, "not-found")
    answer = await person.send("/messages/read", {"id": MESSAGE})
    assert answer.headers["location"] == "/messages"
