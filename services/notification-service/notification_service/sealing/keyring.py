"""Opens what was sealed to any of this service's keys."""

import base64
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_runtime.postgres import Pool
from epep_runtime.sealing import unseal


class WrongSecretError(Exception):
    """EPEP_SECRET_KEY is not the one that the private keys were stored under."""


class Keyring:
    """The private keys, decrypted as they are first needed and kept in this process only."""

    def __init__(self, pool: Pool, secret: bytes) -> None:
        self._pool, self._secret = pool, secret
        self._opened: dict[str, dict[str, Any]] = {}

    async def open(self, sealed: str) -> str:
        """Return the secret in a compact JWE. Raises JoseError, ValueError."""
        kid = _kid_of(sealed)
        if kid not in self._opened:
            await self._read()
        if kid not in self._opened:
            raise ValueError("sealed to a key that is not ours")
        return unseal(sealed, self._opened[kid])

    async def prove(self) -> None:
        """Decrypt every key once. Raises WrongSecretError."""
        await self._read()

    async def _read(self) -> None:
        rows = await self._pool.fetch("SELECT kid, nonce, encrypted FROM sealing_secrets")
        try:
            self._opened = {
                row["kid"]: orjson.loads(
                    AESGCM(self._secret).decrypt(
                        row["nonce"], row["encrypted"], row["kid"].encode()
                    )
                )
                for row in rows
            }
        except InvalidTag as error:
            raise WrongSecretError(
                "EPEP_SECRET_KEY is not the one this database was made with. "
                "Put the old one back: without it no code or link in a mail can be written."
            ) from error


def _kid_of(sealed: str) -> str:
    header = sealed.partition(".")[0]
    padded = header + "=" * (-len(header) % 4)
    kid = orjson.loads(base64.urlsafe_b64decode(padded)).get("kid")
    if not isinstance(kid, str):
        raise ValueError("the sealed secret names no key")
    return kid
