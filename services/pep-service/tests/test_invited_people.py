"""Who was invited by e-mail and then made an account sees the child they were invited for."""

from typing import Any
from uuid import uuid4

import pytest
from test_pep_journeys import begin

from epep_events.getting_in import InvitationClaimed
from epep_runtime.testing import eventually

pytestmark = pytest.mark.servers


async def test_an_invited_person_with_a_new_account_sees_that_child_and_no_other(
    world: Any,
) -> None:
    people, child_id, pep_id = await begin(world, "998", "social_worker")
    other = await world.child("998", (people["social_worker"], "social_worker"))
    guest = await world.person("Rosa Hill", ("998", "iro"))
    assert (await world.get(guest, f"/children/{child_id}")).status_code == 404
    for authority in ("330", "998"):  # only the authority that invited can let somebody in
        claimed = InvitationClaimed(
            account_id=guest,
            authority_code=authority,
            role="iro",
            invitation_id=uuid4(),
            meeting_id=uuid4(),
            pep_id=pep_id,
        )
        await world.service.others.say("identity", f"account-{guest}", claimed, authority=authority)

    async def sees() -> bool:
        return bool((await world.get(guest, f"/children/{child_id}")).status_code == 200)

    assert await eventually(sees)
    assert (await world.get(guest, f"/children/{other}")).status_code == 404
