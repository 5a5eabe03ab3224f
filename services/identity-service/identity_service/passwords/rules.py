"""What a password may be: long, anything on the keyboard, and never cut short (ASVS 6.2)."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from epep_runtime.language import _

SHORTEST, LONGEST = 12, 128


def typed_password(value: SecretStr) -> SecretStr:
    """Return a password as it was typed, with NFC letters so that every keyboard gives the same.

    Raises ValueError where it is empty, longer than 128 characters or cannot be stored.
    """
    text = unicodedata.normalize("NFC", value.get_secret_value())
    if not 0 < len(text) <= LONGEST:
        raise ValueError(_("must be 1 to %(longest)s characters", longest=LONGEST))
    if any(unicodedata.category(each) in {"Cc", "Cs"} for each in text):
        raise ValueError(_("contains a character that cannot be typed"))
    return SecretStr(text)


def new_password(value: SecretStr) -> SecretStr:
    """Return a password that may be chosen. Raises ValueError for fewer than 12 characters."""
    value = typed_password(value)
    if len(value.get_secret_value()) < SHORTEST:
        raise ValueError(_("must be %(shortest)s characters or more", shortest=SHORTEST))
    return value


TypedPassword = Annotated[SecretStr, AfterValidator(typed_password)]
"""A password somebody logs in with: 1 to 128 characters."""

NewPassword = Annotated[SecretStr, AfterValidator(new_password)]
"""A password somebody is given: 12 to 128 characters."""
