"""One person's account: who they are, which roles they have where, whether they may come in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import get_args
from uuid import UUID

from epep_events.base import Event
from epep_events.getting_in import (
    DeclarationsAccepted,
    EmailChanged,
    FactorAdded,
    FactorKind,
    FactorRemoved,
    FactorRenamed,
    FactorsReset,
    UserDetailsChanged,
)
from epep_events.identity import (
    AccountsMerged,
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserReactivated,
    UserRegistered,
)
from epep_events.profile import Role
from epep_runtime.civil_time import local_date
from epep_runtime.event_store import Aggregate

GRANT = re.compile(r"(?P<authority>[0-9]{3}):(?P<role>[a-z_]+)(?::(?P<urn>[0-9]{6}))?")
ROLES: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "system")


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role in an authority, in one school where `setting_urn` says so (B04, S04)."""

    authority: str
    role: Role
    setting_urn: str | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that is asked for at log-in; what it is checked with stands in a table."""

    factor_id: UUID
    kind: FactorKind
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """The state of an account's stream; `account_id` is None until somebody is registered.

    `grants` are the roles that nobody has taken away: `on` a day some have run out. `declared` are
    the (authority, version) pairs of declarations that the person has accepted, `days` each role's
    first and last day, `merged_into` the account that took this one's place.
    """

    account_id: UUID | None = None
    name: str = ""
    email: str = ""
    active: bool = False
    grants: tuple[Grant, ...] = ()
    phone: str | None = None
    job_title: str | None = None
    factors: tuple[Factor, ...] = ()
    declared: frozenset[tuple[str, int]] = frozenset()
    days: Mapping[Grant, tuple[date | None, date | None]] = field(default_factory=dict)
    merged_into: UUID | None = None

    @property
    def authorities(self) -> tuple[str, ...]:
        """Return the authorities in which the person has a role, in order."""
        return tuple(sorted({each.authority for each in self.grants}))

    def on(self, day: date) -> "Account":
        """Return the account without the roles whose last day was before this one.

        Nobody says that a role has run out, so `grants` alone has it still.
        """
        left = (each for each in self.grants if (self.days[each][1] or day) >= day)
        return replace(self, grants=tuple(left))

    def at(self, now: datetime) -> "Account":
        """Return the account as it is `on` this moment's day in England."""
        return self.on(local_date(now))


def evolve(account: Account, event: Event) -> Account:
    """Return the account after one more event."""
    match event:
        case UserRegistered():
            return replace(
                account,
                account_id=event.account_id,
                name=event.name,
                email=event.email,
                phone=event.phone,
                job_title=event.job_title,
                active=True,
            )
        case RoleGranted():
            grant = Grant(event.authority_code, event.role, event.setting_urn)
            others = (each for each in account.grants if each != grant)
            days = {**account.days, grant: (event.held_from, event.held_to)}
            return replace(account, grants=(*others, grant), days=days)
        case RoleRevoked():
            gone = (event.authority_code, event.role)
            kept = tuple(each for each in account.grants if (each.authority, each.role) != gone)
            return replace(account, grants=kept)
        case UserDeactivated():
            return replace(account, active=False)
        case UserReactivated():
            return replace(account, active=True)
        case AccountsMerged():
            return replace(account, merged_into=event.into_account_id)
    return _evolve_own(account, event)


def _evolve_own(account: Account, event: Event) -> Account:
    """Return the account after what its person did to it, rather than somebody else."""
    match event:
        case UserDetailsChanged():
            return replace(account, name=event.name, phone=event.phone, job_title=event.job_title)
        case EmailChanged():
            return replace(account, email=event.email)
        case DeclarationsAccepted():
            accepted = account.declared | {(event.authority_code, event.version)}
            return replace(account, declared=accepted)
        case FactorAdded():
            added = Factor(event.factor_id, event.kind, event.name)
            return replace(account, factors=(*account.factors, added))
        case FactorRenamed():
            renamed = tuple(
                replace(each, name=event.name) if each.factor_id == event.factor_id else each
                for each in account.factors
            )
            return replace(account, factors=renamed)
        case FactorRemoved():
            left = tuple(each for each in account.factors if each.factor_id != event.factor_id)
            return replace(account, factors=left)
        case FactorsReset():
            return replace(account, factors=())
    return account


ACCOUNT: Aggregate[Account] = Aggregate("account", Account(), evolve)


def parse_grant(text: str) -> Grant:
    """Read `330:designated_teacher` or `330:designated_teacher:123456`. Raises ValueError."""
    found = GRANT.fullmatch(text)
    if found is None:
        raise ValueError("write a grant as authority:role or authority:role:URN")
    for role in ROLES:
        if role == found["role"]:
            return Grant(found["authority"], role, found["urn"])
    raise ValueError(f"the roles are {', '.join(ROLES)}")
