"""E-mail addresses as people type and paste them."""

import pytest

from epep_runtime.text import email_address

AMARA = "amara.lindqvist@fernhallow.example"


@pytest.mark.parametrize(
    "typed",
    [
        AMARA,
        "Amara.Lindqvist@Fernhallow.Example",
        f"  {AMARA} ",
        f"\u00a0{AMARA}",
        f"\u200b{AMARA}\ufeff",
        f"\u202a{AMARA}\u202c",
        AMARA.replace("lindqvist", "lind\u00adqvist"),
    ],
)
def test_signs_that_nobody_sees_are_no_part_of_an_address(typed: str) -> None:
    assert email_address(typed) == AMARA


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "\u200b",
        "amara",
        "@fernhallow.example",
        "amara@fernhallow",
        f"{AMARA}\nBcc: x@y.example",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"must be|contains"):
        email_address(typed)


def test_an_accent_is_the_same_however_it_was_typed() -> None:
    assert email_address("zoe\u0308@fernhallow.example") == "zo\u00eb@fernhallow.example"
