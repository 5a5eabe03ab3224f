"""Each service's OpenAPI document is whole: a stranger could write a client from it."""

from importlib import import_module
from typing import Any

import pytest

from epep_runtime.http import openapi_of

SERVICES = ("pep", "meeting", "qa", "identity", "notification")
CHANGING = {"post", "put", "delete"}
PUBLIC = (
    "/logins",
    "/tokens",
    "/sessions",
    "/invitation-links",
    "/registration-options",
    "/registrations",
    "/links",
    "/forgotten-",
    "/email-changes",
)


def operations(service: str) -> list[tuple[str, str, Any, Any]]:
    document = openapi_of(import_module(f"{service}_service.main").SERVICE.app())
    return [
        (method, path, operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_says_what_it_does_and_what_can_go_wrong(service: str) -> None:
    for method, path, operation, _ in operations(service):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        assert operation.get("description"), where
        problems = [code for code in operation["responses"] if code.startswith("4")]
        assert {"401", "404", "422"} <= set(problems), where
        for code in problems:
            assert "application/problem+json" in operation["responses"][code]["content"], where
        if path.startswith(PUBLIC):
            assert "security" not in operation, where
        else:
            assert operation["security"], where


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_has_a_shape(service: str) -> None:
    for method, path, operation, _ in operations(service):
        good = [each for code, each in operation["responses"].items() if code.startswith("2")]
        assert good, path
        for answer in good:
            for kind, content in answer.get("content", {}).items():
                if kind == "application/json":
                    assert content["schema"], f"{method} {path}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_has_an_example_that_fits(service: str) -> None:
    for method, path, operation, document in operations(service):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind != "application/json":
                continue
            name = content["schema"]["$ref"].rsplit("/", 1)[-1]
            schema = document["components"]["schemas"][name]
            assert schema.get("examples"), f"{method} {path}"
            for example in schema["examples"]:
                assert set(schema.get("required", [])) <= set(example), f"{method} {path}"
                assert set(example) <= set(schema.get("properties", {})), f"{method} {path}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_change_of_a_record_documents_its_version(service: str) -> None:
    for method, path, operation, _ in operations(service):
        if method in CHANGING and not path.startswith(PUBLIC):
            named = {each["name"].lower() for each in operation.get("parameters", [])}
            assert {"if-match", "idempotency-key"} <= named, f"{method} {path}"
