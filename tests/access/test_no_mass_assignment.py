"""Nothing can be set but what a route asks for: no body takes a field that is not its own."""

from importlib import import_module
from typing import Any

import pytest

SERVICES = ("pep", "meeting", "qa", "notification", "identity")
CLOSED = ("additionalProperties", False)


def reached(schema: Any, schemas: dict[str, Any], seen: dict[str, Any]) -> None:
    """Collect the object models that a request's schema leads to, by name."""
    if isinstance(schema, list):
        for each in schema:
            reached(each, schemas, seen)
    if not isinstance(schema, dict):
        return
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen:
        seen[name] = schemas[name]
        reached(schemas[name], schemas, seen)
    for part in ("properties", "items", "anyOf", "oneOf", "allOf"):
        found = schema.get(part, ())
        reached(list(found.values()) if part == "properties" and found else found, schemas, seen)


@pytest.mark.parametrize("service", SERVICES)
def test_mass_assignment_no_body_takes_a_field_of_another(service: str) -> None:
    document = import_module(f"{service}_service.main").SERVICE.app().openapi()
    schemas, seen = document["components"]["schemas"], dict[str, Any]()
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {})
            reached(content.get("application/json", {}).get("schema"), schemas, seen)
    assert seen
    objects = {name: each for name, each in seen.items() if "properties" in each}
    open_ones = {name for name, each in objects.items() if CLOSED not in each.items()}
    assert open_ones == set()
