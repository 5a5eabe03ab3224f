"""Two accounts of one person: given both, when merged, then these events; or a refusal."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from epep_events.base import Event
from epep_events.identity import (
    AccountsMerged,
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserRegistered,
)
from epep_runtime.problems import InvalidError, RefusedError
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.merging import close, move_roles
from identity_service.accounts.suspending import restore

OLD, KEPT = UUID(int=1), UUID(int=2)
LAST = date(2027, 7, 20)


def account(who: UUID, *events: Event) -> Account:
    state = Account()
    for each in (UserRegistered(account_id=who, name="Jo", email=f"{who}@x.example"), *events):
        state = ACCOUNT.evolve(state, each)
    return state


def role(who: UUID, name: Any, **more: Any) -> RoleGranted:
    return RoleGranted(account_id=who, authority_code="330", role=name, **more)


def test_roles_go_over_with_their_school_and_days_and_what_is_held_stays() -> None:
    of_a_school = {"setting_urn": "900001", "held_to": LAST}
    old = account(OLD, role(OLD, "designated_teacher", **of_a_school), role(OLD, "iro"))
    kept = account(KEPT, role(KEPT, "iro", held_to=LAST))
    assert move_roles(old, kept, LAST) == [role(KEPT, "designated_teacher", **of_a_school)]


def test_a_role_that_has_run_out_does_not_move_and_keeps_no_other_from_moving() -> None:
    old = account(OLD, role(OLD, "iro"), role(OLD, "auditor", held_to=LAST))
    kept = account(KEPT, role(KEPT, "iro", held_to=LAST))
    assert move_roles(old, kept, LAST + timedelta(days=1)) == [role(KEPT, "iro")]


def test_the_old_account_ends_for_good() -> None:
    old = account(OLD, role(OLD, "iro"))
    said = close(old, account(KEPT), "330", "Registered twice")
    assert said == [
        AccountsMerged(
            account_id=OLD, into_account_id=KEPT, authority_code="330", why="Registered twice"
        ),
        RoleRevoked(account_id=OLD, authority_code="330", role="iro"),
        UserDeactivated(account_id=OLD, why="Registered twice"),
    ]
    for event in said:
        old = ACCOUNT.evolve(old, event)
    assert restore(old, "Came back") == []
    with pytest.raises(RefusedError):
        close(old, account(KEPT), "330", "Again")


@pytest.mark.parametrize("kept", [Account(), account(OLD)], ids=["nobody", "itself"])
def test_it_takes_another_account_in_use(kept: Account) -> None:
    with pytest.raises(InvalidError):
        close(account(OLD), kept, "330", "Registered twice")


def test_an_operators_account_is_not_the_virtual_schools_to_merge() -> None:
    with pytest.raises(RefusedError):
        close(account(OLD, role(OLD, "operator")), account(KEPT), "330", "Registered twice")
