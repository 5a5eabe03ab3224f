"""The AsyncAPI 3 document of all topics, made from the events themselves.

`python -m epep_events.asyncapi` prints it; `docs/asyncapi.json` is its last print.
"""

import hashlib
import inspect
import sys
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_events.base import ERASED, Event
from epep_events.contexts import EVENTS_BY_CONTEXT
from epep_events.samples import sample
from epep_events.sealed_fields import plan_of, seal, slots_to_seal

REF = "#/components/schemas/{model}"
HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, binary content mode.",
    "required": ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_schemaversion"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_type": {"type": "string", "description": "The event's name."},
        "ce_source": {"type": "string", "description": "`/epep/<context>`."},
        "ce_subject": {"type": "string", "description": "The stream; also the message's key."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_schemaversion": {"type": "string", "description": "Version of the payload, from 1."},
        "ce_streamversion": {"type": "string", "description": "Place in the stream, from 1."},
        "ce_sourceposition": {
            "type": "string",
            "description": "Publication number: rises strictly; a repeated message has it again.",
        },
        "ce_authority": {"type": "string", "description": "DfE code of the authority, if any."},
        "ce_actorid": {"type": "string"},
        "ce_actorrole": {"type": "string"},
        "ce_onbehalfof": {"type": "string"},
        "ce_correlationid": {"type": "string", "format": "uuid"},
        "ce_causationid": {"type": "string", "format": "uuid"},
        "traceparent": {"type": "string"},
    },
}

SEALED: dict[str, Any] = {
    "type": "object",
    "description": "A personal value, AES-256-GCM under its subject's key: base64url of nonce (12"
    " bytes), ciphertext and tag. It opens to JSON, and is bound to `<event id>/<path in the"
    f" payload>`. Without the key it reads as `erased`, which is `{ERASED}` where it is not given.",
    "required": ["sealed", "subject"],
    "properties": {
        "sealed": {"type": "string"},
        "subject": {"type": "string", "format": "uuid"},
        "erased": {},
    },
    "additionalProperties": False,
}
EXAMPLE_ID = UUID("0192f0a0-0000-7000-8000-000000000001")


def document() -> dict[str, Any]:
    """Return the whole document: a channel a context, a message an event."""
    schemas: dict[str, Any] = {"CloudEventHeaders": HEADERS, "Sealed": SEALED}
    messages: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for context, events in EVENTS_BY_CONTEXT.items():
        for event in events:
            schemas.update(_schemas(event))
            messages[event.type_name()] = _message(event)
        channels[context] = _channel(context, events)
        operations[f"{context}Says"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{context}"},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "ePEP events", "version": "1", "description": inspect.getdoc(Event)},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _schemas(event: type[Event]) -> dict[str, Any]:
    schema = event.model_json_schema(ref_template=REF, mode="serialization")
    parts: dict[str, Any] = schema.pop("$defs", {})
    found: dict[str, Any] = {**parts, event.type_name(): schema}
    return {name: _as_published(part) for name, part in found.items()}


def _as_published(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the sealed form of personal values; `x-opened` is the value's own."""
    fields = schema.get("properties", {})
    told = {name: _sealed(field) if "x-personal-data" in field else field
            for name, field in fields.items()}  # fmt: skip
    return schema | {"properties": told} if told else schema


def _sealed(field: dict[str, Any]) -> dict[str, Any]:
    opened = {name: value for name, value in field.items() if name != "x-personal-data"}
    return {
        "anyOf": [{"$ref": REF.format(model="Sealed")}, {"type": "null"}],
        "x-personal-data": field["x-personal-data"],
        "x-opened": opened,
    }


def _example(event: type[Event]) -> dict[str, Any]:
    """Return the sample as it is published, sealed under a made-up key that is the same for all."""
    payload = sample(event).model_dump(mode="json")
    slots = slots_to_seal(plan_of(event), payload, str(EXAMPLE_ID))
    key = AESGCM(hashlib.sha256(b"made up").digest())
    seal(slots, EXAMPLE_ID, dict.fromkeys((slot.subject for slot in slots), key), bytes)
    return payload


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type_name(),
        "title": event.type_name(),
        "summary": inspect.getdoc(event),
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{event.type_name()}"},
        "examples": [{"payload": _example(event)}],
        "x-schema-version": event.schema_version,
    }


def _channel(context: str, events: tuple[type[Event], ...]) -> dict[str, Any]:
    names = [event.type_name() for event in events]
    return {
        "address": context,
        "description": f"What {context}-service says, keyed by stream, kept for ever.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def text() -> bytes:
    """Return the document as it stands in the repository."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(text())
