"""Types for what people type: no control characters, no lone surrogates, known lengths."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from epep_runtime.language import _

EMAIL = re.compile(
    r"^[^@\s,;<>\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)
ALLOWED_CONTROLS = "\n\t"


def printable(value: str) -> str:
    """Return the text with NFC letters and `\\n` line ends.

    Raises ValueError for control characters (a null byte among them) and lone surrogates.
    """
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    for character in value:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs"} and character not in ALLOWED_CONTROLS:
            raise ValueError(_("contains a character that cannot be stored"))
    return value


def one_line(value: str) -> str:
    """Return the text if it is printable and on one line. Raises ValueError otherwise."""
    value = printable(value)
    if "\n" in value or "\t" in value:
        raise ValueError(_("must be on one line"))
    return value


def email_address(value: str) -> str:
    """Return the address in lower case. Raises ValueError where it is none.

    Signs that nobody sees, which come along when an address is copied from a mail, are left out.
    """
    seen = (each for each in one_line(value) if unicodedata.category(each) != "Cf")
    value = "".join(seen).strip().lower()
    if len(value) > 254 or not EMAIL.match(value):
        raise ValueError(_("must be an email address in the correct format, like name@example.com"))
    return value


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]
"""A single line of at most 200 characters."""

Name = Annotated[Line, StringConstraints(min_length=1)]
"""A line that must not be empty."""

Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(printable)
]
"""Text of at most 10,000 characters, line breaks allowed."""

Email = Annotated[str, AfterValidator(email_address)]
"""An e-mail address, folded to lower case."""


def _iso_day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError(_("Enter a date as YYYY-MM-DD"))
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
"""A day as `2026-12-03`; numbers and times are not taken for one."""


def example(**fields: Any) -> ConfigDict:
    """Return the `model_config` of a command: what its documentation shows as an example."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Command(BaseModel):
    """The body of a request: unknown fields are refused, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
