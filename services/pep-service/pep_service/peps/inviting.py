"""Whom a PEP's meeting can invite: people of the child, the caller, plain addresses (S50, S77)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import model_validator

from epep_access.people import people_of
from epep_events.pep import Invitee
from epep_runtime.language import _
from epep_runtime.postgres import Connection, Pool
from epep_runtime.problems import FieldError, InvalidError
from epep_runtime.text import Command, Email, Name

GUEST = "guest"
"""The role of an invitee who is only an e-mail address."""
MOST = 40


class InviteeForm(Command):
    """Either an account, or an e-mail address with a name."""

    account_id: UUID | None = None
    email: Email | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "InviteeForm":
        if self.account_id and not (self.email or self.name):
            return self
        if self.email and self.name and not self.account_id:
            return self
        raise ValueError(_("Give an account, or an email address with a name"))


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody with an account whom a meeting about this child may invite."""

    account_id: UUID
    name: str
    email: str | None
    role: str

    def invitee(self) -> Invitee:
        """Return the invitation's line for this person."""
        return Invitee(account_id=self.account_id, email=self.email, name=self.name, role=self.role)


async def known_people(
    database: Pool | Connection, people: Iterable[tuple[UUID, str]]
) -> dict[UUID, KnownPerson]:
    """Return people (account, role) with names and addresses; a name may not be known yet."""
    wanted = dict(people)
    found = await people_of(database, wanted)
    return {
        account: KnownPerson(
            account,
            found[account].name if account in found else "Somebody with an account",
            found[account].email if account in found else None,
            role,
        )
        for account, role in wanted.items()
    }


def invitees_of(
    forms: Sequence[InviteeForm], people: Mapping[UUID, KnownPerson]
) -> tuple[Invitee, ...]:
    """Return the invitees. Raises InvalidError for strangers, repetitions and too many."""
    if len(forms) > MOST:
        raise InvalidError(
            [FieldError("invitees", _("Invite at most %(most)s people.", most=MOST), "too_many")]
        )
    found: list[Invitee] = []
    errors: list[FieldError] = []
    seen: set[str] = set()
    for number, form in enumerate(forms):
        where = f"invitees.{number}"
        if form.account_id is not None and form.account_id not in people:
            text = _("This person has no role for the child. Invite them by email address.")
            errors.append(FieldError(f"{where}.account_id", text, "stranger"))
            continue
        invitee = (
            people[form.account_id].invitee()
            if form.account_id
            else Invitee(email=form.email, name=form.name or "", role=GUEST)
        )
        marks = {mark for mark in (str(form.account_id or ""), invitee.email or "") if mark}
        if marks & seen:
            errors.append(
                FieldError(where, _("%(name)s is invited twice.", name=invitee.name), "twice")
            )
        seen |= marks
        found.append(invitee)
    if errors:
        raise InvalidError(errors)
    return tuple(found)
