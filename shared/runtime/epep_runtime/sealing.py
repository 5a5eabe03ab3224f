"""Secrets that travel in events: sealed (JWE) so that only notification-service can open them."""

from typing import Any

from joserfc import jwe
from joserfc.jwk import OKPKey

from epep_runtime.postgres import Connection

ALGORITHMS = ["ECDH-ES", "A256GCM"]


class NoSealingKeyError(Exception):
    """notification-service has not published its key yet; try again when it has."""


def seal(secret: str, jwk: dict[str, Any]) -> str:
    """Return a compact JWE of `secret` to a public X25519 key (ECDH-ES, A256GCM)."""
    key = OKPKey.import_key(jwk)
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": jwk["kid"]}
    return jwe.encrypt_compact(header, secret, key, algorithms=ALGORITHMS)


def unseal(sealed: str, private_jwk: dict[str, Any]) -> str:
    """Open a sealed secret with the private key. Raises joserfc.errors.JoseError."""
    key = OKPKey.import_key(private_jwk)
    plaintext = jwe.decrypt_compact(sealed, key, algorithms=ALGORITHMS).plaintext
    return (plaintext or b"").decode()


async def newest_sealing_key(connection: Connection) -> dict[str, Any]:
    """Return the public key to seal to. Raises NoSealingKeyError while there is none."""
    jwk: dict[str, Any] | None = await connection.fetchval(
        "SELECT jwk FROM sealing_keys ORDER BY published_at DESC, kid DESC LIMIT 1"
    )
    if jwk is None:
        raise NoSealingKeyError("no sealing key has been published yet")
    return jwk
