import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from identity_service.housekeeping import KEPT
from identity_service.logins.confirming import ConfirmLogin
from identity_service.logins.login import (
    CODE_LIFETIME,
    LOGIN_LIFETIME,
    Login,
    declare,
    is_over,
    new_code,
    resend,
    start,
    try_code,
    wait_to_resend,
)
from identity_service.logins.sending_codes import NOT_ME_LIFETIME
from identity_service.secrets_at_rest import SecretsAtRest, WrongSecretKeyError
from identity_service.sessions.session import IDLE, LONGEST, is_alive, is_proved, seen
from identity_service.sessions.session import start as start_session

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LOGIN_ID = UUID("01900000-0000-7000-8000-000000000002")
RIGHT, WRONG = b"r" * 32, b"w" * 32


def fresh() -> Login:
    return start(LOGIN_ID, uuid4(), b"address", RIGHT, NOW)


def test_a_right_code_works_once() -> None:
    verdict, after = try_code(fresh(), RIGHT, NOW)
    assert verdict == "right"
    assert try_code(after, RIGHT, NOW)[0] == "spent"


def test_the_right_code_still_works_at_the_fifth_try_and_not_at_the_sixth() -> None:
    login = fresh()
    for _ in range(4):
        verdict, login = try_code(login, WRONG, NOW)
        assert verdict == "wrong"
    assert try_code(login, RIGHT, NOW)[0] == "right"
    verdict, login = try_code(login, WRONG, NOW)
    assert verdict == "wrong"
    assert try_code(login, RIGHT, NOW)[0] == "spent"


def test_a_code_lasts_ten_minutes() -> None:
    last_moment = NOW + timedelta(minutes=9, seconds=59)
    assert try_code(fresh(), RIGHT, last_moment)[0] == "right"
    verdict, after = try_code(fresh(), RIGHT, NOW + timedelta(minutes=10))
    assert verdict == "expired"
    assert try_code(after, RIGHT, NOW)[0] == "spent"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=30))
def test_however_it_is_tried_a_code_lets_in_once_at_most_within_five_tries(
    tries: list[tuple[bool, int]],
) -> None:
    login, now, verdicts = fresh(), NOW, []
    for is_right, seconds in tries:
        now += timedelta(seconds=seconds)
        verdict, login = try_code(login, RIGHT if is_right else WRONG, now)
        verdicts.append(verdict)
    judged = [each for each in verdicts if each in {"right", "wrong"}]
    assert len(judged) <= 5
    assert judged.count("right") <= 1
    assert "right" not in judged[:-1]


def test_a_new_code_replaces_the_old_one_a_minute_later() -> None:
    assert wait_to_resend(fresh(), NOW) == timedelta(seconds=60)
    later = NOW + timedelta(seconds=60)
    again = resend(try_code(fresh(), WRONG, NOW)[1], WRONG, later)
    assert wait_to_resend(fresh(), later) <= timedelta(0)
    assert try_code(again, RIGHT, later)[0] == "wrong"
    assert try_code(again, WRONG, later)[0] == "right"
    assert again.code_expires_at == later + CODE_LIFETIME


def test_five_codes_more_and_an_hour_are_the_end_of_a_log_in() -> None:
    login = fresh()
    for number in range(1, 6):
        assert not is_over(login, NOW)
        login = resend(login, RIGHT, NOW + timedelta(minutes=number))
    assert is_over(login, NOW + timedelta(minutes=6))
    assert not is_over(fresh(), NOW + LOGIN_LIFETIME - timedelta(seconds=1))
    assert is_over(fresh(), NOW + LOGIN_LIFETIME)
    assert is_over(try_code(fresh(), RIGHT, NOW)[1], NOW)


def test_a_code_gets_no_longer_by_ticking_nothing() -> None:
    login, later = fresh(), NOW + timedelta(minutes=9)
    assert declare(login, [], later) == login
    assert declare(login, [("330", 1, ["terms"])], later).code_expires_at == later + CODE_LIFETIME


def test_a_log_in_is_kept_as_long_as_its_last_mail_says_this_is_not_me() -> None:
    (kept,) = (age for statement, age in KEPT.items() if "FROM logins" in statement)
    assert kept > LOGIN_LIFETIME + NOT_ME_LIFETIME


def test_codes_are_six_digits_and_not_always_the_same() -> None:
    codes = {new_code() for _ in range(200)}
    assert all(re.fullmatch(r"[0-9]{6}", each) for each in codes)
    assert len(codes) > 190


def test_a_code_may_be_pasted_with_a_space() -> None:
    command = ConfirmLogin(code=SecretStr(" 048 213 "))
    assert command.code.get_secret_value() == "048213"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "٠١٢٣٤٥", "1" * 21])
def test_what_is_not_six_digits_is_no_code(typed: str) -> None:
    with pytest.raises(ValidationError):
        ConfirmLogin(code=SecretStr(typed))


def test_the_same_code_is_another_code_in_another_log_in_and_under_another_key() -> None:
    one, other = SecretsAtRest(b"1" * 32), SecretsAtRest(b"2" * 32)
    macs = {each.code_mac(uid, "048213") for each in (one, other) for uid in (LOGIN_ID, uuid4())}
    assert len(macs) == 4
    assert one.code_mac(LOGIN_ID, "048213") == one.code_mac(LOGIN_ID, "048213")


def test_a_kept_secret_opens_only_under_its_name_and_key() -> None:
    kept = SecretsAtRest(b"1" * 32).encrypted(b"private", "key-1")
    assert b"private" not in kept
    assert SecretsAtRest(b"1" * 32).decrypted(kept, "key-1") == b"private"
    with pytest.raises(WrongSecretKeyError):
        SecretsAtRest(b"1" * 32).decrypted(kept, "key-2")
    with pytest.raises(WrongSecretKeyError):
        SecretsAtRest(b"2" * 32).decrypted(kept, "key-1")


def test_a_session_ends_after_half_an_hour_idle_and_after_twelve_hours_anyway() -> None:
    second = timedelta(seconds=1)
    session = start_session(uuid4(), uuid4(), "secret", NOW)
    assert is_alive(session, NOW + IDLE - second)
    assert not is_alive(session, NOW + IDLE)
    busy = seen(session, NOW + LONGEST - timedelta(minutes=1))
    assert is_alive(busy, NOW + LONGEST - second)
    assert not is_alive(busy, NOW + LONGEST)
    assert is_proved(session, "secret")
    assert not is_proved(session, "secret ")
    assert b"secret" not in session.secret_hash
