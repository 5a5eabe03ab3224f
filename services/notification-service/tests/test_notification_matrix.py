"""Every route of notification-service is everybody's own: each role sees and changes only that."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from access_scene import bodies

from epep_access.testing import Wrong, judged, roles, routes
from epep_events.envelope import Actor, Metadata
from epep_events.notification import NotificationRequested
from epep_events.samples import sample
from epep_runtime.testing import ServiceUnderTest
from notification_service.main import SERVICE
from notification_service.notifications.notification import NOTIFICATION
from notification_service.read_models.messages import MESSAGES

pytestmark = pytest.mark.servers
RELATIONS = ("own", "foreign", "unknown")


async def message_to(service: ServiceUnderTest, account_id: UUID) -> UUID:
    """Put a message into the read model, by its own handler."""
    asked = sample(NotificationRequested).model_copy(
        update={"notification_id": uuid4(), "account_id": account_id, "kind": "feedback"}
    )
    assert isinstance(asked, NotificationRequested)
    meta = Metadata(
        event_id=uuid4(),
        type=asked.type_name(),
        schema_version=asked.schema_version,
        source="notification",
        stream_id=NOTIFICATION.stream(asked.notification_id),
        stream_version=1,
        occurred_at=datetime.now(UTC),
        authority="330",
        actor=Actor(id="system:notification", role="system"),
        correlation_id=uuid4(),
    )
    async with service.process.pool.acquire() as connection:
        await MESSAGES.handles[NotificationRequested](connection, asked, meta)
    return asked.notification_id


async def ask(service: ServiceUnderTest, route: str, who: UUID, role: str, body: Any) -> Any:
    method, path = route.split(" ")
    headers = service.as_person(who, ("330", role))
    if method == "PUT":
        headers["If-Match"] = '"0"'
    return await service.client.request(method, path, headers=headers, json=body)


async def test_every_route_gives_each_role_its_own_things_and_nobody_else_s(
    service: ServiceUnderTest,
) -> None:
    walked, examples = routes()["notification"], bodies(SERVICE)
    assert set(walked.values()) == {"own"}, "walk what asks for a permission by its table, too"
    wrong, asked_for = list[Wrong](), 0
    stranger = uuid4()
    theirs = await message_to(service, stranger)
    for role in roles():
        me = uuid4()
        ids = {"own": await message_to(service, me), "foreign": theirs, "unknown": uuid4()}
        for route in walked:
            named = "notification_ids" in (examples.get(route) or {})
            for relation in RELATIONS if named else ("own",):
                known = [str(ids[relation])]
                body = {"notification_ids": known} if named else examples.get(route)
                answer = await ask(service, route, me, role, body)
                asked_for += 1
                expected = None if relation == "own" else 404
                if problem := judged(route, role, relation, expected, answer.status_code):
                    wrong.append(problem)
        listed = (await ask(service, "GET /messages", me, role, None)).json()
        assert [each["notification_id"] for each in listed["messages"]] == [str(ids["own"])], role
    assert wrong == [], f"{len(wrong)} of {asked_for}:\n" + "\n".join(map(str, wrong))
    assert asked_for == len(roles()) * (len(walked) + 2)
    left = (await ask(service, "GET /messages/unread", stranger, "carer", None)).json()
    assert left == {"unread": 1}
    untouched = await ask(service, "GET /preferences", stranger, "carer", None)
    assert (untouched.json()["version"], untouched.headers["etag"]) == (0, '"0"')


async def test_nobody_gets_in_without_a_token(service: ServiceUnderTest) -> None:
    examples = bodies(SERVICE)
    for route in routes()["notification"]:
        method, path = route.split(" ")
        answer = await service.client.request(method, path, json=examples.get(route))
        assert answer.status_code == 401, route
