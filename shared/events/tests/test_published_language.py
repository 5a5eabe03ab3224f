"""What has been published never changes shape; what is written here is what is documented."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from epep_events import asyncapi
from epep_events.base import Event
from epep_events.catalog import Catalog, UnknownEventError
from epep_events.cloudevents import from_message, headers_of
from epep_events.contexts import EVENTS_BY_CONTEXT, catalog
from epep_events.envelope import Actor, Metadata
from epep_events.samples import MOMENT, sample

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
ALL = catalog().types()


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type_name())
def test_a_published_version_keeps_its_shape(event: type[Event]) -> None:
    """To publish a new version, raise `schema_version`, add its golden file and an upcaster."""
    file = GOLDEN / f"{event.type_name()}.v{event.schema_version}.json"
    golden = json.loads(file.read_text())
    assert event.model_json_schema(mode="serialization") == golden["schema"]
    assert event.model_validate(golden["example"]).model_dump(mode="json") == golden["example"]


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type_name())
def test_an_event_survives_the_journey_through_kafka(event: type[Event]) -> None:
    data = sample(event)
    meta = Metadata(
        event_id=uuid4(),
        type=event.type_name(),
        schema_version=event.schema_version,
        source="pep",
        stream_id="pep-1",
        stream_version=3,
        occurred_at=MOMENT,
        authority="330",
        actor=Actor(id="a", role="social_worker", on_behalf_of="b"),
        correlation_id=uuid4(),
        causation_id=uuid4(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    found = from_message(catalog(), headers_of(meta, 7), data.model_dump_json().encode(), {})
    assert (found.data, found.meta, found.publication) == (data, meta, 7)


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type_name())
def test_every_event_says_when_it_is_said(event: type[Event]) -> None:
    assert (event.__doc__ or "").strip().startswith("Said ")
    assert event.model_config.get("frozen") is True


def test_the_asyncapi_document_is_current() -> None:
    """Mend with: python -m epep_events.asyncapi > docs/asyncapi.json."""
    assert (ROOT / "docs/asyncapi.json").read_bytes() == asyncapi.text()


def test_the_asyncapi_document_refers_to_nothing_that_is_missing() -> None:
    document = asyncapi.document()
    missing = [ref for ref in _refs(document) if not _resolves(document, ref)]
    assert missing == []
    said = {event.type_name() for events in EVENTS_BY_CONTEXT.values() for event in events}
    assert set(document["components"]["messages"]) == said


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _refs(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _refs(value)]
    return []


def _resolves(document: Any, ref: str) -> bool:
    for part in ref.removeprefix("#/").split("/"):
        if part not in document:
            return False
        document = document[part]
    return True


class Moved(Event):
    """Said when something moved."""

    schema_version = 2

    where: str


def _moved_v1(document: dict[str, Any]) -> dict[str, Any]:
    return {"where": document["place"]}


def test_an_old_version_is_read_as_the_newest() -> None:
    known = Catalog([Moved], {("Moved", 1): _moved_v1})
    assert known.read("Moved", 1, {"place": "here"}) == Moved(where="here")
    assert known.read("Moved", 2, {"where": "here"}) == Moved(where="here")


def test_a_gap_in_the_versions_is_refused_at_start_up() -> None:
    with pytest.raises(ValueError, match="no upcaster from version 1"):
        Catalog([Moved])


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two events"):
        Catalog([Moved, Moved], {("Moved", 1): _moved_v1})


@pytest.mark.parametrize(("name", "version"), [("Moved", 3), ("Moved", 0), ("Vanished", 1)])
def test_an_unknown_event_is_not_guessed(name: str, version: int) -> None:
    known = Catalog([Moved], {("Moved", 1): _moved_v1})
    with pytest.raises(UnknownEventError):
        known.read(name, version, orjson.loads(b"{}"))
