from __future__ import annotations

from pathlib import Path

import pytest

from epep_local.backends import Backends, kafka_access
from epep_local.machine import chosen_ports
from epep_local.problem import LocalError
from epep_local.services import SERVICES, service
from epep_local.system import System, behind, warnings

OTHERS = [one.name for one in SERVICES if one.name != "portal"]


@pytest.fixture
def plan(tmp_path: Path) -> System:
    backends = Backends("kafka:9092", "postgresql://boss:secret@db/postgres", "mail", 25, None)
    return System(backends, tmp_path, {one.name: one.port for one in SERVICES}, prefix="t.")


@pytest.mark.parametrize("name", OTHERS)
def test_no_service_is_told_where_another_is(
    plan: System, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPEP_PEP_URL", "http://127.0.0.1:8410")  # of the person's own shell
    told = plan.environment(name)
    for other in OTHERS:
        if other != name:
            assert not [key for key, value in told.items() if plan.url(other) in value]
            assert not [key for key, value in told.items() if f"epep_{other}" in value]


def test_services_are_told_how_a_given_kafka_is_reached(tmp_path: Path) -> None:
    of_it = {"EPEP_KAFKA_SECURITY": "SASL_PLAINTEXT", "EPEP_KAFKA_USERNAME": "epep"}
    shell = of_it | {"EPEP_KAFKA_PORT": "8421", "EPEP_KAFKA_PASSWORD": "open sesame"}
    assert kafka_access(shell) == {}  # of whom nobody gave the address
    access = kafka_access(shell | {"EPEP_KAFKA_BOOTSTRAP": "kafka:9094"})
    assert access == of_it | {"EPEP_KAFKA_PASSWORD": "open sesame"}
    given = Backends("kafka:9094", "postgresql://x", "mail", 25, None, kafka_access=access)
    told = System(given, tmp_path, {one.name: one.port for one in SERVICES}).environment("pep")
    assert access.items() <= told.items()
    assert given.broker.bootstrap == told["EPEP_KAFKA_BOOTSTRAP"] == "kafka:9094"
    assert (given.broker.security, given.broker.username) == ("SASL_PLAINTEXT", "epep")
    assert "open sesame" not in repr(given)
    half = Backends("kafka:9094", "postgresql://x", "mail", 25, None, kafka_access=of_it)
    with pytest.raises(LocalError, match="set EPEP_KAFKA_PASSWORD, too"):
        _ = half.broker


def test_the_portal_is_told_where_the_five_are(plan: System) -> None:
    told = plan.environment("portal")
    assert {told[one.url_setting] for one in SERVICES if one.name != "portal"} == {
        f"http://127.0.0.1:{port}" for port in range(8410, 8415)
    }
    assert not [key for key in told if key.startswith("EPEP_SMTP")]


def test_each_service_has_its_own_database_role_and_key(plan: System, tmp_path: Path) -> None:
    urls = {plan.environment(one.name)["EPEP_DATABASE_URL"] for one in SERVICES}
    assert len(urls) == 6
    assert all("boss" not in url for url in urls)
    secret = [plan.environment(one.name).get("EPEP_SECRET_KEY") for one in SERVICES]
    held = [key for key in secret if key]
    assert len(held) == len(set(held)) == 6
    assert plan.environment("identity") == plan.environment("identity")  # kept, not made anew
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}


def test_only_the_notification_service_is_told_of_the_mail_server(plan: System) -> None:
    told = [one.name for one in SERVICES if "EPEP_SMTP_HOST" in plan.environment(one.name)]
    assert told == ["notification"]


@pytest.mark.parametrize("name", ["portal", "web-portal", "Web_Portal"])
def test_a_service_is_found_by_the_names_people_use(name: str) -> None:
    assert service(name).module == "web_portal"


def test_an_unknown_service_gets_the_list_of_names() -> None:
    with pytest.raises(LocalError, match="pep, meeting, notification, qa, identity, portal"):
        service("peps")


def test_a_service_that_does_not_run_is_not_ready(plan: System, tmp_path: Path) -> None:
    nowhere = System(plan.backends, tmp_path)  # on free ports: `make up` may hold the usual ones
    with pytest.raises(LocalError, match="pep is not running"):
        nowhere.wait_ready("pep", patience=1)
    assert nowhere.health("pep") == (False, {})


def test_ports_are_those_of_last_time_unless_asked_otherwise(tmp_path: Path) -> None:
    assert chosen_ports(tmp_path, {})["portal"] == 8400
    (tmp_path / "ports.json").write_text('{"portal": 9400, "pep": 9410}')
    ports = chosen_ports(tmp_path, {"EPEP_PEP_PORT": "9999"})
    assert (ports["portal"], ports["pep"], ports["meeting"]) == (9400, 9999, 8411)


@pytest.mark.parametrize("value", ["x", "0", "-1", "70000"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(LocalError, match="EPEP_PEP_PORT"):
        chosen_ports(tmp_path, {"EPEP_PEP_PORT": value})


def test_what_is_behind_is_read_from_what_a_service_says() -> None:
    late = {"name": "home", "lag_events": 3, "lag_seconds": 1.5}
    relay = {"leading": True, "unsent_events": 2, "unsent_seconds": 0.25}
    assert behind({"status": "ok", "subscriptions": [late], "relay": relay}) == [
        ("home", 3, 1.5), ("relay", 2, 0.25),
    ]  # fmt: skip
    assert behind({"status": "ok"}) == []
    assert warnings({"status": "ok"}) == []
    assert warnings({"status": "ok", "warnings": ["look"]}) == ["look"]
    assert behind({}) is None
