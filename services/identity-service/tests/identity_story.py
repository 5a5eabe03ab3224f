"""What a story of getting in needs: an authority that asks, and somebody who reads the mails."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

from identity_door import PASSWORD, Door

from epep_events.base import Event
from epep_events.getting_in import RegistrationStarted
from epep_events.meeting import InvitationIssued, InvitedPerson, When
from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import (
    AuthorityProfile,
    Deadlines,
    Declaration,
    Period,
    Permissions,
    QualityAssurance,
    SignIn,
    SignOff,
)
from epep_events.samples import sample
from epep_runtime.ids import new_id
from epep_runtime.sealing import unseal
from epep_runtime.testing import eventually

E = TypeVar("E", bound=Event)
KEYS = ("authorised_user", "permission", "acceptable_use", "terms", "cookies")
LABELS = {
    "social_worker": "Social Worker",
    "designated_teacher": "Designated Teacher",
    "virtual_school": "Virtual School",
    "carer": "Carer",
    "iro": "Independent Reviewing Officer",
    "young_person": "young person",
}


def declarations(word: str = "I am") -> tuple[Declaration, ...]:
    return tuple(Declaration(key=key, title=key, text=f"{word} … {key}") for key in KEYS)


def profile(code: str, version: int, sign_in: SignIn) -> AuthorityProfile:
    known = sample(AuthorityProfilePublished)
    assert isinstance(known, AuthorityProfilePublished)
    ten = Period(n=10, unit="calendar_days")
    changes: dict[str, Any] = {
        "code": code,
        "name": f"Council {code}",
        "version": version,
        "effective_from": date(2026, 9, 1),
        "labels": LABELS,
        "sign_in": sign_in,
        "sections": (),
        "deadlines": Deadlines(initiate=ten, first_review=ten),
        "sign_off": SignOff(final_role="virtual_school", gates=()),
        "qa": QualityAssurance(mode="after_sign_off", scale=(), areas=()),
        "permissions": Permissions(create_pep=()),
    }
    return known.profile.model_copy(update=changes)


async def adopt(door: Door, code: str, version: int = 1, **sign_in: Any) -> None:
    """Have an authority publish what it asks of people who log in, and wait until it is known."""
    published = AuthorityProfilePublished(profile=profile(code, version, SignIn(**sign_in)))
    await door.service.others.say("pep", f"profile-{code}", published, authority=code)

    async def known() -> bool:
        pool = door.service.process.pool
        found = await pool.fetchval(
            "SELECT profile_version FROM sign_in_rules WHERE authority = $1", code
        )
        return bool(found == version)

    await eventually(known)


CODES = count(500)


def a_code() -> str:
    """Return an authority's code that no other test has had: its rules would still be in force."""
    return str(next(CODES))


async def said(door: Door, kind: type[E], **fields: Any) -> list[E]:
    """Return the events of a kind with these fields, oldest first."""
    found = [each.data for each in await door.service.said(kind)]
    return [
        each
        for each in found
        if isinstance(each, kind)
        and all(getattr(each, name) == value for name, value in fields.items())
    ]


async def mailed(door: Door, kind: type[E], **fields: Any) -> E:
    """Return the newest such event as soon as there is one."""

    async def look() -> E | None:
        found = await said(door, kind, **fields)
        return found[-1] if found else None

    found = await eventually(look)
    assert found is not None
    return found


def opened(door: Door, sealed: str | None) -> str:
    """Return what notification-service would read in a sealed secret."""
    assert sealed is not None
    return unseal(sealed, door.mail_key.as_dict(private=True))


def details(code: str, **changes: Any) -> dict[str, Any]:
    """Return what somebody types who registers for the first time."""
    known = {
        "name": "Zofia Wren",
        "email": f"{uuid4().hex}@fernhallow.example",
        "phone": "01632 960 001",
        "authority": code,
        "role": "designated_teacher",
        "setting_urn": "990105",
    }
    return known | changes


async def link_of(door: Door, typed: dict[str, Any]) -> str:
    """Register and return the token of the mailed link."""
    answer = await door.post("/registrations", typed)
    assert answer.status_code == 202, answer.text
    started = await mailed(door, RegistrationStarted, email=typed["email"])
    return opened(door, started.sealed_token)


async def registered(door: Door, typed: dict[str, Any], password: str = PASSWORD) -> dict[str, Any]:
    """Register, use the link, and return its answer."""
    token = await link_of(door, typed)
    answer = await door.post("/registrations/confirm", {"token": token, "password": password})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def invite(door: Door, email: str, code: str) -> InvitationIssued:
    """Have a meeting's invitation go to an address, and wait until it is known."""
    issued = InvitationIssued(
        meeting_id=new_id(),
        pep_id=new_id(),
        child_id=new_id(),
        child_initials="K.O.",
        person=InvitedPerson(
            invitation_id=new_id(),
            account_id=None,
            email=email,
            name="Zofia Wren",
            role="guest",
            sealed_token="made-up",
        ),
        when=When(
            starts_at=datetime(2026, 12, 3, 10, 30, tzinfo=UTC),
            duration_minutes=60,
            place=None,
            sequence=0,
        ),
        reason="termly",
        contact_name=None,
        contact_phone=None,
    )
    await door.service.others.say("meeting", f"meeting-{issued.meeting_id}", issued, authority=code)

    async def known() -> bool:
        pool = door.service.process.pool
        return bool(await pool.fetchval("SELECT true FROM invited WHERE email = $1", email))

    await eventually(known)
    return issued


class Session:
    """Somebody who is logged in, and asks with their own token."""

    def __init__(self, door: Door, entered: dict[str, Any]) -> None:
        self.door, self.entered = door, entered
        self.account_id = UUID(entered["account"]["id"])
        self.headers = {"Authorization": f"Bearer {entered['access_token']}"}

    async def get(self, path: str) -> Any:
        return await self.door.service.client.get(path, headers=self.headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return await self.door.service.client.post(
            path, json=body or {}, headers=self.headers | headers
        )

    async def put(self, path: str, body: Any) -> Any:
        return await self.door.service.client.put(path, json=body, headers=self.headers)

    async def delete(self, path: str) -> Any:
        return await self.door.service.client.delete(path, headers=self.headers)
