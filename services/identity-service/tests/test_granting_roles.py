"""Roles given and taken by a virtual school: given an account, when told so, then these events."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from epep_events.identity import RoleGranted, RoleRevoked, UserRegistered
from epep_runtime.problems import InvalidError, NotFoundError
from identity_service.accounts.account import ACCOUNT, Account
from identity_service.accounts.granting import GrantRole, RevokeRole, grant, revoke

WHO = UUID(int=7)
JO = ACCOUNT.evolve(Account(), UserRegistered(account_id=WHO, name="Jo", email="jo@x.example"))


def told(**more: Any) -> GrantRole:
    return GrantRole.model_validate({"authority": "330", "role": "designated_teacher", **more})


def test_a_role_has_its_school_and_its_days() -> None:
    wanted = told(setting_urn="900001", held_from="2026-09-01", held_to="2027-07-20")
    said = RoleGranted(
        account_id=WHO,
        authority_code="330",
        role="designated_teacher",
        setting_urn="900001",
        held_from=date(2026, 9, 1),
        held_to=date(2027, 7, 20),
    )
    assert grant(JO, wanted) == [said]


def test_the_same_role_again_is_one_role_with_other_days() -> None:
    account = JO
    for last in ("2026-12-31", "2027-07-20"):
        for event in grant(account, told(held_to=last)):
            account = ACCOUNT.evolve(account, event)
    assert len(account.grants) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"role": "operator"}, "unknown"),
        ({"role": "delegate"}, "unknown"),
        ({"role": "social_worker", "setting_urn": "900001"}, "unfit"),
        ({"held_from": "2026-09-02", "held_to": "2026-09-01"}, "before-start"),
    ],
)
def test_what_is_no_grant_is_refused(more: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        grant(JO, told(**more))
    assert [each.code for each in refused.value.errors] == [code]


def test_only_a_role_that_is_held_ends() -> None:
    wanted = RevokeRole(authority="330", role="designated_teacher")
    with pytest.raises(NotFoundError):
        revoke(JO, wanted)
    account = ACCOUNT.evolve(JO, grant(JO, told())[0])
    said = RoleRevoked(account_id=WHO, authority_code="330", role="designated_teacher")
    assert revoke(account, wanted) == [said]
    with pytest.raises(NotFoundError):
        grant(Account(), told())
