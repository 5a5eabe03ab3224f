"""What a person may have in the portal only is decided by the shipped list, kind by kind."""

from datetime import time
from typing import get_args

import pytest
from pydantic import ValidationError

from epep_events.notification import (
    Kind,
    NotificationLeftUnmailed,
    NotificationPreferencesChanged,
    NotificationRequested,
)
from epep_runtime.ids import new_id
from epep_runtime.problems import InvalidError
from notification_service.notifications.delivering import sent, unmailed
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import Notification
from notification_service.notifications.notification import evolve as settle
from notification_service.notifications.requesting import Notice, Recipient, request
from notification_service.preferences.choosing import shown
from notification_service.preferences.kinds import Kinds, kinds
from notification_service.preferences.preferences import Choices, choose, evolve, mailed

ME = new_id()
NEVER_SWITCHED_OFF: tuple[Kind, ...] = (
    "login_code",
    "registration_link",
    "security_notice",
    "login_stopped",
    "invitation",
    "rescheduled",
    "emergency_access",
)


def notice(kind: Kind, account: bool = True, email: str | None = "vera@example.org") -> Notice:
    facts = Facts.model_validate(
        {"kind": kind, "said_at": "2026-11-20T09:15:00Z", "name": "Vera", "has_account": account}
    )
    return Notice(Recipient("Vera", email, ME if account else None), facts)


def test_choices_are_kept_in_order_and_replace_the_earlier_ones() -> None:
    (first,) = choose(Choices(), ME, ("submitted", "feedback", "submitted"))
    assert first == NotificationPreferencesChanged(
        account_id=ME, without_mail=("feedback", "submitted")
    )
    (second,) = choose(evolve(Choices(), first), ME, ("returned",))
    assert evolve(evolve(Choices(), first), second).without_mail == {"returned"}


def test_the_same_choices_again_say_nothing() -> None:
    assert choose(Choices(), ME, ()) == []
    assert choose(Choices(frozenset({"feedback"})), ME, ("feedback",)) == []


@pytest.mark.parametrize("kind", NEVER_SWITCHED_OFF)
def test_what_is_always_mailed_is_refused_with_the_reason(kind: Kind) -> None:
    with pytest.raises(InvalidError) as refused:
        choose(Choices(), ME, ("feedback", kind))
    (error,) = refused.value.errors
    assert error.field == "without_mail.1"
    assert error.message == f"This is always mailed. {kinds().why_always(kind)}"
    assert kinds().why_always(kind)


def test_every_kind_is_named_once() -> None:
    found = kinds()
    told = shown(Choices(frozenset(get_args(Kind))), 3, time(7))
    assert [each.mailed for each in told.choosable] == [False] * len(found.choosable)
    assert len(told.always) == len(found.always)
    with pytest.raises(ValidationError, match="named once"):
        Kinds(choosable=found.choosable[1:], always=found.always, daily=found.daily)
    with pytest.raises(ValidationError, match="named once"):
        Kinds(
            choosable=(*found.choosable, found.choosable[0]),
            always=found.always,
            daily=found.daily,
        )


def test_a_kind_switched_off_is_told_without_a_mail() -> None:
    first, second = request(
        ME, notice("submitted"), Notification(), choices=Choices(frozenset({"submitted"}))
    )
    assert isinstance(first, NotificationRequested)
    assert isinstance(second, NotificationLeftUnmailed)
    assert (second.account_id, second.name) == (ME, "Vera")
    state = settle(settle(Notification(), first), second)
    assert list(sent("<m>")(state)) == []
    assert request(ME, notice("submitted"), state) == []


def test_a_kind_switched_off_while_its_mail_waited_is_left_unmailed_once() -> None:
    (asked,) = request(ME, notice("submitted"), Notification())
    waiting = settle(Notification(), asked)
    (left,) = unmailed(waiting)
    assert isinstance(left, NotificationLeftUnmailed)
    assert (left.account_id, left.kind) == (ME, "submitted")
    assert list(unmailed(settle(waiting, left))) == []
    (to_mailbox,) = request(ME, notice("submitted", account=False), Notification())
    assert list(unmailed(settle(Notification(), to_mailbox))) == []


def test_other_kinds_and_shared_mailboxes_are_mailed() -> None:
    off = Choices(frozenset({"submitted", "login_stopped"}))
    for each in (notice("feedback"), notice("submitted", account=False), notice("login_stopped")):
        (event,) = request(ME, each, Notification(), choices=off)
        assert isinstance(event, NotificationRequested)


def test_a_choice_from_before_its_kind_was_always_mailed_counts_no_more() -> None:
    assert mailed(Choices(frozenset({"submitted"})), "submitted") == "never"
    assert mailed(Choices(frozenset({"invitation"})), "invitation") == "at_once"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_one_mail_a_day_is_for_what_may_be_switched_off_and_nothing_urgent(kind: Kind) -> None:
    daily = Choices(frozenset({"feedback"}), daily=True)
    choosable = {each.kind for each in kinds().choosable} - {"feedback"}
    expected = "daily" if kind in choosable else "never" if kind == "feedback" else "at_once"
    assert mailed(daily, kind) == expected
    if kind in NEVER_SWITCHED_OFF:
        assert expected == "at_once"


def test_when_it_is_mailed_is_kept_until_it_is_chosen_again() -> None:
    (first,) = choose(Choices(), ME, (), daily=True)
    daily = evolve(Choices(), first)
    assert daily == Choices(daily=True)
    assert choose(daily, ME, ()) == choose(daily, ME, (), daily=True) == []
    (second,) = choose(daily, ME, ("feedback",))
    assert evolve(daily, second) == Choices(frozenset({"feedback"}), daily=True)
    (third,) = choose(daily, ME, (), daily=False)
    assert evolve(daily, third) == Choices()
    with pytest.raises(InvalidError, match="Some answers need changing"):
        choose(Choices(), ME, ("digest",))
