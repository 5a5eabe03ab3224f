"""A real route whose check has been forgotten still shows no row of another authority.

The check is taken out of every module that has it: whoever asks counts as the virtual school of
the child's authority. On a database that a plain role owns, as in production, PostgreSQL's row
security alone is left. Of pep-service it is the routes that read what the check itself reads; its
other tables are asked in its own test_pep_row_security.py.
"""

import base64
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from access_scene import SURNAME, Scene

from epep_access import checking
from epep_access.checking import Acting
from epep_access.permissions import table
from epep_access.testing import routes
from epep_local.databases import create_database, drop_database
from epep_runtime.service import Service
from epep_runtime.testing import service_under_test
from meeting_service.main import SERVICE as MEETING
from meeting_service.read_models.peps import PEPS as MEETING_PEPS
from pep_service.main import SERVICE as PEP
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.read_models.children import CHILDREN
from qa_service.main import SERVICE as QA
from qa_service.read_models.peps import PEPS as QA_PEPS

SECRET = base64.b64encode(bytes(range(32))).decode()
CASES = [
    (MEETING, (MEETING_PEPS,), {"secret_key": SECRET}),
    (QA, (QA_PEPS,), {}),
    (PEP, (CHILDREN,), {}),
]
ASKED_HERE = {"pep": {"GET /children/{child_id}", "GET /children/{child_id}/access"}}
"""Routes by service; of a service that is not named, all."""
EVERYTHING = frozenset({"virtual_school"})


def _let_in(child_id: UUID) -> Acting:
    return Acting(child_id, "330", EVERYTHING, dict.fromkeys(EVERYTHING, "authority"))


async def _for_child(_database: Any, _principal: Any, child_id: UUID, _kept: Any = None) -> Acting:
    return _let_in(child_id)


async def _for_pep(database: Any, _principal: Any, pep_id: UUID, _kept: Any = None) -> Acting:
    sql = "SELECT child_id FROM access_peps WHERE pep_id = $1"
    return _let_in(await database.fetchval(sql, pep_id) or uuid4())


def forget_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the check in every module that has imported it."""
    forgotten: dict[str, Any] = {"acting_for_child": _for_child, "acting_for_pep": _for_pep}
    for name, instead in forgotten.items():
        real = getattr(checking, name)
        for module in list(sys.modules.values()):
            if vars(module).get(name) is real:
                monkeypatch.setattr(module, name, instead)


@asynccontextmanager
async def owned_by_nobody_special(backends: Any, word: str) -> AsyncIterator[str]:
    """A database whose owner is no superuser: those are above row security."""
    name = f"test_{word}_{uuid4().hex[:12]}"
    url = await create_database(backends.postgres_admin_url, name, name, "made-up")
    try:
        yield url
    finally:
        await drop_database(backends.postgres_admin_url, name, name)


@pytest.mark.servers
@pytest.mark.parametrize(("made_of", "own", "settings"), CASES, ids=["meeting", "qa", "pep"])
async def test_a_route_without_its_check_finds_no_row_of_another_authority(
    made_of: Service,
    own: Any,
    settings: dict[str, Any],
    backends: Any,
    topics: Any,
    keyring_url: str,
    kafka_bootstrap: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert keyring_url
    prefix = await topics()
    profile = next(each for each in shipped_documents() if each.code == "330")
    async with (
        owned_by_nobody_special(backends, made_of.name) as url,
        service_under_test(
            made_of, url, kafka_bootstrap, prefix, roles="api", **settings
        ) as service,
    ):
        scene = Scene(service, own, profile)
        await scene.make()
        forget_the_check(monkeypatch)
        shown = 0
        for route, asked in routes()[made_of.name].items():
            line = table().permissions.get(asked)
            if line is None or line.scope != "child" or not route.startswith("GET "):
                continue
            if route not in ASKED_HERE.get(made_of.name, {route}):
                continue
            path = route.removeprefix("GET ").format(
                child_id=scene.children["own"], pep_id=scene.peps["own"], page="about_views"
            )
            stranger = service.as_person(uuid4(), ("998", "virtual_school"))
            theirs = await service.client.get(path, headers=stranger)
            ours = service.as_person(uuid4(), ("330", "virtual_school"))
            known = await service.client.get(path, headers=ours)
            assert known.status_code == 200, (route, known.text)
            shown += known.text != theirs.text
            assert SURNAME not in theirs.text, route
            assert str(scene.peps["own"]) not in theirs.text, route
            assert theirs.status_code == 404, route
        assert shown
