"""An invitation finds its owner: invited by e-mail, or under an account since merged away."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.getting_in import InvitationClaimed
from epep_events.identity import AccountsMerged
from epep_events.meeting import (
    InvitationLinked,
    InvitationResponded,
    InvitationWithdrawn,
    MeetingOrganiserChanged,
)
from epep_events.pep import Invitee
from epep_runtime.testing import eventually
from meeting_service.meetings.meeting import Meeting, evolve
from meeting_service.reactions import accounts_merged
from meeting_service.reactions.invitation_claimed import decide


def claim(meeting: Meeting, invitation_id: UUID, account_id: UUID) -> InvitationClaimed:
    return InvitationClaimed(
        account_id=account_id,
        authority_code="330",
        role="iro",
        invitation_id=invitation_id,
        meeting_id=meeting.meeting_id,
        pep_id=meeting.pep_id,
    )


def test_a_guests_invitation_is_linked_once_and_a_colleagues_never(meeting: Meeting) -> None:
    guest, colleague = meeting.invitations
    mine = uuid4()
    [event] = decide(meeting, claim(meeting, guest.person.invitation_id, mine))
    assert isinstance(event, InvitationLinked)
    linked = evolve(meeting, event)
    assert linked is not None
    assert linked.invitations[0].person.account_id == mine
    assert linked.invitations[1] == colleague
    assert decide(linked, claim(meeting, guest.person.invitation_id, uuid4())) == []
    assert decide(meeting, claim(meeting, colleague.person.invitation_id, mine)) == []
    assert decide(meeting, claim(meeting, uuid4(), mine)) == []
    assert decide(None, claim(meeting, guest.person.invitation_id, mine)) == []


@pytest.mark.servers
async def test_who_makes_an_account_finds_the_invitation_among_their_own(world: Any) -> None:
    organiser = await world.person("social_worker")
    rosa = Invitee(email="rosa@example.org", name="Rosa", role="guest")
    pep_id = await world.pep(organiser, invitees=[rosa])
    shown = await world.view(organiser, pep_id)
    (invitation,) = shown["invitations"]
    guest = await world.person("iro", assigned=False)
    assert (await world.get(guest, "/invitations")).json()["invitations"] == []
    claimed = InvitationClaimed(
        account_id=guest,
        authority_code="330",
        role="iro",
        invitation_id=UUID(invitation["invitation_id"]),
        meeting_id=UUID(shown["meeting_id"]),
        pep_id=pep_id,
    )
    await world.say("identity", f"account-{guest}", claimed)

    async def mine() -> Any:
        return (await world.get(guest, "/invitations")).json()["invitations"]

    (found,) = await eventually(mine)
    assert found["invitation_id"] == invitation["invitation_id"]
    path = f"/invitations/{invitation['invitation_id']}/response"
    answered = await world.change(guest, "POST", path, {"answer": "accepted"})
    assert answered.status_code == 200, answered.text


def test_the_kept_account_answers_for_the_closed_one_unless_it_is_invited_too(
    meeting: Meeting,
) -> None:
    guest, colleague = meeting.invitations
    old, kept = colleague.person.account_id, uuid4()
    assert old is not None
    [event] = accounts_merged.decide(meeting, old, kept)
    linked = evolve(meeting, event)
    assert linked is not None
    assert [each.person.account_id for each in linked.invitations] == [None, kept]
    assert accounts_merged.decide(linked, old, kept) == []
    assert accounts_merged.decide(None, old, kept) == []
    both = evolve(meeting, decide(meeting, claim(meeting, guest.person.invitation_id, kept))[0])
    [ended] = accounts_merged.decide(both, old, kept)
    assert isinstance(ended, InvitationWithdrawn)
    assert ended.accounts_merged
    assert ended.invitation_id == colleague.person.invitation_id
    assert ended.instead_id == guest.person.invitation_id
    one = evolve(both, ended)
    assert one is not None
    assert [each.person.account_id for each in one.invitations] == [kept]
    assert accounts_merged.decide(one, old, kept) == []


@pytest.mark.parametrize("answered", ["kept", "closed", "both", "none"])
def test_of_two_invitations_the_answered_one_stays(meeting: Meeting, answered: str) -> None:
    guest, colleague = meeting.invitations
    old, kept = colleague.person.account_id, uuid4()
    assert old is not None
    own = replace(guest, person=guest.person.model_copy(update={"account_id": kept}))
    if answered in {"kept", "both"}:
        own = replace(own, answer="accepted")
    if answered in {"closed", "both"}:
        colleague = replace(colleague, answer="declined")
    after: Meeting | None = replace(meeting, invitations=(own, colleague))
    for event in accounts_merged.decide(after, old, kept):
        after = evolve(after, event)
    assert after is not None
    (stays,) = after.invitations
    assert stays.person.account_id == kept
    expected = colleague if answered == "closed" else own
    assert (stays.person.invitation_id, stays.answer) == (
        expected.person.invitation_id,
        expected.answer,
    )


def test_the_kept_account_organises_what_the_closed_one_did(
    meeting: Meeting, held: Meeting
) -> None:
    old, kept = meeting.organiser, uuid4()
    assert old is not None
    [event] = accounts_merged.decide(meeting, old, kept)
    assert isinstance(event, MeetingOrganiserChanged)
    assert (event.old_account_id, event.organiser_account_id) == (old, kept)
    changed = evolve(meeting, event)
    assert changed is not None
    assert changed.organiser == kept
    assert accounts_merged.decide(changed, old, kept) == []
    over = replace(held, state="confirmed")
    assert accounts_merged.decide(over, old, kept) == []


@pytest.mark.servers
async def test_after_a_merge_the_kept_account_answers_and_organises(world: Any) -> None:
    old = await world.person("iro")
    kept = await world.person("iro")
    invited = Invitee(account_id=old, name="Iris", role="iro")
    pep_id = await world.pep(old, invitees=[invited])
    assert not (await world.view(kept, pep_id))["may"]["reschedule"]
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code="330", why="Registered twice"
    )
    await world.say("identity", f"account-{old}", merged)

    async def mine() -> Any:
        return (await world.get(kept, "/invitations")).json()["invitations"]

    (found,) = await eventually(mine)
    assert (await world.get(old, "/invitations")).json()["invitations"] == []
    path = f"/invitations/{found['invitation_id']}/response"
    answered = await world.change(kept, "POST", path, {"answer": "declined"})
    assert answered.status_code == 200, answered.text
    [said] = [e for e in await world.service.said(InvitationResponded) if e.data.pep_id == pep_id]
    assert said.data.organiser_account_id == kept

    async def organises() -> Any:
        view = await world.view(kept, pep_id)
        return view if view["may"]["reschedule"] else None

    view = await eventually(organises)
    assert view["may"]["invite"]
    assert view["may"]["cancel"]
    assert not (await world.view(old, pep_id))["may"]["reschedule"]
    off = f"/peps/{pep_id}/meeting/cancellation"
    refused = await world.change(old, "POST", off, {"why": "Snow"}, view["version"])
    assert refused.status_code == 403
    cancelled = await world.change(kept, "POST", off, {"why": "Snow"}, view["version"])
    assert cancelled.status_code == 200, cancelled.text


@pytest.mark.servers
async def test_a_pep_heard_of_after_the_merge_is_the_kept_accounts(world: Any) -> None:
    old, kept = await world.person("iro"), await world.person("iro")
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code="330", why="Registered twice"
    )
    await world.say("identity", f"account-{old}", merged)
    await world.row("SELECT 1 FROM known_people WHERE merged_into = $1", kept)
    pep_id = await world.pep(old, invitees=[Invitee(account_id=old, name="Iris", role="iro")])
    view = await world.view(kept, pep_id)
    assert view["may"]["reschedule"]
    assert [each["account_id"] for each in view["invitations"]] == [str(kept)]
