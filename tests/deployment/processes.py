"""The services as the deployments must know them, asked of the services themselves."""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.routing import Match

from epep_local.services import SERVICES, Service
from epep_local.topics import CONTEXTS, PARTITIONS
from epep_runtime.settings import Settings

ROOT = Path(__file__).parents[2]
BY_NAME: Mapping[str, Service] = {one.name: one for one in SERVICES}
COMMON_ROLES = ("api", "relay", "projectors", "reactors", "workers")
NOT_OURS = {"FORWARDED_ALLOW_IPS"}
"""What a process reads that is no setting of the service: uvicorn's."""
A_KEY = base64.b64encode(bytes(range(32))).decode()
A_DATABASE = "postgresql://somebody:something@somewhere/something"


def settings_class(name: str) -> type[Settings]:
    """Return the class of a service's settings."""
    module = import_module(f"{BY_NAME[name].module}.settings")
    [found] = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Settings) and each is not Settings
    ]
    return found


def roles(name: str) -> set[str]:
    """Return the roles that a process of the service may have."""
    service = import_module(f"{BY_NAME[name].module}.main").SERVICE
    return set(COMMON_ROLES) | set(service.role_workers)


def answers(name: str, path: str) -> bool:
    """Tell whether the service has a route for a GET of this path, without a log-in."""
    main = import_module(f"{BY_NAME[name].module}.main")
    router = main.health if BY_NAME[name].clients else main.SERVICE.app().router
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(asked)[0] is Match.FULL for route in router.routes)


def secret_settings(name: str) -> set[str]:
    """Return the variables of a service that hold a secret."""
    return {
        f"EPEP_{field.upper()}"
        for field, what in settings_class(name).model_fields.items()
        if "SecretStr" in str(what.annotation)
    }


def check_told(name: str, told: Mapping[str, str], patch: pytest.MonkeyPatch) -> Settings:
    """Make the service's settings of an environment: nothing lacks, nothing is unknown."""
    kind = settings_class(name)
    known = {f"EPEP_{field.upper()}" for field in kind.model_fields}
    assert set(told) - known <= NOT_OURS, f"{name} does not know {set(told) - known - NOT_OURS}"
    with patch.context() as environment:
        for variable, value in told.items():
            environment.setenv(variable, value)
        settings = kind()
    assert settings.http_host == "0.0.0.0"
    if BY_NAME[name].events:
        assert settings.log_secret()
        settings.keyring()
        assert not settings.kafka_bootstrap.startswith("127.")
    assert isinstance(settings.database_url, SecretStr)
    return settings


def image_environment() -> dict[str, str]:
    """Return the settings that the image brings."""
    return dict(re.findall(r"\b(EPEP_\w+)=(\S+)", instructions("ENV")[0]))


def instructions(word: str) -> list[str]:
    """Return what follows an instruction of the Dockerfile, each time."""
    text = (ROOT / "deploy/docker/Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{word} +(.+)$", text, re.M)


def check_topics(script: str, environment: Mapping[str, str], replication: int) -> None:
    """Run what makes the topics, with a `kafka-topics.sh` that only says what it was told."""
    script = script.replace("/opt/kafka/bin/kafka-topics.sh", "echo")
    done = subprocess.run(
        ["/bin/sh", "-ceu", script],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    made = [shlex.split(line) for line in done.stdout.splitlines()]
    prefix = environment.get("EPEP_TOPIC_PREFIX", "")
    assert [_after("--topic", words) for words in made] == [f"{prefix}{each}" for each in CONTEXTS]
    for words in made:
        assert {"--create", "--if-not-exists"} <= set(words)
        assert _after("--partitions", words) == str(PARTITIONS)
        assert _after("--replication-factor", words) == str(replication)
        assert {"retention.ms=-1", "cleanup.policy=delete"} <= set(words)


def client_config(script: str, environment: Mapping[str, str]) -> list[str]:
    """Return what the script that makes the topics tells Kafka's tool about how to get in."""
    tool = 'show() { while [ "$1" != --command-config ]; do shift; done; cat "$2"; exit; }\n'
    done = subprocess.run(
        ["/bin/sh", "-ceu", tool + script.replace("/opt/kafka/bin/kafka-topics.sh", "show")],
        env=dict(environment) | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def _after(option: str, words: list[str]) -> str:
    return words[words.index(option) + 1]


def check_hardened(pods: Iterable[tuple[str, dict[str, Any]]], user: int) -> None:
    """Refuse a pod that is more than it must be."""
    for name, pod in pods:
        [container] = pod["containers"]
        around, inside = pod["securityContext"], container["securityContext"]
        assert around["runAsNonRoot"] is True, name
        assert around["runAsUser"] == user, name
        assert around["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert inside == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        read_only = {one["name"] for one in pod["volumes"] if set(one) == {"name", "secret"}}
        assert {one["name"] for one in pod["volumes"] if "emptyDir" in one} == {"tmp"}, name
        assert len(pod["volumes"]) == len(read_only) + 1, name
        for mount in container["volumeMounts"]:
            if mount["name"] in read_only:
                assert mount["readOnly"] is True, name
            else:
                assert mount == {"name": "tmp", "mountPath": "/tmp"}, name
        assert "memory" in container["resources"]["limits"], name
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
