"""A notification is asked for once and settled once, and waits sensibly in between."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from epep_events.base import Event
from epep_events.notification import (
    NotificationFailed,
    NotificationHeld,
    NotificationRequested,
    NotificationSent,
)
from epep_runtime.ids import new_id
from notification_service.notifications.delivering import Outcome, failed, held, sent
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import (
    Notification,
    evolve,
    message_id,
    notification_id,
)
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.outbox.delivery import LONGEST_WAIT, wait_before
from notification_service.outbox.postman import refusal

OWN_ID, PEP_ID, INVITATION = new_id(), new_id(), new_id()
FACTS = Facts(
    kind="submitted",
    said_at=datetime(2026, 9, 1, tzinfo=UTC),
    name="Vera School",
    has_account=True,
    initials="K.O.",
    pep_id=PEP_ID,
)
NOTICE = Notice(Recipient("Vera School", "vera@example.org", new_id()), FACTS, INVITATION)


def after(*events: Event) -> Notification:
    return reduce(evolve, events, Notification())


def asked() -> Event:
    (event,) = request(OWN_ID, NOTICE, Notification())
    return event


def test_asking_says_what_for_whom_and_about_what() -> None:
    event = asked()
    assert isinstance(event, NotificationRequested)
    assert event.subject == "The PEP for K.O. is ready for quality assurance"
    assert (event.email, event.name) == ("vera@example.org", "Vera School")
    assert (event.pep_id, event.invitation_id) == (PEP_ID, INVITATION)


def test_asking_again_says_nothing() -> None:
    assert request(OWN_ID, NOTICE, after(asked())) == []


def test_without_an_address_it_fails_at_once_and_says_so() -> None:
    notice = Notice(Recipient("Bea Brown", None), FACTS, INVITATION)
    first, second = request(OWN_ID, notice, Notification())
    assert isinstance(first, NotificationRequested)
    assert isinstance(second, NotificationFailed)
    assert second.why == "No email address is known for this person."
    assert second.invitation_id == INVITATION


@pytest.mark.parametrize(
    ("outcome", "type_"),
    [
        (sent("<m>"), NotificationSent),
        (failed("No."), NotificationFailed),
        (held("<m>"), NotificationHeld),
    ],
)
def test_what_was_asked_for_is_settled_once(outcome: Outcome, type_: type[Event]) -> None:
    (event,) = outcome(after(asked()))
    assert isinstance(event, type_)
    assert list(outcome(after(asked(), event))) == []


def test_a_late_word_that_it_was_sent_corrects_what_was_held() -> None:
    (on_hold,) = held("<m>")(after(asked()))
    (event,) = sent("<m>")(after(asked(), on_hold))
    assert isinstance(event, NotificationSent)
    assert list(held("<m>")(after(asked(), event))) == []


def test_nothing_becomes_of_what_was_never_asked_for() -> None:
    with pytest.raises(ValueError, match="never asked for"):
        sent("<m>")(Notification())


def test_ids_follow_from_the_event_and_the_recipient() -> None:
    event_id = new_id()
    assert notification_id(event_id, "a") == notification_id(event_id, "a")
    assert notification_id(event_id, "a") != notification_id(event_id, "b")
    assert message_id(OWN_ID, "epep.example") == f"<{OWN_ID}@epep.example>"


def test_tries_become_rarer_up_to_a_quarter_of_an_hour_and_never_all_at_once() -> None:
    waits = [wait_before(n, 5, LONGEST_WAIT, 0.5).total_seconds() for n in (1, 2, 3, 12, 400)]
    assert waits == [5, 10, 20, 900, 900]
    assert wait_before(1, 4, LONGEST_WAIT, 0) == timedelta(seconds=3)
    assert wait_before(1, 4, LONGEST_WAIT, 1) == timedelta(seconds=5)


def test_a_refusal_is_a_sentence_without_the_server_s_own_words() -> None:
    assert refusal(550) == "The mail server says that there is no such address."
    assert refusal(554) == "The mail server refused the message (code 554)."
