"""Small parts that the routes of a PEP share: path keys, the answer to a change."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator

from epep_runtime.language import _
from pep_service.peps.reading import Opened, Stamp

Key = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,60}$", examples=["care_information"])]
"""A section's or page's key in a path."""


class Changed(BaseModel):
    """The answer to a change: the record's new version, also in `ETag`."""

    version: int


class By(BaseModel):
    """When something was done, and by whom (as far as the name is known)."""

    at: datetime
    by: str


def by_of(opened: Opened, stamp: Stamp | None) -> By | None:
    """Return a stamp with the person's name; what nobody did was done by ePEP."""
    if stamp is None:
        return None
    if stamp.account_id is None:
        return By(at=stamp.at, by="ePEP")
    return By(at=stamp.at, by=opened.names.get(stamp.account_id, _("Somebody with an account")))


def _iso_day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError(_("Enter a date as YYYY-MM-DD"))
    return value


LocalDate = Annotated[date, BeforeValidator(_iso_day)]
"""A date as `2026-12-03`; numbers and times are not taken for one."""
