"""Each service with people of several roles and things of theirs, for made-up requests."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from access_scene import NOW, Scene, child_born, pep_begun
from fuzzing import Ground
from identity_door import LIGHT, Clock, Door
from joserfc.jwk import OKPKey

from epep_events.base import Event
from epep_events.envelope import Actor
from epep_events.notification import SealingKeyPublished
from epep_events.pep import MeetingPlan, ProfessionalAssigned
from epep_runtime.event_store import Cause
from epep_runtime.testing import ServiceUnderTest, eventually, service_under_test
from identity_service.main import SERVICE as IDENTITY
from meeting_service.main import SERVICE as MEETING
from meeting_service.read_models.peps import PEPS as MEETING_PEPS
from notification_service.main import SERVICE as NOTIFICATION
from pep_service.children.child import CHILD, child_id_of
from pep_service.main import SERVICE as PEP
from pep_service.peps.pep import PEPS
from pep_service.profiles.documents_on_disk import shipped_documents
from qa_service.main import SERVICE as QA
from qa_service.read_models.peps import PEPS as QA_PEPS

SECRET = base64.b64encode(bytes(range(32))).decode()
ASSIGNED = ("social_worker", "designated_teacher", "coordinator", "iro", "carer", "young_person")
OVERSEEING = ("virtual_school", "auditor")
NOBODY: dict[str, str] = {}
FOR_MAIL = {
    "secret_key": SECRET,
    "portal_url": "https://epep.example",
    "smtp_host": "127.0.0.1",
    "smtp_port": 9,
    "mail_from": "ePEP <no-reply@epep.example>",
}


async def nothing() -> None:
    """Renew nothing."""


async def _append(service: ServiceUnderTest, stream: str, events: list[Event]) -> None:
    process = service.process
    cause = Cause(Actor(id=str(uuid4()), role="virtual_school"), "330", uuid4())
    async with process.pool.acquire() as connection, connection.transaction():
        await process.store.append(connection, stream, 0, events, cause)


class PEPGround:
    """pep-service with a child and a PEP that everybody of 330 has to do with."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self.service = service
        self.accounts = {role: uuid4() for role in (*ASSIGNED, *OVERSEEING)}
        profile = next(each for each in shipped_documents() if each.code == "330")
        pages = [(s.key, p.key) for s in profile.sections for p in s.pages]
        self.profile = profile
        self.ids: dict[str, list[str]] = {
            "account_id": [str(each) for each in self.accounts.values()],
            "authority": ["330"],
            "authority_code": ["330"],
            "code": ["330"],
            "urn": ["990102"],
            "page": [page for _, page in pages],
            "section": sorted({section for section, _ in pages}),
            "role": [*ASSIGNED, *OVERSEEING],
            "relation": ["carer", "parent"],
        }

    async def renew(self) -> None:
        """Make another child with a PEP, and wait until people can reach it."""
        number = f"F{uuid4().hex[:8]}"
        child, pep = child_id_of("330", number), uuid4()
        given: list[Event] = [
            ProfessionalAssigned(child_id=child, account_id=self.accounts[role], role=role)
            for role in ASSIGNED
        ]
        await _append(self.service, CHILD.stream(child), [child_born(child, number), *given])
        reason = self.profile.meeting_reasons[0].value
        plan = MeetingPlan(starts_at=NOW + timedelta(days=9), reason=reason)
        await _append(self.service, PEPS.stream(pep), [pep_begun(pep, child, "330", plan)])
        self.ids |= {"child_id": [str(child)], "pep_id": [str(pep)], "social_care_id": [number]}
        pool = self.service.process.pool

        async def reached() -> bool:
            seen = await pool.fetchval("SELECT 1 FROM access_peps WHERE pep_id = $1", pep)
            known = await pool.fetchval("SELECT 1 FROM children WHERE child_id = $1", child)
            return bool(seen and known)

        await eventually(reached)


@asynccontextmanager
async def pep_ground(url: str, kafka: str, prefix: str) -> AsyncIterator[Ground]:
    """Open pep-service, whole."""
    async with service_under_test(PEP, url, kafka, prefix) as service:
        made = PEPGround(service)
        await made.renew()
        people = {
            role: service.as_person(who, ("330", role)) for role, who in made.accounts.items()
        }
        yield Ground(service, {"nobody": NOBODY, **people}, made.ids, made.renew)


@asynccontextmanager
async def _of_scene(
    of: Any, own: Any, url: str, kafka: str, prefix: str, **more: Any
) -> AsyncIterator[Ground]:
    async with service_under_test(of, url, kafka, prefix, roles="api", **more) as service:
        profile = next(each for each in shipped_documents() if each.code == "330")
        ids: dict[str, list[str]] = {
            "authority": ["330"],
            "area": [each.key for each in profile.qa.areas],
        }
        people: dict[str, dict[str, str]] = {"nobody": NOBODY}

        async def renew() -> None:
            scene = Scene(service, own, profile)
            await scene.make()
            ids["pep_id"] = [str(scene.peps["own"])]
            ids["review_id"] = [str(scene.reviews["own"])]
            for role in ("social_worker", "designated_teacher", "carer", *OVERSEEING):
                people[role] = service.as_person(scene.accounts[role], ("330", role))

        await renew()
        yield Ground(service, people, ids, renew)


def meeting_ground(url: str, kafka: str, prefix: str) -> Any:
    """Open meeting-service with a meeting that everybody of 330 has to do with."""
    return _of_scene(MEETING, MEETING_PEPS, url, kafka, prefix, secret_key=SECRET)


def qa_ground(url: str, kafka: str, prefix: str) -> Any:
    """Open qa-service with an open review of 330."""
    return _of_scene(QA, QA_PEPS, url, kafka, prefix)


@asynccontextmanager
async def notification_ground(url: str, kafka: str, prefix: str) -> AsyncIterator[Ground]:
    """Open notification-service with nothing to send."""
    async with service_under_test(
        NOTIFICATION, url, kafka, prefix, roles="api", **FOR_MAIL
    ) as service:
        people = {role: service.as_person(uuid4(), ("330", role)) for role in ("iro", *OVERSEEING)}
        yield Ground(service, {"nobody": NOBODY, **people}, {}, nothing)


@asynccontextmanager
async def identity_ground(url: str, kafka: str, prefix: str) -> AsyncIterator[Ground]:
    """Open identity-service with people who have logged in."""
    key = OKPKey.generate_key("X25519", {"kid": "mail-1"}, private=True)
    settings = {**LIGHT, "network_failures": 10_000_000, "secret_key": SECRET}
    async with service_under_test(IDENTITY, url, kafka, prefix, **settings) as service:
        public = key.as_dict(private=False)
        await service.others.say(
            "notification", "sealing-keys", SealingKeyPublished(kid="mail-1", jwk=public)
        )
        pool = service.process.pool

        async def keys_are_here() -> bool:
            own = "SELECT count(*) FROM signing_keys JOIN token_keys USING (kid)"
            sealing = await pool.fetchval("SELECT count(*) FROM sealing_keys")
            return bool(sealing and await pool.fetchval(own))

        await eventually(keys_are_here)
        answer = await service.client.get("/livez")
        door = Door(service, Clock(), key, url, SECRET, answer)
        ids: dict[str, list[str]] = {"authority": ["330"], "role": ["iro", "social_worker"]}
        people: dict[str, dict[str, str]] = {"nobody": NOBODY}

        async def renew() -> None:
            found: dict[str, list[str]] = {name: [] for name in ("account_id", "session_id")}
            for role in ("virtual_school", "social_worker", "iro"):
                person = await door.person(f"330:{role}")
                entered = await door.enter(person)
                people[role] = {"Authorization": f"Bearer {entered['access_token']}"}
                found["account_id"].append(str(person.account_id))
                found["session_id"].append(entered["session_id"])
                ids["login_id"] = [await door.login_id(await door.person("330:iro"))]
            ids.update(found)

        await renew()
        yield Ground(service, people, ids, renew)


GROUNDS = {
    "pep": pep_ground,
    "meeting": meeting_ground,
    "qa": qa_ground,
    "notification": notification_ground,
    "identity": identity_ground,
}
