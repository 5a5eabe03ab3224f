from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epep_events.base import Event
from epep_events.identity import (
    LoginSucceeded,
    PasswordChanged,
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserReactivated,
    UserRegistered,
)
from identity_service.accounts.account import ROLES, Account, Grant, evolve, parse_grant
from identity_service.accounts.opening import OpenAccount, decide
from identity_service.accounts.suspending import restore, suspend

WHO = UUID("01900000-0000-7000-8000-000000000001")
REGISTERED = UserRegistered(account_id=WHO, name="Amara Lindqvist", email="a@fernhallow.example")
TEACHER = RoleGranted(
    account_id=WHO, authority_code="330", role="designated_teacher", setting_urn="990105"
)
WANTED = OpenAccount(
    name="Amara Lindqvist",
    email="A@Fernhallow.example",
    password="three quiet herons",
    grants=("330:designated_teacher:990105",),
)


def after(*events: Event) -> Account:
    account = Account()
    for event in events:
        account = evolve(account, event)
    return account


def test_a_new_account_is_registered_with_its_roles_and_password() -> None:
    assert decide(Account(), WHO, WANTED, new_password=True) == [
        REGISTERED,
        TEACHER,
        PasswordChanged(account_id=WHO),
    ]


def test_opening_the_same_account_again_says_nothing() -> None:
    assert decide(after(REGISTERED, TEACHER), WHO, WANTED, new_password=False) == []


def test_a_grant_asked_for_twice_is_given_once() -> None:
    twice = WANTED.model_copy(update={"grants": WANTED.grants * 2})
    assert decide(after(REGISTERED), WHO, twice, new_password=False) == [TEACHER]


def test_the_same_role_in_another_school_is_another_grant() -> None:
    more = WANTED.model_copy(update={"grants": ("330:designated_teacher:990101",)})
    said = decide(after(REGISTERED, TEACHER), WHO, more, new_password=False)
    assert after(REGISTERED, TEACHER, *said).grants == (
        Grant("330", "designated_teacher", "990105"),
        Grant("330", "designated_teacher", "990101"),
    )


def test_a_revoked_role_is_gone_everywhere_in_that_authority_only() -> None:
    elsewhere = RoleGranted(account_id=WHO, authority_code="998", role="designated_teacher")
    revoked = RoleRevoked(account_id=WHO, authority_code="330", role="designated_teacher")
    assert after(REGISTERED, TEACHER, elsewhere, revoked).grants == (
        Grant("998", "designated_teacher"),
    )


def test_a_role_is_held_on_its_last_day_and_not_on_the_next() -> None:
    last = date(2026, 7, 20)
    until = TEACHER.model_copy(update={"held_to": last})
    to_come = RoleGranted(
        account_id=WHO, authority_code="998", role="iro", held_from=date(2027, 1, 1)
    )
    account = after(REGISTERED, until, to_come)
    assert account.on(last) == account
    assert account.on(last + timedelta(days=1)).authorities == ("998",)
    again = decide(account.on(date(2026, 9, 1)), WHO, WANTED, new_password=False)
    assert again == [TEACHER]
    assert after(REGISTERED, until, *again).on(date(2026, 9, 1)).authorities == ("330",)


def test_a_suspended_account_is_suspended_once_and_can_be_restored() -> None:
    left = UserDeactivated(account_id=WHO, why="left the school")
    back = UserReactivated(account_id=WHO, why="came back")
    assert suspend(after(REGISTERED), "left the school") == [left]
    assert suspend(after(REGISTERED, left), "left the school") == []
    assert restore(after(REGISTERED, left), "came back") == [back]
    assert restore(after(REGISTERED, left, back), "came back") == []
    assert suspend(Account(), "nobody") == []


def test_events_of_other_streams_do_not_change_an_account() -> None:
    account = after(REGISTERED, TEACHER)
    assert evolve(account, LoginSucceeded(login_id=WHO, account_id=WHO)) == account


@given(
    st.from_regex(r"[0-9]{3}", fullmatch=True),
    st.sampled_from(ROLES),
    st.none() | st.from_regex(r"[0-9]{6}", fullmatch=True),
)
def test_a_grant_reads_as_it_is_written(authority: str, role: str, urn: str | None) -> None:
    text = ":".join(part for part in (authority, role, urn) if part)
    if text.isascii():
        grant = parse_grant(text)
        assert (grant.authority, grant.role, grant.setting_urn) == (authority, role, urn)


@pytest.mark.parametrize(
    "text",
    ["", "330", "330:king", "330:system", "33:iro", "330:iro:12345", "330:iro:", "330:iro\n"],
)
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"authority:role|the roles are"):
        parse_grant(text)
