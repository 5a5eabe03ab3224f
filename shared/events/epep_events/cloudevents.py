"""How an event travels on Kafka: a CloudEvent 1.0 in binary content mode.

The key is the stream id, the value the event's JSON, and everything else a `ce_` header, so that
a consumer can route, trace and drop duplicates without opening the payload.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import orjson

from epep_events.catalog import Catalog
from epep_events.envelope import Actor, Metadata, Recorded
from epep_events.sealed_fields import Keys, open_sealed, sealed_slots

Headers = list[tuple[str, bytes]]


def headers_of(meta: Metadata, publication: int) -> Headers:
    """Return the CloudEvents headers of an event; extension names are lower case by the spec."""
    values: dict[str, str | None] = {
        "ce_specversion": "1.0",
        "ce_id": str(meta.event_id),
        "ce_type": meta.type,
        "ce_source": f"/epep/{meta.source}",
        "ce_subject": meta.stream_id,
        "ce_time": meta.occurred_at.isoformat(),
        "content-type": "application/json",
        "ce_schemaversion": str(meta.schema_version),
        "ce_streamversion": str(meta.stream_version),
        "ce_sourceposition": str(publication),
        "ce_authority": meta.authority,
        "ce_actorid": meta.actor.id,
        "ce_actorrole": meta.actor.role,
        "ce_onbehalfof": meta.actor.on_behalf_of,
        "ce_correlationid": str(meta.correlation_id),
        "ce_causationid": str(meta.causation_id) if meta.causation_id else None,
        "traceparent": meta.traceparent,
    }
    return [(name, value.encode()) for name, value in values.items() if value is not None]


def envelope_from(headers: Iterable[tuple[str, bytes]]) -> tuple[Metadata, int]:
    """Read a Kafka message's headers: the envelope and the publication number.

    Raises KeyError, ValueError.
    """
    found = {name: raw.decode() for name, raw in headers}
    meta = Metadata(
        event_id=UUID(found["ce_id"]),
        type=found["ce_type"],
        schema_version=int(found["ce_schemaversion"]),
        source=found["ce_source"].removeprefix("/epep/"),
        stream_id=found["ce_subject"],
        stream_version=int(found["ce_streamversion"]),
        occurred_at=datetime.fromisoformat(found["ce_time"]),
        authority=found.get("ce_authority"),
        actor=Actor(
            id=found["ce_actorid"],
            role=found["ce_actorrole"],
            on_behalf_of=found.get("ce_onbehalfof"),
        ),
        correlation_id=UUID(found["ce_correlationid"]),
        causation_id=UUID(found["ce_causationid"]) if "ce_causationid" in found else None,
        traceparent=found.get("traceparent"),
    )
    return meta, int(found["ce_sourceposition"])


def from_message(
    catalog: Catalog, headers: Iterable[tuple[str, bytes]], value: bytes, keys: Keys
) -> Recorded:
    """Read a Kafka message back into an event, opened with its subjects' keys.

    Raises UnknownEventError, KeyError, ValueError, SealBrokenError, KeyMissingError.
    """
    meta, publication = envelope_from(headers)
    document = orjson.loads(value)
    erased = open_sealed(sealed_slots(document), meta.event_id, keys)
    data = catalog.read(meta.type, meta.schema_version, document)
    return Recorded(data, meta, publication, erased)
