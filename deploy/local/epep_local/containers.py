"""Kafka and PostgreSQL as containers, for a machine with Docker (`EPEP_BACKEND=containers`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from epep_local.kafka import brokers
from epep_local.keys import kept
from epep_local.keys import password as new_password
from epep_local.ports import free_port
from epep_local.problem import LocalError
from epep_local.processes import await_answer


def docker_answers() -> bool:
    """Whether there is a Docker that we may use."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        asked = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def kafka(started: ExitStack) -> str:
    """Start Apache Kafka 4.3.1; its bootstrap address. `started` ends it.

    Not testcontainers' own Kafka class, which knows only Confluent's image.
    """
    from testcontainers.core.container import DockerContainer

    port = free_port()
    container = DockerContainer("apache/kafka:4.3.1").with_bind_ports(port, port)
    for name, value in _kafka_settings(port).items():
        container.with_env(name, value)
    started.enter_context(container)
    await_answer("Kafka in its container", lambda: brokers(port) > 0)
    return f"127.0.0.1:{port}"


def _kafka_settings(port: int) -> dict[str, str]:
    """The settings of `epep_local.kafka` in the image's way of naming them."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    }


def postgres(started: ExitStack) -> str:
    """Start PostgreSQL 18; its superuser's URL. `started` ends it."""
    from testcontainers.postgres import PostgresContainer

    container = started.enter_context(PostgresContainer("postgres:18", driver=None))
    return str(container.get_connection_url())


# Those of `make up` outlive the command that starts them, so Docker itself keeps them.
_KEPT_KAFKA, _KEPT_POSTGRES = "epep-kafka", "epep-postgres"


def keep_kafka(port: int) -> None:
    """Start the container of `make up`'s Kafka, made the first time. Raises LocalError."""
    settings = _kafka_settings(port) | {"KAFKA_LOG_RETENTION_MS": "-1"}
    _keep(_KEPT_KAFKA, "apache/kafka:4.3.1", port, port, settings)
    await_answer("Kafka in its container", lambda: brokers(port) > 0)


def keep_postgres(state: Path, port: int) -> None:
    """Start the container of `make up`'s PostgreSQL, made the first time. Raises LocalError."""
    password = kept(state / "secrets" / "postgres-container", new_password)
    settings = {"POSTGRES_PASSWORD": password, "POSTGRES_USER": "epep_admin"}
    _keep(_KEPT_POSTGRES, "postgres:18", port, 5432, settings | {"POSTGRES_DB": "postgres"})
    ready = ["exec", _KEPT_POSTGRES, "pg_isready", "-q", "-h", "127.0.0.1"]
    await_answer("PostgreSQL in its container", lambda: _docker(*ready).returncode == 0)


def kept_postgres_url(state: Path, port: int) -> str:
    """The superuser's URL in the container of `make up`."""
    password = kept(state / "secrets" / "postgres-container", new_password)
    return f"postgresql://epep_admin:{password}@127.0.0.1:{port}/postgres"


def stop_kept() -> None:
    """Stop the containers of `make up`, keeping their data."""
    _for_kept("stop")


def remove_kept() -> None:
    """Remove the containers of `make up` with their data."""
    _for_kept("rm", "--force", "--volumes")


def _for_kept(*command: str) -> None:
    if not docker_answers():
        return
    for name in (_KEPT_KAFKA, _KEPT_POSTGRES):
        if _docker("container", "inspect", name).returncode == 0:
            _docker(*command, name)


def _keep(name: str, image: str, port: int, inner_port: int, settings: Mapping[str, str]) -> None:
    if _docker("container", "inspect", name).returncode == 0:
        done = _docker("start", name)
    else:
        # Only their names are on the command line, where every user of the machine could read.
        told = [word for setting in settings for word in ("--env", setting)]
        publish = f"127.0.0.1:{port}:{inner_port}"
        command = ["run", "--detach", "--name", name, "--publish", publish, *told, image]
        done = _docker(*command, settings=settings)
    if done.returncode:
        raise LocalError(f"Docker could not start {name}: {done.stderr.strip()}")


def _docker(
    *words: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **(settings or {})}
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=False, env=environment
    )
