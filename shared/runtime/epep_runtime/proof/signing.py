"""The key that a service signs the roots of its log with: private here, public in an event."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey

from epep_events.operations import LogKeyPublished
from epep_runtime.event_store import Cause, EventStore
from epep_runtime.operations import say
from epep_runtime.postgres import Connection

NONCE_BYTES = 12
NEWEST = "SELECT kid, sealed_jwk FROM log_keys ORDER BY made_at DESC, kid DESC LIMIT 1"


class WrongLogSecretError(Exception):
    """`EPEP_SECRET_KEY` is not the one that the log's signing key was kept under."""


@dataclass(frozen=True, slots=True)
class LogSigner:
    """A private key; `kid` is the thumbprint of its public half."""

    kid: str
    key: Ed25519PrivateKey

    def sign(self, message: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self.key.sign(message)).decode()


def canonical(kind: str, said: dict[str, Any]) -> bytes:
    """Return the bytes that are signed: compact JSON with sorted keys, and `kind` under `epep`.

    `kind` keeps a signature over one kind of thing from passing for one over another.
    """
    return orjson.dumps({**said, "epep": kind}, option=orjson.OPT_SORT_KEYS)


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return a public key's fingerprint (RFC 7638, SHA-256, base64url). Raises ValueError."""
    return OKPKey.import_key(jwk).thumbprint()


def is_signed(message: bytes, signature: str, jwk: dict[str, Any]) -> bool:
    """Tell whether the signature over the message was made with this key's private half."""
    try:
        raw = base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4))
        key = Ed25519PublicKey.from_public_bytes(raw)
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


async def log_signer(
    connection: Connection, store: EventStore, secret: bytes, cause: Cause, *, new: bool = False
) -> LogSigner:
    """Return the service's newest key; makes and publishes one where there is none, or for `new`.

    In the caller's transaction, which has called `hold_operations`. `secret` is 32 bytes. Raises
    WrongLogSecretError.
    """
    cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"epep log: signing key").derive(secret))
    row = await connection.fetchrow(NEWEST)
    if row is None or new:
        return await _make(connection, store, cipher, cause)
    sealed, kid = row["sealed_jwk"], row["kid"]
    try:
        private = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())
    except InvalidTag as error:
        raise WrongLogSecretError(
            "EPEP_SECRET_KEY is not the one that the signing key of this log was kept under."
        ) from error
    return _signer(orjson.loads(private))


def _signer(private_jwk: dict[str, Any]) -> LogSigner:
    key = OKPKey.import_key(private_jwk)
    private = key.private_key
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the log is signed with Ed25519")
    return LogSigner(key.thumbprint(), private)


async def _make(
    connection: Connection, store: EventStore, cipher: AESGCM, cause: Cause
) -> LogSigner:
    made = OKPKey.generate_key("Ed25519", private=True)
    kid = made.thumbprint()
    await say(connection, store, LogKeyPublished(kid=kid, jwk=made.as_dict(private=False)), cause)
    nonce = secrets.token_bytes(NONCE_BYTES)
    private = orjson.dumps(made.as_dict(private=True))
    await connection.execute(
        "INSERT INTO log_keys (kid, sealed_jwk, made_at) VALUES ($1, $2, $3)",
        kid,
        nonce + cipher.encrypt(nonce, private, kid.encode()),
        store.clock(),
    )
    return _signer(made.as_dict(private=True))
