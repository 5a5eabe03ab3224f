"""People of every role around children of every relation, in pep-service."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from epep_access.permissions import table
from epep_events.access import CoverArranged, DelegateAppointed
from epep_events.pep import ProfessionalUnassigned
from epep_runtime.testing import eventually
from pep_service.children.child import CHILD
from pep_service.peps.pep import PEPS

NOT_ASSIGNED = frozenset({"delegate", "auditor", "virtual_school", "virtual_school_head"})
HOUR = timedelta(hours=1)


@dataclass
class Cast:
    """Accounts and headers by role; a child and its PEP by relation."""

    world: Any
    story: Any
    accounts: dict[str, UUID]
    headers: dict[str, dict[str, str]]
    children: dict[str, UUID]
    peps: dict[str, UUID]
    imports: dict[str, UUID]
    covers: dict[str, UUID]
    number: str

    @property
    def client(self) -> httpx.AsyncClient:
        """Return the service's client."""
        found: httpx.AsyncClient = self.world.service.client
        return found


async def _pep(world: Any, story_type: Any, child_id: UUID, profile: Any) -> UUID:
    story = story_type(profile, child_id=child_id).begun()
    await world.append(PEPS.stream(story.pep_id), 0, story.events, profile.code)
    found: UUID = story.pep_id
    return found


async def _import(world: Any, code: str) -> UUID:
    import_id = uuid4()
    await world.service.process.pool.execute(
        "INSERT INTO imports (import_id, authority, made_by, made_at, fingerprint, new, changed,"
        " unchanged, refused) VALUES ($1, $2, $3, now(), '', 0, 0, 0, 0)",
        import_id,
        code,
        uuid4(),
    )
    return import_id


async def _cover(world: Any, code: str) -> UUID:
    now = datetime.now(UTC)
    said = CoverArranged(
        cover_id=uuid4(),
        authority_code=code,
        account_id=uuid4(),
        covered_id=None,
        setting_urn="123456",
        role="designated_teacher",
        since=now,
        until=now + HOUR,
        reason="Leave",
    )
    await world.append(f"cover-{said.cover_id}", 0, [said], code)
    return said.cover_id


async def make_cast(world: Any) -> Cast:
    """Make an account for each role in 330, and children of each relation with a PEP each."""
    profiles, story_type = world.profiles, world.story_type
    accounts = {role: await world.person(f"{role} one", ("330", role)) for role in table().titles}
    given = [(who, role) for role, who in accounts.items() if role not in NOT_ASSIGNED]
    children = {
        "own": await world.child("330", *given),
        "other": await world.child("330"),
        "foreign": await world.child("998"),
        "former": await world.child("330", *given),
        "unknown": uuid4(),
    }
    ended = [
        ProfessionalUnassigned(child_id=children["former"], account_id=who, role=role)
        for who, role in given
    ]
    stream = CHILD.stream(children["former"])
    await world.append(stream, 2 + len(given), ended, "330")
    now = datetime.now(UTC)
    delegation = DelegateAppointed(
        delegation_id=uuid4(),
        account_id=accounts["delegate"],
        appointed_by=accounts["designated_teacher"],
        appointed_as="designated_teacher",
        children=None,
        since=now - HOUR,
        until=now + HOUR,
    )
    await world.append(f"delegation-{delegation.delegation_id}", 0, [delegation], "330")
    peps = {
        name: await _pep(world, story_type, child, profiles["998" if name == "foreign" else "330"])
        for name, child in children.items()
        if name != "unknown"
    }
    cast = Cast(
        world,
        story_type(profiles["330"], child_id=children["own"]).begun(),
        accounts,
        {role: world.headers(who) for role, who in accounts.items()},
        children,
        {**peps, "unknown": uuid4()},
        {"own": await _import(world, "330"), "foreign": await _import(world, "998")},
        {"own": await _cover(world, "330"), "foreign": await _cover(world, "998")},
        await world.service.process.pool.fetchval(
            "SELECT social_care_id FROM children WHERE child_id = $1", children["own"]
        ),
    )

    async def settled() -> bool:
        sql = (
            "SELECT (SELECT count(*) FROM access_people WHERE child_id = $1 AND until IS NOT NULL)"
            " + (SELECT count(*) FROM access_standins WHERE account_id = $2)"
            " + (SELECT count(*) FROM known_roles WHERE account_id = ANY($3))"
        )
        found = await world.service.process.pool.fetchval(
            sql, children["former"], accounts["delegate"], list(accounts.values())
        )
        return bool(found == len(given) + 1 + len(accounts))

    await eventually(settled)
    return cast
