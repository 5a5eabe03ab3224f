"""The checks themselves: each finds what it is there to find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from ledger import Change, Ledger, last_saves
from log_checks import acknowledged_once, chains_hold, topics_agree
from mail_checks import mailed_once
from message import Message
from service_logs import errors_in, nothing_unexplained

from epep_runtime.chain import hash_of_event
from epep_runtime.kafka_faults import CLOSED

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOMEBODY = "0193d000-0000-7000-8000-000000000001"
TRACE = "a" * 32


def row(stream: str, version: int, **other: Any) -> dict[str, Any]:
    return {
        "stream_id": stream,
        "stream_version": version,
        "event_id": uuid4(),
        "type": "PageSaved",
        "schema_version": 1,
        "occurred_at": NOW,
        "authority": "330",
        "actor_id": SOMEBODY,
        "actor_role": "social_worker",
        "on_behalf_of": None,
        "correlation_id": UUID(int=7),
        "causation_id": None,
        "traceparent": f"00-{TRACE}-{'b' * 16}-01",
        "text": "{}",
    } | other


def chained(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    previous = b""
    for each in rows:
        each["previous_hash"] = previous
        previous = each["hash"] = hash_of_event(previous, each)
    return list(rows)


def change(version: int | None = 2, status: int = 200, **other: Any) -> Change:
    facts = {"method": "PUT", "path": "/peps/1/pages/views", "sent": {}, "body": {}} | other
    return Change(
        TRACE, SOMEBODY, "pep", status=status, version=version, tries=1, seconds=0.1, **facts
    )


def broken(rows: Sequence[Any], *changes: Change) -> list[str]:
    logs = {"pep": rows, "meeting": [], "qa": []}
    return acknowledged_once(Ledger(list(changes)), logs, NOW - timedelta(hours=1)).violations


def test_an_acknowledged_change_is_there_once() -> None:
    assert broken([row("pep-1", 1), row("pep-1", 2)], change()) == []


def test_a_lost_change_is_found() -> None:
    [found] = broken([], change())
    assert "not in the log" in found


def test_a_change_that_had_nothing_to_change_is_not_missed() -> None:
    assert broken([], change(body={"changed": 0})) == []


def test_a_change_carried_out_twice_is_found() -> None:
    [found] = broken([row("pep-1", 1), row("pep-1", 2, correlation_id=UUID(int=8))], change())
    assert "carried out 2 times" in found


def test_an_answer_with_another_version_is_found() -> None:
    [found] = broken([row("pep-1", 1)], change(version=2))
    assert "answered version 2, but is in the log as version 1" in found


def test_a_refused_change_that_was_carried_out_is_found() -> None:
    [found] = broken([row("pep-1", 1)], change(status=409))
    assert "refused, but in the log" in found


def test_a_change_that_nobody_was_told_of_is_found() -> None:
    other = row("pep-1", 3, traceparent=f"00-{'c' * 32}-{'b' * 16}-01")
    [found] = broken([row("pep-1", 2), other], change())
    assert "never told" in found


def test_what_a_service_did_because_of_it_is_not_held_against_it() -> None:
    reaction = row("pep-1", 3, actor_id="system:pep", correlation_id=UUID(int=7))
    assert broken([row("pep-1", 2), reaction], change()) == []


def test_a_broken_chain_is_found() -> None:
    rows = chained([row("pep-1", 1), row("pep-1", 2)])
    assert chains_hold({"pep": rows}).kept
    rows[0]["text"] = '{"altered": true}'
    assert not chains_hold({"pep": rows}).kept


def messages(*said: tuple[int, dict[str, Any]]) -> list[Message]:
    return [
        Message(0, at, number, str(each["event_id"]), each["stream_id"], each["stream_version"])
        for at, (number, each) in enumerate(said)
    ]


def test_a_topic_may_repeat_a_suffix_but_neither_lose_nor_turn_round() -> None:
    one, two, three = rows = [row("pep-1", n) for n in (1, 2, 3)]
    said = messages((1, one), (2, two), (1, one), (2, two), (3, three))
    assert topics_agree({"pep": rows}, {"pep": said}).kept
    lost = messages((1, one), (3, three))
    assert not topics_agree({"pep": rows}, {"pep": lost}).kept
    turned = messages((1, one), (3, three), (2, two))
    assert not topics_agree({"pep": rows}, {"pep": turned}).kept
    unsaid = messages((1, one), (2, two))
    assert not topics_agree({"pep": rows}, {"pep": unsaid}).kept
    invented = messages((1, one), (2, two), (3, three), (4, row("pep-1", 4)))
    assert not topics_agree({"pep": rows}, {"pep": invented}).kept


def mail(*outcomes: str) -> list[dict[str, Any]]:
    types = ("NotificationRequested", *outcomes)
    return [row("notification-m1", n, type=each) for n, each in enumerate(types, 1)]


@pytest.mark.parametrize(
    ("outcomes", "arrived", "kept"),
    [
        (["NotificationSent"], 1, True),
        (["NotificationSent"], 2, False),
        (["NotificationSent"], 0, False),
        (["NotificationFailed"], 0, True),
        (["NotificationFailed"], 1, False),
        (["NotificationHeld"], 1, True),
        (["NotificationHeld"], 0, True),
        (["NotificationHeld"], 2, False),
        (["NotificationLeftUnmailed"], 0, True),
        (["NotificationLeftUnmailed"], 1, False),
        ([], 0, False),
        (["NotificationHeld", "NotificationSent"], 1, False),
    ],
)
def test_a_mail_goes_out_once_or_is_held(outcomes: list[str], arrived: int, kept: bool) -> None:
    delivered = {"<m1@epep.example>": arrived} if arrived else {}
    finding = mailed_once(mail(*outcomes), delivered)
    assert finding.kept is kept
    assert bool(finding.notes) is (outcomes == ["NotificationHeld"])


def test_a_mail_that_nobody_asked_for_is_found() -> None:
    assert not mailed_once([], {"<m2@epep.example>": 1}).kept


def test_errors_are_counted_by_kind_and_explained_or_not(tmp_path: Any) -> None:
    lines = [
        json.dumps({"level": "info", "event": "started"}),
        json.dumps({"level": "error", "event": "stream parked", "exception": [{"exc_type": "X"}]}),
        json.dumps({"level": "error", "logger": "aiokafka", "event": "Unable connect to node 1"}),
        json.dumps({"level": "error", "logger": "aiokafka", "event": "Unable connect to node 2"}),
        json.dumps(
            {
                "level": "error",
                "logger": "aiokafka.consumer",
                "event": "Unexpected error in coordinator routine",
                "exception": [{"exc_type": "RuntimeError", "exc_value": f"no, {CLOSED}"}],
            }
        ),
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in <module>',
        "RuntimeError: no key 17",
    ]
    assert errors_in(lines) == {
        "stream parked (X)": 1,
        "aiokafka Unable connect to node #": 2,
        f"aiokafka.consumer Unexpected error in coordinator routine (RuntimeError: {CLOSED})": 1,
        "died: RuntimeError: no key #": 1,
    }
    path = tmp_path / "pep.log"
    path.write_text("\n".join(lines))
    finding = nothing_unexplained({"pep": path})
    assert len(finding.violations) == 2
    assert finding.notes == [
        "1 × pep, aiokafka.consumer: the broker was away",
        "2 × pep, aiokafka: the broker was away",
    ]


def test_the_last_save_of_a_page_is_the_one_with_the_newest_version() -> None:
    ledger = Ledger([change(version=5), change(version=3), change(version=9, status=412)])
    assert [each.version for each in last_saves(ledger).values()] == [5]
