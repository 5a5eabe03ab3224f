"""A role that an invitation gives opens the child of that meeting, and nothing of the authority."""

import pytest

from epep_access.permissions import table
from identity_service.registrations.confirming import GRANTED_TO_INVITED


@pytest.mark.parametrize("role", sorted(GRANTED_TO_INVITED))
def test_it_has_no_permission_in_an_authority_as_such(role: str) -> None:
    wider = [name for name, each in table().permissions.items() if each.scope == "authority"]
    assert [name for name in wider if role in table().allowed(name)] == []
    assert role not in table().authority_wide
