"""Kafka as clusters have it: TLS, and a user's name and password. For tests.

One broker with three doors: TLS with a log-in (SCRAM or PLAIN), TLS that asks for a certificate of
the client's, and the bare one through which the broker speaks to itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from epep_local.kafka import Kafka
from epep_local.keys import password
from epep_local.ports import free_port
from epep_runtime.broker import Broker

USER, ANOTHER = "epep", "epep-plain"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Authority:
    """Signs certificates; `folder/NAME.crt` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / f"{name}.crt"
        limits = x509.BasicConstraints(ca=True, path_length=0)
        usage = _usage(signs_certificates=True)
        signed = self._about(self._name, self._key.public_key())
        signed = signed.add_extension(limits, critical=True).add_extension(usage, critical=True)
        self.certificate.write_bytes(_pem(signed.sign(self._key, hashes.SHA256())))

    def issue(self, name: str) -> Path:
        """Make a key and a certificate for `name` at 127.0.0.1: one file with both."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        signed = self._about(subject, key.public_key()).add_extension(here, critical=False)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = self._folder / f"{name}.pem"
        path.touch(0o600)
        path.write_bytes(secret + _pem(signed.sign(self._key, hashes.SHA256())))
        return path

    def _about(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now, own = datetime.now(UTC), self._key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(own)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(issuer, critical=False)
        )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class GuardedKafka:
    """A broker behind TLS, and what a service is told that is to get in.

    `told` are settings (`kafka_…`) of the user who logs in by SCRAM-SHA-512, `plain` of one who
    does by PLAIN, `mutual` of a client that shows a certificate instead.
    """

    server: Kafka
    told: Mapping[str, str]
    plain: Mapping[str, str]
    mutual: Mapping[str, str]

    @property
    def inside(self) -> Broker:
        """The door without TLS or log-in."""
        return Broker(self.server.bootstrap)


def guarded_kafka(folder: Path, cache: Path) -> GuardedKafka:
    """Return a broker that is not started, with certificates and users of its own."""
    authority = Authority(folder / "trusted", "authority")
    own, ours = authority.issue("broker"), authority.issue("service")
    port, controller, login, mutual = (free_port() for _ in range(4))
    words = {USER: password(), ANOTHER: password()}
    listeners = {"PLAINTEXT": port, "SASL_SSL": login, "SSL": mutual}
    places = ",".join(f"{name}://127.0.0.1:{at}" for name, at in listeners.items())
    protocols = ",".join(f"{name}:{name}" for name in listeners)
    besides = {
        "listeners": f"{places},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": places,
        "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{protocols}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(own),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{_PLAIN} required user_{ANOTHER}="{words[ANOTHER]}";'
        ),
    }
    user = ("--add-scram", f"SCRAM-SHA-512=[name={USER},password={words[USER]}]")
    log = folder / "kafka.log"
    server = Kafka(
        folder / "kafka", cache, log, port, controller, besides=besides, formatted_with=user
    )
    trusting = {"kafka_ca_file": str(authority.certificate)}
    asked = trusting | {
        "kafka_bootstrap": f"127.0.0.1:{login}",
        "kafka_security": "SASL_SSL",
    }
    plain = {"kafka_username": ANOTHER, "kafka_password": words[ANOTHER]}
    return GuardedKafka(
        server,
        asked | {"kafka_username": USER, "kafka_password": words[USER]},
        asked | plain | {"kafka_sasl_mechanism": "PLAIN"},
        trusting
        | {
            "kafka_bootstrap": f"127.0.0.1:{mutual}",
            "kafka_security": "SSL",
            "kafka_certificate_file": str(ours),
        },
    )
