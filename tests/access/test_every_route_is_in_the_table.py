"""A route that nobody has thought about who may use it does not get in."""

from importlib import import_module

import pytest

from epep_access.permissions import table
from epep_access.testing import routes, routes_of

SERVICES = ("pep", "meeting", "qa", "notification", "identity")
WORDS = {"public", "anybody", "own"}


@pytest.mark.parametrize("name", SERVICES)
def test_the_routes_of_the_table_are_those_of_the_service(name: str) -> None:
    """Add a new route to shared/access/epep_access/routes.yaml, with the permission it asks for."""
    service = import_module(f"{name}_service.main").SERVICE
    assert routes_of(service.app().openapi()) == set(routes()[name])


def test_every_route_asks_for_a_permission_that_there_is() -> None:
    asked = {each for of_service in routes().values() for each in of_service.values()}
    assert asked - WORDS <= set(table().permissions)


def test_a_change_asks_for_a_permission_to_change() -> None:
    for of_service in routes().values():
        for route, asked in of_service.items():
            if asked not in WORDS and not route.startswith("GET "):
                assert table().permission(asked).writes, route


@pytest.mark.parametrize("name", SERVICES)
def test_only_public_routes_need_no_token(name: str) -> None:
    service = import_module(f"{name}_service.main").SERVICE
    document = service.app().openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            secured = bool(operation.get("security"))
            route = f"{method.upper()} {path}"
            assert secured is (routes()[name][route] != "public"), route
