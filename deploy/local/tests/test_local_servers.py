from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from epep_local.backends import Backends, LocalPorts, start_for_tests
from epep_local.databases import create_database, url_for
from epep_local.mailbox import Mailbox
from epep_local.places import cache_folder
from epep_local.ports import free_port, is_free
from epep_local.postgres import STOP, Postgres
from epep_local.processes import Launch
from epep_local.testing import DatabaseFactory, TopicFactory

pytestmark = pytest.mark.servers


async def test_a_message_goes_through_kafka(kafka_bootstrap: str, topics: TopicFactory) -> None:
    topic = f"{await topics('pep')}pep"
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    try:
        await producer.send_and_wait(topic, b"value", key=b"key")
        message = await asyncio.wait_for(consumer.getone(), 60)
        assert (message.key, message.value) == (b"key", b"value")
        assert consumer.partitions_for_topic(topic) == set(range(6))
    finally:
        await consumer.stop()
        await producer.stop()


async def test_each_database_is_fresh(database: DatabaseFactory) -> None:
    first, second = await database("one"), await database("two")
    connection = await asyncpg.connect(first)
    await connection.execute("CREATE TABLE notes (text text)")
    await connection.close()
    connection = await asyncpg.connect(second)
    try:
        assert await connection.fetchval("SELECT to_regclass('notes')") is None
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
    finally:
        await connection.close()


async def test_a_role_cannot_enter_anothers_database(backends: Backends) -> None:
    admin = backends.postgres_admin_url
    mine = await create_database(admin, "test_mine", "test_me", "a ' password")
    await create_database(admin, "test_yours", "test_you", "another")
    connection = await asyncpg.connect(mine)
    await connection.execute("CREATE TABLE notes (text text)")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url_for(admin, "test_yours", "test_me", "a ' password"))


async def test_a_mail_can_be_read_and_an_address_refused(
    backends: Backends, mailbox: Mailbox
) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "Amy@example.org", "Your código"
    mail.set_content("It is 123456.")
    mail.add_alternative("<p>It is <b>123456</b>.</p>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="a.ics")
    await aiosmtplib.send(mail, hostname=backends.smtp_host, port=backends.smtp_port)
    got = await mailbox.wait_for_async("amy@example.org", lambda m: "código" in m["Subject"])
    body = got.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "It is 123456."

    mailbox.refuse("gone@example.org")
    del mail["To"]
    mail["To"] = "gone@example.org"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await aiosmtplib.send(mail, hostname=backends.smtp_host, port=backends.smtp_port)
    assert refusal.value.recipients[0].code == 550
    assert mailbox.messages_to("gone@example.org") == []
    mailbox.accept("gone@example.org")
    await aiosmtplib.send(mail, hostname=backends.smtp_host, port=backends.smtp_port)
    assert len(mailbox.messages_to("gone@example.org")) == 1


def open_to_postgres(folder: Path) -> None:
    for place in (folder, folder.parent, folder.parent.parent):
        place.chmod(0o711)


def using(folder: Path) -> list[psutil.Process]:
    """Running processes with the folder in their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


async def test_a_server_can_be_away_for_a_while(backends: Backends) -> None:
    postgres = backends.switches["postgres"]
    postgres.stop()
    try:
        with pytest.raises(ConnectionRefusedError):
            await asyncpg.connect(backends.postgres_admin_url)
    finally:
        postgres.start()
    connection = await asyncpg.connect(backends.postgres_admin_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def names_of_children() -> set[str]:
    """Return the names of this process's descendants; some end while one looks."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.add(child.name())
    return found


def test_servers_stop_and_leave_no_process(tmp_path: Path) -> None:
    open_to_postgres(tmp_path)
    ports = LocalPorts(*(free_port() for _ in range(5)))
    started = start_for_tests(tmp_path, cache_folder(), ports, {})
    assert {"java", "postgres"} <= names_of_children()
    started.stop()
    assert using(tmp_path) == []
    assert all(is_free(port) for port in vars(ports).values())


def test_servers_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    open_to_postgres(tmp_path)
    program = f"""
import os, signal, pathlib
from epep_local.backends import LocalPorts, start_for_tests
from epep_local.places import cache_folder
from epep_local.ports import free_port
folder = pathlib.Path({str(tmp_path)!r})
start_for_tests(folder, cache_folder(), LocalPorts(*(free_port() for _ in range(5))), {{}})
print("started", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ran = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
    assert (ran.stdout, ran.returncode) == (b"started\n", -signal.SIGKILL)
    deadline = time.monotonic() + 60
    while using(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert using(tmp_path) == []


def test_postgres_runs_in_a_folder_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path / "postgres", tmp_path / "log", free_port(), durable=False)
    running = server.launch(Launch())
    try:
        server.await_ready(running)
        assert psutil.Process(running.pid).uids().effective != 0
    finally:
        running.stop(STOP)
