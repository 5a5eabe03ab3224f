"""Two accounts become one: delegations and covers of the closed one are then the kept one's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from epep_events.access import CoverArranged, CoverEnded, DelegateAppointed, DelegationEnded
from epep_events.identity import AccountsMerged
from epep_runtime.testing import eventually
from pep_service.access.covers import Cover
from pep_service.access.delegations import Delegation
from pep_service.children import child as children
from pep_service.reactions.merged_standins import (
    appointed_again,
    arranged_again,
    end_cover,
    end_delegation,
    new_id_of,
)

OLD, KEPT, OTHER, ID, CHILD = (UUID(int=n) for n in range(1, 6))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
LAST = NOW + timedelta(days=30)


def delegation(account: UUID, by: UUID, until: datetime = LAST) -> Delegation:
    return Delegation(
        DelegateAppointed(
            delegation_id=ID,
            account_id=account,
            appointed_by=by,
            appointed_as="designated_teacher",
            children=(CHILD,),
            since=NOW - timedelta(days=2),
            until=until,
        )
    )


def cover(account: UUID, covered: UUID | None, until: datetime = LAST) -> Cover:
    return Cover(
        CoverArranged(
            cover_id=ID,
            authority_code="330",
            account_id=account,
            covered_id=covered,
            setting_urn=None if covered else "900001",
            role="designated_teacher",
            since=NOW,
            until=until,
            reason="Leave",
        )
    )


@pytest.mark.parametrize(
    ("account", "by", "account_after", "by_after"),
    [(OLD, OTHER, KEPT, OTHER), (OTHER, OLD, OTHER, KEPT)],
    ids=["the delegate", "the teacher"],
)
def test_a_delegation_goes_on_for_the_same_children_and_days(
    account: UUID, by: UUID, account_after: UUID, by_after: UUID
) -> None:
    before = delegation(account, by)
    assert before.appointed is not None
    changes = {"account_id": account_after, "appointed_by": by_after}
    changes["delegation_id"] = new_id_of(ID, KEPT)
    assert appointed_again(before, OLD, KEPT, NOW) == before.appointed.model_copy(update=changes)
    ended = DelegationEnded(delegation_id=ID, account_id=account, ended_by=KEPT)
    assert end_delegation(before, KEPT, NOW) == [ended]


@pytest.mark.parametrize(
    ("account", "covered", "account_after", "covered_after"),
    [(OLD, None, KEPT, None), (OLD, OTHER, KEPT, OTHER), (OTHER, OLD, OTHER, KEPT)],
    ids=["covers a school", "covers somebody", "is covered"],
)
def test_a_cover_goes_on_with_its_days_and_reason(
    account: UUID, covered: UUID | None, account_after: UUID, covered_after: UUID | None
) -> None:
    before = cover(account, covered)
    assert before.arranged is not None
    changes = {"account_id": account_after, "covered_id": covered_after}
    again = arranged_again(before, OLD, KEPT, NOW)
    new_id = {"cover_id": new_id_of(ID, KEPT)}
    assert again == before.arranged.model_copy(update=changes | new_id)
    ended = CoverEnded(cover_id=ID, authority_code="330", account_id=account)
    assert end_cover(before, NOW) == [ended]


def test_nobody_stands_in_for_themselves() -> None:
    for account, other in ((OLD, KEPT), (KEPT, OLD)):
        assert appointed_again(delegation(account, other), OLD, KEPT, NOW) is None
        assert arranged_again(cover(account, other), OLD, KEPT, NOW) is None
        assert end_delegation(delegation(account, other), KEPT, NOW)
        assert end_cover(cover(account, other), NOW)


def test_what_is_over_stays_as_it_was() -> None:
    gone = delegation(OLD, OTHER, NOW), Delegation(delegation(OLD, OTHER).appointed, ended=True)
    for state in gone:
        assert appointed_again(state, OLD, KEPT, NOW) is None
        assert end_delegation(state, KEPT, NOW) == []
    covers = cover(OLD, OTHER, NOW), Cover(cover(OLD, OTHER).arranged, ended=True)
    for each in covers:
        assert arranged_again(each, OLD, KEPT, NOW) is None
        assert end_cover(each, NOW) == []


async def _given(world: Any, twice: UUID, helper: UUID, colleague: UUID) -> None:
    """Have the person help somebody and be helped, and cover for a colleague."""
    now = datetime.now(UTC)
    days = {"since": now, "until": now + timedelta(days=30)}
    told = {"appointed_as": "designated_teacher", "children": None, **days}
    helps = DelegateAppointed(delegation_id=uuid4(), account_id=helper, appointed_by=twice, **told)
    helped = DelegateAppointed(
        delegation_id=uuid4(), account_id=twice, appointed_by=colleague, **told
    )
    for each in (helps, helped):  # said by no authority, as the command says it
        await world.append(f"delegation-{each.delegation_id}", 0, [each], None)
    covers = CoverArranged(
        cover_id=uuid4(),
        authority_code="330",
        account_id=twice,
        covered_id=colleague,
        setting_urn=None,
        role="designated_teacher",
        reason="Leave",
        **days,
    )
    await world.append(f"cover-{covers.cover_id}", 0, [covers], "330")


@pytest.mark.servers
async def test_children_delegates_and_cover_follow_to_the_kept_account(world: Any) -> None:
    teacher = ("330", "designated_teacher")
    old, kept = [await world.person("Tess Twice", teacher) for _ in range(2)]
    helper, colleague = await world.person("Harry"), await world.person("Cora", teacher)
    school = await world.person("Nia North", ("998", "virtual_school"))
    own = await world.child("998", (old, "designated_teacher"))
    theirs = await world.child("330", (colleague, "designated_teacher"))
    await _given(world, old, helper, colleague)
    pool, say = world.service.process.pool, world.service.others.say
    sql = "SELECT count(*) FROM access_standins WHERE $1 IN (account_id, for_account)"

    async def stands_in() -> bool:
        return bool(await pool.fetchval(sql, old) == 3)

    await eventually(stands_in)
    merged = AccountsMerged(
        account_id=old, into_account_id=kept, authority_code="330", why="Registered twice"
    )
    await say("identity", f"account-{old}", merged, authority="330")
    sees = "SELECT basis FROM access_relations() WHERE account_id = $1 AND child_id = $2"

    async def bases(who: UUID, child: UUID) -> set[str]:
        live = f"{sees} AND since <= now() AND (until IS NULL OR until > now())"
        return {row["basis"] for row in await pool.fetch(live, who, child)}

    async def followed() -> bool:
        return (
            await bases(kept, own) == {"allocated"}
            and await bases(kept, theirs) == {"delegation", "cover"}
            and await bases(helper, own) == {"delegation"}
            and not await bases(old, own)
            and not await bases(old, theirs)
        )

    await eventually(followed)
    listed = (await world.get(kept, "/delegations")).json()
    assert [each["account"]["account_id"] for each in listed["given"]] == [str(helper)]
    ended = await world.send(
        kept, "POST", f"/delegations/{listed['given'][0]['delegation_id']}/end", {}
    )
    assert ended.status_code == 200, ended.text
    # What was said of the other authority's child is within that authority: its people go on.
    shown = await world.get(school, f"/children/{own}/access")
    assert shown.json()["version"] == 5, shown.text
    stream = children.CHILD.stream(own)
    where = await pool.fetch("SELECT DISTINCT authority FROM events WHERE stream_id = $1", stream)
    assert [row["authority"] for row in where] == ["998"]
