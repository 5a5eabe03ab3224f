"""Kafka and PostgreSQL as containers, for a machine with Docker (`EPEP_BACKEND=containers`)."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack

from epep_local.kafka import brokers
from epep_local.ports import free_port
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
