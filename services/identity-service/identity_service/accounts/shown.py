"""An account as the API shows it."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, Field

from epep_events.profile import Role
from identity_service.accounts.account import Account, Grant


class ShownGrant(BaseModel):
    """A role in an authority, in one school where `setting_urn` says so."""

    authority: str = Field(examples=["330"])
    role: Role = Field(examples=["designated_teacher"])
    setting_urn: str | None = Field(examples=["990105"])


class ShownAccount(BaseModel):
    """A person and their roles."""

    id: UUID
    name: str = Field(examples=["Amara Lindqvist"])
    email: str = Field(examples=["amara.lindqvist@fernhallow.example"])
    grants: list[ShownGrant]


def shown_grants(grants: Iterable[Grant]) -> list[ShownGrant]:
    """Return grants as they are shown, in the order they were given."""
    return [
        ShownGrant(authority=each.authority, role=each.role, setting_urn=each.setting_urn)
        for each in grants
    ]


def shown_account(account: Account) -> ShownAccount:
    """Return a registered account as it is shown to its person."""
    assert account.account_id is not None
    return ShownAccount(
        id=account.account_id,
        name=account.name,
        email=account.email,
        grants=shown_grants(account.grants),
    )
