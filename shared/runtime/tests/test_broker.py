"""How Kafka is to be reached is checked before anything starts, and told in a sentence."""

import pickle
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    IllegalStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr, ValidationError

from epep_local.guarded import Authority
from epep_runtime import cli
from epep_runtime.broker import Broker, BrokerError, BrokerSettings, sentence_of
from epep_runtime.service import Service

LOGIN: dict[str, Any] = {"username": "epep", "password": SecretStr("open sesame")}
AT = "kafka:9093"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


def test_an_address_alone_is_a_broker_without_tls_or_log_in() -> None:
    assert Broker(AT).options() == {"bootstrap_servers": AT, "security_protocol": "PLAINTEXT"}
    assert BrokerSettings(kafka_bootstrap=AT).broker() == Broker(AT)


def test_a_log_in_over_tls_is_what_every_client_is_told(authority: Authority) -> None:
    settings = BrokerSettings(
        kafka_bootstrap=AT,
        kafka_security="sasl_ssl",
        kafka_ca_file=str(authority.certificate),
        kafka_username="epep",
        kafka_password=SecretStr("open sesame"),
        kafka_certificate_file="",
    )
    said = settings.broker().options()
    context = said.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    [trusted] = context.get_ca_certs()
    assert trusted["subject"] == ((("commonName", "authority"),),)
    assert said == {
        "bootstrap_servers": AT,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "epep",
        "sasl_plain_password": "open sesame",
    }


async def test_kafkas_clients_take_what_they_are_told(authority: Authority) -> None:
    broker = Broker(AT, "SASL_SSL", ca_file=str(authority.certificate), **LOGIN)
    await AIOKafkaConsumer(**broker.options()).stop()
    await AIOKafkaAdminClient(**broker.options()).close()


def test_without_an_authority_of_ones_own_the_systems_are_trusted() -> None:
    context = Broker(AT, "SSL").tls()
    assert context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert Broker(AT, "SASL_PLAINTEXT", **LOGIN).tls() is None


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"security": "SASL_SSL", "username": "epep"},
            "EPEP_KAFKA_SECURITY=SASL_SSL asks for a log-in: set EPEP_KAFKA_PASSWORD, too.",
        ),
        (
            {"security": "SASL_PLAINTEXT", "password": SecretStr("open sesame")},
            "EPEP_KAFKA_SECURITY=SASL_PLAINTEXT asks for a log-in: set EPEP_KAFKA_USERNAME, too.",
        ),
        (
            {"security": "SSL", "username": "epep"},
            "EPEP_KAFKA_USERNAME is set, but EPEP_KAFKA_SECURITY=SSL has no log-in:"
            " say SASL_SSL, or unset it.",
        ),
        (
            {"password": SecretStr("open sesame")},
            "EPEP_KAFKA_PASSWORD is set, but EPEP_KAFKA_SECURITY=PLAINTEXT has no log-in:"
            " say SASL_SSL, or unset it.",
        ),
        (
            {"security": "SASL_PLAINTEXT", "ca_file": "ca.crt", **LOGIN},
            "EPEP_KAFKA_CA_FILE is set, but EPEP_KAFKA_SECURITY=SASL_PLAINTEXT does not encrypt:"
            " say SSL or SASL_SSL, or unset it.",
        ),
        (
            {"security": "SSL", "key_file": "a.key"},
            "EPEP_KAFKA_KEY_FILE is set without EPEP_KAFKA_CERTIFICATE_FILE.",
        ),
    ],
)
def test_what_cannot_work_together_is_refused(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BrokerError) as refused:
        Broker(AT, **told)
    assert str(refused.value) == sentence


def test_files_that_are_not_there_or_not_certificates_are_named(
    tmp_path: Path, authority: Authority
) -> None:
    missing, wrong = tmp_path / "missing.crt", tmp_path / "wrong.crt"
    wrong.write_text("no certificate")
    good = authority.issue("service")
    own = serialization.load_pem_private_key(good.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    for told, sentence in (
        ({"ca_file": missing}, f"CA_FILE={missing} cannot be read: No such file or directory."),
        ({"ca_file": wrong}, f"CA_FILE={wrong} holds no certificate (PEM)."),
        ({"certificate_file": missing}, f"CERTIFICATE_FILE={missing} cannot be read: No such"),
        ({"certificate_file": good, "key_file": missing}, f"KEY_FILE={missing} cannot be read:"),
        ({"certificate_file": wrong}, f"CERTIFICATE_FILE={wrong} and its key do not belong"),
        ({"certificate_file": good, "key_file": locked}, "or the key is encrypted."),
    ):
        files: dict[str, Any] = {name: str(path) for name, path in told.items()}
        with pytest.raises(BrokerError) as refused:
            Broker(AT, "SSL", **files).options()
        assert sentence in str(refused.value)
    assert Broker(AT, "SSL", certificate_file=str(good)).tls()


def test_the_password_is_in_nothing_that_is_printed() -> None:
    broker = Broker(AT, "SASL_PLAINTEXT", **LOGIN)
    assert "open sesame" not in f"{broker!r} {broker}"
    assert pickle.loads(pickle.dumps(broker)) == broker
    with pytest.raises(ValidationError) as unknown:
        BrokerSettings(kafka_security="TLS", kafka_password="open sesame")
    assert "'SASL_SSL'" in str(unknown.value)
    assert "open sesame" not in str(unknown.value)


def test_a_service_that_is_told_nonsense_does_not_start_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("EPEP_DATABASE_URL", "postgresql://nowhere.invalid/nothing")
    monkeypatch.setenv("EPEP_KAFKA_SECURITY", "SASL_SSL")
    monkeypatch.setenv("EPEP_KAFKA_PASSWORD", "open sesame")
    monkeypatch.setattr(cli, "start_telemetry", lambda *_: None)
    assert cli.main(Service("trying", "", tmp_path), ["run"]) == 2
    said = capsys.readouterr().err
    assert said == "EPEP_KAFKA_SECURITY=SASL_SSL asks for a log-in: set EPEP_KAFKA_USERNAME, too.\n"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionRefusedError(), None),
        (TimeoutError(), None),
        (IllegalStateError(), None),
        (SaslAuthenticationFailed("no"), "refuses the log-in of epep: the user's name or password"),
        (UnsupportedSaslMechanismError("no"), "does not take EPEP_KAFKA_SASL_MECHANISM=SCRAM-SHA"),
        (ConnectionResetError(), "hangs up before it answers SASL_PLAINTEXT."),
        (KafkaConnectionError("no"), "hangs up before it answers SASL_PLAINTEXT."),
        (ssl.SSLError(1, "odd"), "does not speak TLS with us:"),
    ],
)
def test_why_a_connection_failed_is_said_where_it_is_known(
    error: Exception, sentence: str | None
) -> None:
    said = sentence_of(error, AT, Broker(AT, "SASL_PLAINTEXT", **LOGIN))
    assert said is None if sentence is None else sentence in (said or "")
    assert "open sesame" not in (said or "")


async def test_what_is_not_kafkas_fault_is_not_asked_for() -> None:
    vanished = Broker(AT, "SSL", ca_file="/nowhere/ca.crt")
    assert await vanished.refusal(OSError("the database")) is None
    why = await vanished.refusal(BrokerError("whatever"))
    assert why == "EPEP_KAFKA_CA_FILE=/nowhere/ca.crt cannot be read: No such file or directory."
