"""docker-compose.yml says what the services need. It was never started here: this holds it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from processes import (
    BY_NAME,
    ROOT,
    check_told,
    check_topics,
    image_environment,
    secret_settings,
)

from epep_local.containers import _kafka_settings
from epep_runtime.service import DRAIN_SECONDS

TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(:\?|:-)?([^}]*)\}|\$(\$)")
SERVERS = {*(f"{name}-db" for name in BY_NAME), "keyring-db", "kafka", "mailbox"}
JOBS = {*(f"{name}-migrate" for name in BY_NAME), "topics"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the script writes to .env."""
    script = tmp_path_factory.mktemp("clone") / "deploy/docker/make-env.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy/docker/make-env.sh", script)
    subprocess.run(["/bin/sh", script], check=True, capture_output=True)
    env = script.parents[2] / ".env"
    assert env.stat().st_mode & 0o077 == 0
    again = subprocess.run(["/bin/sh", script], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "it stays" in again.stderr
    return dict(line.split("=", 1) for line in env.read_text("utf-8").splitlines())


@pytest.fixture(scope="module")
def project(made: dict[str, str]) -> dict[str, Any]:
    """Return the file as Compose reads it with that .env."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest, escaped = found.groups()
        if escaped:
            return "$"
        assert kind == ":-" or name in made, f"make-env.sh does not make {name}"
        return made.get(name, rest)

    said: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, TEXT))
    return said


def test_the_file_fits_the_published_schema() -> None:
    # Before variables are put in, as Compose itself does it.
    schema = json.loads(
        (files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    )
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(TEXT))


def test_every_secret_must_be_given_and_is_made_by_the_script(made: dict[str, str]) -> None:
    required = {name for name, kind, *_ in VARIABLE.findall(TEXT) if kind == ":?"}
    assert required == set(made)
    assert len(set(made.values())) == len(made)
    optional = {name: rest for name, kind, rest, _ in VARIABLE.findall(TEXT) if kind != ":?"}
    assert set(optional) - {""} == {
        "IMAGE",
        "LOG_LEVEL",
        "PORTAL_PORT",
        "MAILBOX_PORT",
        "HTTP_SUBNET",
    }


def test_every_service_server_and_job_is_there(project: dict[str, Any]) -> None:
    assert set(project["services"]) == {*BY_NAME} | SERVERS | JOBS
    for name, one in BY_NAME.items():
        assert project["services"][name]["command"] == [one.module, "run"]
        assert project["services"][f"{name}-migrate"]["command"] == [one.module, "migrate"]


def test_every_process_is_told_what_it_must_know_and_nothing_unknown(
    project: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BY_NAME:
        said = {k: str(v) for k, v in project["services"][name]["environment"].items()}
        settings = check_told(name, image_environment() | said, monkeypatch)
        assert settings.roles == "all"
        assert (
            project["services"][f"{name}-migrate"]["environment"]
            == (project["services"][name]["environment"])
        )


def test_no_secret_stands_in_the_file() -> None:
    said = yaml.safe_load(TEXT)["services"]
    for name in BY_NAME:
        environment = said[name]["environment"]
        for variable in secret_settings(name) & set(environment):
            assert re.search(r"\$\{\w+:\?", environment[variable]), variable
            assert not re.search(r"://\w+:(?!\$\{)", environment[variable]), variable
    for server in SERVERS - {"kafka", "mailbox"}:
        for variable in ("POSTGRES_PASSWORD", "SERVICE_PASSWORD"):
            assert re.fullmatch(r"\$\{\w+:\?\}", said[server]["environment"][variable])


def test_each_database_url_leads_to_a_server_with_that_role_and_no_superuser(
    project: dict[str, Any],
) -> None:
    services = project["services"]
    for name, one in BY_NAME.items():
        urls = {"EPEP_DATABASE_URL": f"{name}-db"}
        urls |= {"EPEP_KEYRING_URL": "keyring-db"} if one.events else {}
        for variable, server in urls.items():
            url = urlsplit(services[name]["environment"][variable])
            there = services[server]["environment"]
            assert url.hostname == server
            assert (url.username, url.password) == (
                there["SERVICE_ROLE"],
                there["SERVICE_PASSWORD"],
            )
            assert url.path == f"/{there['SERVICE_ROLE']}"
            assert there["SERVICE_ROLE"] != "postgres"
            assert "POSTGRES_USER" not in there  # the image's superuser is postgres
            [script] = [each for each in services[server]["volumes"] if "initdb" in each]
            assert (ROOT / script.split(":")[0]).is_file()


def test_tables_and_topics_come_before_the_services(project: dict[str, Any]) -> None:
    services = project["services"]
    done, well = "service_completed_successfully", "service_healthy"
    for name, one in BY_NAME.items():
        needs = {f"{name}-migrate": done} | ({"topics": done} if one.events else {})
        if one.clients:
            needs |= {each: well for each, other in BY_NAME.items() if not other.clients}
        assert _conditions(services[name]) == needs
        before = {f"{name}-db": well} | ({"keyring-db": well} if one.events else {})
        assert _conditions(services[f"{name}-migrate"]) == before
    assert _conditions(services["topics"]) == {"kafka": well}
    for server in SERVERS - {"mailbox"}:
        assert services[server]["healthcheck"]["test"]


def _conditions(service: Mapping[str, Any]) -> dict[str, str]:
    return {name: each["condition"] for name, each in service["depends_on"].items()}


def test_networks_join_exactly_what_the_architecture_joins(project: dict[str, Any]) -> None:
    on: dict[str, set[str]] = defaultdict(set)
    for name, each in project["services"].items():
        for network in each["networks"]:
            on[network].add(name)
    five = {name for name, one in BY_NAME.items() if one.events}
    wanted = {f"{name}-data": {name, f"{name}-migrate", f"{name}-db"} for name in BY_NAME}
    wanted |= {
        "http": {*BY_NAME},
        "kafka": {*five, "topics", "kafka"},
        "keyring": {*five, *(f"{name}-migrate" for name in five), "keyring-db"},
        "mail": {"notification", "mailbox"},
        "web": {"portal", "mailbox"},
    }
    assert on == wanted
    assert set(project["networks"]) == set(wanted)
    inside = {name for name, each in project["networks"].items() if each.get("internal")}
    assert inside == set(wanted) - {"web"}
    [subnet] = project["networks"]["http"]["ipam"]["config"]
    trusted = project["services"]["identity"]["environment"]["EPEP_TRUSTED_PROXIES"]
    assert subnet["subnet"] == trusted


def test_only_portal_and_mailbox_can_be_reached_and_from_this_machine_alone(
    project: dict[str, Any],
) -> None:
    ports = {name: each["ports"] for name, each in project["services"].items() if "ports" in each}
    assert set(ports) == {"portal", "mailbox"}
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each)
    [port] = ports["portal"]
    _, outside, inside = port.split(":")
    told = project["services"]["portal"]["environment"]
    assert urlsplit(told["EPEP_PORTAL_URL"]).port == int(outside)
    assert inside == image_environment()["EPEP_HTTP_PORT"]
    for name, one in BY_NAME.items():
        if not one.clients:
            assert told[one.url_setting] == f"http://{name}:{inside}"


def test_notification_can_be_started_in_several_processes(project: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "volumes"} & set(project["services"]["notification"])
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    assert "--scale notification=" in page


def test_processes_may_do_no_more_than_they_must(project: dict[str, Any]) -> None:
    for name in {*BY_NAME} | (JOBS - {"topics"}):
        each = project["services"][name]
        assert each["read_only"] is True
        assert each["tmpfs"] == ["/tmp"]
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert (ROOT / each["build"]["dockerfile"]).is_file()
    for name in BY_NAME:
        assert int(project["services"][name]["stop_grace_period"][:-1]) >= 2 * DRAIN_SECONDS + 8


def test_topics_and_kafka_are_as_everywhere(project: dict[str, Any]) -> None:
    topics, kafka = project["services"]["topics"], project["services"]["kafka"]
    assert topics["entrypoint"] == ["sh", "-ceu"]
    check_topics(topics["command"][0], {}, replication=1)
    assert topics["image"] == kafka["image"]
    wanted = _kafka_settings(9092) | {"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://kafka:9092"}
    said = {name: str(value) for name, value in kafka["environment"].items()}
    assert wanted.items() <= said.items()
    assert said["KAFKA_LOG_RETENTION_MS"] == "-1"
    [data] = kafka["volumes"]
    assert data.endswith(f":{said['KAFKA_LOG_DIRS']}")


def test_what_is_stored_outlives_the_containers(project: dict[str, Any]) -> None:
    kept = {
        volume.split(":")[0]: name
        for name, each in project["services"].items()
        for volume in each.get("volumes", [])
        if not volume.startswith(".")
    }
    assert set(kept) == set(project["volumes"])
    assert set(kept.values()) == SERVERS - {"mailbox"}


def test_the_env_file_is_never_committed() -> None:
    ignored = Path(ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" in ignored
