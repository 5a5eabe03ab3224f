"""Every route of meeting- and qa-service, as every role, to every kind of child.

The read models are told directly, by their own handlers; nothing here needs Kafka.
"""

import base64
from typing import Any

import pytest
from access_scene import Scene, bodies

from epep_access.permissions import table
from epep_access.testing import RELATIONS, Relation, Wrong, expected, judged, roles, routes
from epep_runtime.service import Service
from epep_runtime.testing import service_under_test
from meeting_service.main import SERVICE as MEETING
from meeting_service.read_models.peps import PEPS as MEETING_PEPS
from pep_service.profiles.documents_on_disk import shipped_documents
from qa_service.main import SERVICE as QA
from qa_service.read_models.peps import PEPS as QA_PEPS

SECRET = base64.b64encode(bytes(range(32))).decode()


def says(scene: Scene, asked: str, role: str, relation: Relation) -> int | None:
    """Return what the table says of one case."""
    line = table().permission(asked)
    if line.scope == "child":
        if role == "delegate":
            return 404
        return expected(asked, role, relation, scene.by_profile(asked))
    if role not in table().allowed(asked):
        return line.refused
    return None if relation == "own" else 404


CASES = [(MEETING, MEETING_PEPS, {"secret_key": SECRET}), (QA, QA_PEPS, {})]


@pytest.mark.servers
@pytest.mark.parametrize(("made_of", "peps", "settings"), CASES, ids=["meeting", "qa"])
async def test_every_route_does_what_the_table_says(
    made_of: Service,
    peps: Any,
    settings: dict[str, Any],
    database: Any,
    topics: Any,
    kafka_bootstrap: str,
) -> None:
    url, prefix = await database(made_of.name), await topics()
    profile = next(each for each in shipped_documents() if each.code == "330")
    async with service_under_test(
        made_of, url, kafka_bootstrap, prefix, roles="api", **settings
    ) as service:
        scene = Scene(service, peps, profile)
        await scene.make()
        wrong: list[Wrong] = []
        examples, asked_for = bodies(made_of), 0
        for route, asked in routes()[made_of.name].items():
            if asked in {"public", "own"} or route.startswith("GET /board"):
                continue  # the board's own test walks its roles
            child = table().permission(asked).scope == "child"
            for role in roles():
                for relation in RELATIONS if child else ("own", "foreign"):
                    found = await scene.ask(route, role, relation, examples.get(route))
                    wanted = says(scene, asked, role, relation)
                    asked_for += 1
                    if problem := judged(route, role, relation, wanted, found):
                        wrong.append(problem)
        assert wrong == [], f"{len(wrong)} of {asked_for}:\n" + "\n".join(map(str, wrong))
        assert asked_for > 400


def test_uuids_are_no_secrets() -> None:
    """An id that somebody guessed is an unknown one or a stranger's: 404 either way."""
    for permission in table().permissions:
        if table().permission(permission).scope == "child":
            for role in roles():
                stranger = expected(permission, role, "foreign")
                assert stranger == expected(permission, role, "unknown") == 404
