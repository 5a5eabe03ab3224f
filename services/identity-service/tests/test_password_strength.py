"""Which passwords will stand: long and surprising, whatever they are made of."""

import pytest
from pydantic import SecretStr

from epep_runtime.problems import InvalidError
from identity_service.passwords.strength import (
    common_passwords,
    must_stand,
    weakness,
    words_of,
)

OWN = words_of("Amara Lindqvist", "amara.lindqvist@fernhallow.example")


@pytest.mark.parametrize(
    "password",
    [
        "three quiet herons",
        "correct horse battery staple",
        "nur kleine buchstaben",
        "żółta łódź płynie",
        "四つの静かな鷺が川を渡るよ",
        "x" * 3 + "Kd83nvQpz71" + "w" * 50 + "0v9sl2mqz",
        "Lindqvist three quiet herons",
    ],
)
def test_no_rule_asks_for_capitals_digits_or_signs(password: str) -> None:
    assert weakness(password, OWN) is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("eleven char", "too_short"),
        ("x" * 129, "too_long"),
        ("123456qwerty", "common"),
        ("QWERTY123456", "common"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("password12345678", "personal"),
        ("Lindqvist2026!", "personal"),
        ("amara.lindqvist", "personal"),
        ("epep-virtual-school", "personal"),
        ("abcabcabcabc", "guessable"),
    ],
)
def test_what_guessers_try_first_is_refused(password: str, code: str) -> None:
    assert weakness(password, OWN) == code


def test_the_list_is_long_enough_and_holds_only_what_could_be_chosen() -> None:
    found = common_passwords()
    assert len(found) > 40_000  # ASVS 6.2.4 asks for the 3,000 most common that fit the rules
    assert all(len(each) >= 12 for each in found)


async def test_a_refusal_says_what_to_do_in_a_sentence() -> None:
    with pytest.raises(InvalidError) as refused:
        await must_stand(SecretStr("123456qwerty"), OWN, "new")
    (wrong,) = refused.value.errors
    assert (wrong.field, wrong.code) == ("new", "common")
    assert wrong.message.endswith(".")
    assert "123456" not in wrong.message
