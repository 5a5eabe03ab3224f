"""Relay and subscriptions on a Kafka that asks for TLS, a log-in or a client's certificate."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from counting import COUNTING
from machinery import counted, following, relaying_by, say
from pydantic import SecretStr
from structlog.testing import capture_logs

from epep_local.guarded import Authority, GuardedKafka
from epep_local.problem import LocalError
from epep_local.topics import create_topics
from epep_runtime.broker import Broker, BrokerSettings
from epep_runtime.bus import Bus
from epep_runtime.event_store import EventStore
from epep_runtime.feed import Feed
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.relay import Relay
from epep_runtime.testing import eventually
from epep_runtime.topic_ends import highest_publication

pytestmark = pytest.mark.servers


def broker_of(told: Mapping[str, Any]) -> Broker:
    return BrokerSettings(**told).broker()


async def test_an_event_goes_from_the_log_through_the_relay_to_a_subscription(
    pool: Pool, store: EventStore, guarded_kafka: GuardedKafka
) -> None:
    """By SCRAM-SHA-512 over TLS."""
    broker, prefix = broker_of(guarded_kafka.told), f"scram{new_id().hex[:8]}."
    await create_topics(broker, prefix, ["pep"], 2)
    relay = Relay(pool, store, broker, f"{prefix}pep")

    async def arrived() -> bool:
        return await counted(pool) == 3

    async with (
        relaying_by(relay),
        following(pool, store, Bus(broker, prefix, "test"), COUNTING),
    ):
        for _ in range(3):
            await say(pool, store, new_id(), "read a book a week")
        await eventually(arrived)
        assert relay.refused is None
    assert await highest_publication(broker, f"{prefix}pep") == 3


async def test_plain_and_a_certificate_of_the_clients_own_let_every_client_in(
    guarded_kafka: GuardedKafka,
) -> None:
    """Admin, producer and consumers are made from the same value."""
    for told in (guarded_kafka.plain, guarded_kafka.mutual):
        broker, topic = broker_of(told), f"door{new_id().hex[:8]}.pep"
        await create_topics(broker, topic.removesuffix("pep"), ["pep"], 1)
        producer = AIOKafkaProducer(**broker.options())
        await producer.start()
        try:
            headers = [("ce_sourceposition", b"7")]
            await producer.send_and_wait(topic, b"said", headers=headers)
        finally:
            await producer.stop()
        assert await highest_publication(broker, topic) == 7


async def test_a_wrong_password_is_refused_with_a_sentence(
    pool: Pool, store: EventStore, guarded_kafka: GuardedKafka, caplog: pytest.LogCaptureFixture
) -> None:
    right, prefix = broker_of(guarded_kafka.told), f"wrong{new_id().hex[:8]}."
    wrong = replace(right, password=SecretStr("open sesame"))
    sentence = (
        f"Kafka at {right.bootstrap} refuses the log-in of epep: the user's name or password is"
        " wrong."
    )
    relay, feed = Relay(pool, store, wrong, f"{prefix}pep"), Feed(Bus(wrong, prefix, "t"), "r", [])
    reading = asyncio.create_task(feed.run())

    async def told() -> bool:
        return relay.refused == feed.refused == sentence

    with capture_logs() as logged:
        async with relaying_by(relay):
            await eventually(told)
        feed.stop()
        await reading
    assert {each["why"] for each in logged} == {sentence}
    assert "Unable connect" in caplog.text  # what Kafka's client itself says of it
    assert "open sesame" not in f"{logged} {caplog.text}"
    with pytest.raises(LocalError, match="refuses the log-in of epep"):
        await create_topics(wrong, prefix, ["pep"])


async def test_what_else_keeps_a_client_out_is_said_in_a_sentence(
    guarded_kafka: GuardedKafka, tmp_path: Path
) -> None:
    right, mutual = broker_of(guarded_kafka.told), broker_of(guarded_kafka.mutual)
    inside = guarded_kafka.inside.bootstrap
    stranger = Authority(tmp_path, "stranger")
    others = str(stranger.issue("service"))
    bare: dict[str, Any] = {"username": None, "password": None, "ca_file": None}
    untrusted = "is not trusted: unable to get local issuer certificate."
    hangs_up = "hangs up before it answers"
    for broker, sentence in (
        (replace(right, ca_file=str(stranger.certificate)), untrusted),
        (replace(right, ca_file=None), untrusted),
        (replace(right, mechanism="SCRAM-SHA-256"), "EPEP_KAFKA_SASL_MECHANISM=SCRAM-SHA-256."),
        (replace(right, bootstrap=inside), f"{hangs_up} SASL_SSL."),
        (replace(right, **bare, security="PLAINTEXT"), f"{hangs_up} PLAINTEXT."),
        (replace(mutual, certificate_file=None), f"{hangs_up} SSL."),
        (replace(mutual, certificate_file=others), f"{hangs_up} SSL."),
    ):
        said = await broker.refusal(KafkaConnectionError())
        assert said is not None
        assert sentence in said
    for broker in (right, mutual, replace(right, bootstrap="127.0.0.1:1")):
        assert await broker.refusal(KafkaConnectionError()) is None
