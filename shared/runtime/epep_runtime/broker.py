"""Kafka as it is reached here: its address, TLS, the log-in. Every client is made from this.

What is told to a process is checked when it starts, and answered with a sentence. Why a broker
turns a client away is asked anew, for Kafka's client says only that it could not connect.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from pydantic import BeforeValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from epep_runtime.kafka_faults import lost_as_kafka_error

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
ASK_SECONDS = 3.0
"""So long it takes at most to find out why a broker turns a client away."""
SET = "EPEP_KAFKA_"


class BrokerError(OSError):
    """Why Kafka cannot be reached in the way that was told, in a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where Kafka is, and how it is reached there.

    `bootstrap` is "host:port", several with commas; `security` one of Kafka's own four names.
    Without `ca_file` the system's authorities are trusted. Files are PEM; the certificate's may
    hold its key, too. Raises BrokerError for what cannot work together.
    """

    bootstrap: str
    security: Security = "PLAINTEXT"
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"

    def __post_init__(self) -> None:
        """Refuse what contradicts itself: a password that is not used might be missed later."""
        login = {"USERNAME": self.username, "PASSWORD": self.password}
        files = {
            "CA_FILE": self.ca_file,
            "CERTIFICATE_FILE": self.certificate_file,
            "KEY_FILE": self.key_file,
        }
        said = f"{SET}SECURITY={self.security}"
        for name, value in login.items():
            if self.logs_in and not value:
                raise BrokerError(f"{said} asks for a log-in: set {SET}{name}, too.")
            if value and not self.logs_in:
                raise BrokerError(
                    f"{SET}{name} is set, but {said} has no log-in: say SASL_SSL, or unset it."
                )
        for name, value in files.items():
            if value and not self.encrypts:
                raise BrokerError(
                    f"{SET}{name} is set, but {said} does not encrypt: say SSL or SASL_SSL,"
                    " or unset it."
                )
        if self.key_file and not self.certificate_file:
            raise BrokerError(f"{SET}KEY_FILE is set without {SET}CERTIFICATE_FILE.")

    @property
    def encrypts(self) -> bool:
        """Tell whether it is reached by TLS."""
        return self.security in ("SSL", "SASL_SSL")

    @property
    def logs_in(self) -> bool:
        """Tell whether it is told a user's name and password."""
        return self.security in ("SASL_PLAINTEXT", "SASL_SSL")

    def options(self) -> dict[str, Any]:
        """Return what each of Kafka's clients is made with, whatever else it is told.

        Certificates are read anew each time, so that renewed ones are used from the next client
        on. Raises BrokerError where they cannot be.
        """
        return {"bootstrap_servers": self.bootstrap, **self._access()}

    def tls(self) -> ssl.SSLContext | None:
        """Return whom TLS trusts and who it says this is; None without TLS. Raises BrokerError."""
        if not self.encrypts:
            return None
        _require_file("CA_FILE", self.ca_file)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except ssl.SSLError as error:
            raise BrokerError(f"{SET}CA_FILE={self.ca_file} holds no certificate (PEM).") from error
        if self.certificate_file:
            self._show(context, self.certificate_file)
        return context

    async def refusal(self, after: Exception) -> str | None:
        """Return in a sentence why Kafka turns this client away, after an error that it met.

        None where all who answer let it in: who does not answer is away, and may come back.
        None, too, after an error that has nothing to do with Kafka.
        """
        if not isinstance(after, KafkaError | BrokerError):
            return None
        try:
            access = self._access()
            async with asyncio.timeout(ASK_SECONDS):
                for host, port, _ in collect_hosts(self.bootstrap):
                    if sentence := await self._refused_at(host, port, access):
                        return sentence
        except BrokerError as error:
            return str(error)
        except TimeoutError:
            return None
        return None

    async def _refused_at(self, host: str, port: int, access: dict[str, Any]) -> str | None:
        milliseconds = int(ASK_SECONDS * 1000)
        try:
            with lost_as_kafka_error():
                tried = await create_conn(host, port, request_timeout_ms=milliseconds, **access)
        except (OSError, KafkaError) as error:
            return sentence_of(error, f"{host}:{port}", self)
        tried.close()
        return None

    def _access(self) -> dict[str, Any]:
        said: dict[str, Any] = {"security_protocol": self.security}
        if self.encrypts:
            said["ssl_context"] = self.tls()
        if self.logs_in:
            assert self.password
            said["sasl_mechanism"] = self.mechanism
            said["sasl_plain_username"] = self.username
            said["sasl_plain_password"] = self.password.get_secret_value()
        return said

    def _show(self, context: ssl.SSLContext, certificate: str) -> None:
        _require_file("CERTIFICATE_FILE", certificate)
        _require_file("KEY_FILE", self.key_file)
        try:  # without a password OpenSSL would ask for one on the terminal
            context.load_cert_chain(certificate, self.key_file, password=lambda: b"")
        except ssl.SSLError as error:
            raise BrokerError(
                f"{SET}CERTIFICATE_FILE={certificate} and its key do not belong together, are not"
                " PEM, or the key is encrypted."
            ) from error


def _require_file(name: str, path: str | None) -> None:
    if path is None:
        return
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        raise BrokerError(f"{SET}{name}={path} cannot be read: {error.strerror}.") from error


def sentence_of(error: Exception, place: str, broker: Broker) -> str | None:
    """Return what an operator is to know of a connection that failed; None where nobody was there.

    `place` is the "host:port" that was tried. Pure.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of Kafka at {place} is not trusted: {error.verify_message}."
            f" {SET}CA_FILE must hold who has signed it, and it must name that host."
        )
    if isinstance(error, ssl.SSLError):
        return f"Kafka at {place} does not speak TLS with us: {error}."
    if isinstance(error, SaslAuthenticationFailed):
        return (
            f"Kafka at {place} refuses the log-in of {broker.username}: the user's name or"
            " password is wrong."
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"Kafka at {place} does not take {SET}SASL_MECHANISM={broker.mechanism}."
    if isinstance(error, KafkaConnectionError | ConnectionResetError | ConnectionAbortedError):
        return (
            f"Kafka at {place} hangs up before it answers {broker.security}. If that goes on, it"
            f" wants another {SET}SECURITY, or a certificate of ours."
        )
    return None


def _in_kafkas_words(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class BrokerSettings(BaseSettings):
    """How Kafka is reached, as the environment says it: `EPEP_KAFKA_*`.

    `kafka_security` is Kafka's `security.protocol`. What is set to nothing is not set.
    """

    model_config = SettingsConfigDict(env_prefix="EPEP_", hide_input_in_errors=True)

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security: Annotated[Security, BeforeValidator(_in_kafkas_words)] = "PLAINTEXT"
    kafka_ca_file: str | None = None
    kafka_certificate_file: str | None = None
    kafka_key_file: str | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_sasl_mechanism: Annotated[Mechanism, BeforeValidator(_in_kafkas_words)] = "SCRAM-SHA-512"

    def broker(self) -> Broker:
        """Return the broker. Raises BrokerError for what cannot work together."""
        return Broker(
            self.kafka_bootstrap,
            self.kafka_security,
            ca_file=self.kafka_ca_file or None,
            certificate_file=self.kafka_certificate_file or None,
            key_file=self.kafka_key_file or None,
            username=self.kafka_username or None,
            password=self.kafka_password or None,
            mechanism=self.kafka_sasl_mechanism,
        )
