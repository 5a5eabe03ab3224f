"""What somebody who registers says about themselves, checked against the authority they name."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from epep_events.profile import Role
from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command, Line, Name
from identity_service.read_models.sign_in_rules import Rules, rules_of

FEWEST_DIGITS, MOST_DIGITS = 7, 15


def telephone(value: str) -> str:
    """Return a telephone number as it was typed. Raises ValueError where it is none."""
    found = re.sub(r"[^0-9]", "", value)
    if not re.fullmatch(r"[0-9+()./ \-]+(?:(?:x|ext\.?) ?[0-9]+)?", value) or not (
        FEWEST_DIGITS <= len(found) <= MOST_DIGITS
    ):
        raise ValueError(_("must be a telephone number, like 01632 960 001"))
    return value


Telephone = Annotated[Name, AfterValidator(telephone)]
"""A telephone number: digits, spaces and the signs that people put between them."""

AuthorityCode = Annotated[str, Field(pattern="^[0-9]{3}$", examples=["330"])]
Urn = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["990105"])]


class Wanted(Command):
    """Which role where: `setting_urn` for a school's role, `team` for a social worker."""

    authority: AuthorityCode
    role: Role
    setting_urn: Urn | None = None
    team: Line | None = None


async def rules_for(source: Connection | Pool, wanted: Wanted) -> Rules:
    """Return the authority's rules. Raises InvalidError for what it cannot be asked for."""
    found = (await rules_of(source, [wanted.authority])).get(wanted.authority)
    if found is None:
        raise InvalidError(
            [FieldError("authority", _("Choose an authority from the list."), "unknown")]
        )
    errors = []
    if wanted.role not in {role for role, _label in found.roles()}:
        errors.append(FieldError("role", _("Choose a role from the list."), "unknown"))
    if wanted.role == "designated_teacher" and not wanted.setting_urn:
        message = _("Give the school's URN, six digits: it is on the school's website.")
        errors.append(FieldError("setting_urn", message, "mandatory"))
    if wanted.role == "social_worker" and not wanted.team:
        errors.append(FieldError("team", _("Give the name of your team."), "mandatory"))
    if errors:
        raise InvalidError(errors)
    return found
