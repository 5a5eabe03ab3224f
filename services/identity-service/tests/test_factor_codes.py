"""Time steps of an authenticator app, recovery codes, names of devices: pure parts."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from identity_service.devices.naming import coarse_network, device_name
from identity_service.factors.passkeys import Passkeys
from identity_service.factors.recovery import macs_of, new_codes, typed_code
from identity_service.factors.totp import new_secret, qr_of, step_of, uri_of
from identity_service.links.looking import masked
from identity_service.read_models.reminders import as_place, digits
from identity_service.secrets_at_rest import SecretsAtRest

NOW = datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_an_apps_clock_may_be_one_step_off(seconds: int, fits: bool) -> None:
    secret = new_secret()
    code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=seconds))
    assert (step_of(secret, code, 0, NOW) is not None) is fits


@given(st.integers(0, 40))
def test_an_apps_code_is_worth_nothing_from_the_step_that_was_used(later: int) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    used = step_of(secret, pyotp.TOTP(secret).at(NOW), 0, NOW)
    assert used is not None
    again = pyotp.TOTP(secret).at(NOW)
    assert step_of(secret, again, used, NOW + timedelta(seconds=later)) is None


def test_a_qr_code_needs_no_style() -> None:
    picture = qr_of(uri_of(new_secret(), "amara@fernhallow.example"))
    assert picture.startswith("<svg")
    assert "style" not in picture
    assert "script" not in picture


def test_recovery_codes_are_all_different_and_typed_in_any_way() -> None:
    codes = [each for _ in range(20) for each in new_codes()]
    assert len(set(codes)) == len(codes) == 200
    typed = typed_code(SecretStr(f" {codes[0].lower().replace('-', ' ')} "))
    assert typed.get_secret_value() == codes[0].replace("-", "")
    with pytest.raises(ValueError, match="recovery codes"):
        typed_code(SecretStr("7KQ2-MX9D"))


def test_a_recovery_code_is_one_persons_only() -> None:
    at_rest, codes = SecretsAtRest(b"1" * 32), new_codes()
    one, other = macs_of(at_rest, uuid4(), codes), macs_of(at_rest, uuid4(), codes)
    assert not set(one) & set(other)


@pytest.mark.parametrize(
    ("portal", "possible"),
    [
        ("https://epep.example", True),
        ("http://localhost:8400", True),
        ("http://127.0.0.1:8400", False),
        ("http://[::1]:8400", False),
    ],
)
def test_passkeys_need_a_name(portal: str, possible: bool) -> None:
    assert Passkeys(portal).possible is possible


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/145.0", "Firefox on Windows"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 Version/19 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux) Chrome/140 Safari/537 Edg/140", "Edge on Linux"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_device_has_a_name_of_our_own_words(agent: str, name: str) -> None:
    assert device_name(agent) == name


def test_a_network_is_shown_no_closer_than_a_neighbourhood() -> None:
    assert coarse_network("203.0.113.77") == "203.0.113.*"
    assert coarse_network("2001:db8:1:2::/64") == "2001:db8:1::/48"
    assert coarse_network("testclient") == "unknown"


def test_numbers_and_places_are_compared_as_people_mean_them() -> None:
    assert digits("+44 (0)1632 960 001") == digits("01632 960001") == "01632960001"
    assert as_place(" Care  Planning 2 ") == as_place("care planning 2")


def test_an_address_is_shown_only_as_its_owner_knows_it() -> None:
    assert masked("amara.lindqvist@fernhallow.example") == "a…@fernhallow.example"
