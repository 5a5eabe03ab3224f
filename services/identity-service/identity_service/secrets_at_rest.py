"""How secrets are kept: keys for each purpose, all derived from `EPEP_SECRET_KEY`."""

import hashlib
import hmac
import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class WrongSecretKeyError(Exception):
    """`EPEP_SECRET_KEY` is not the key that this database's secrets were kept under."""


class SecretsAtRest:
    """Turns secrets into what may stand in a table. `secret` is 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        self._codes = _derived(secret, "login codes")
        self._recovery = _derived(secret, "recovery codes")
        self._throttles = _derived(secret, "throttles")
        self._requests = _derived(secret, "requests")
        self._cipher = AESGCM(_derived(secret, "signing keys"))

    def code_mac(self, login_id: UUID, code: str) -> bytes:
        """Return the HMAC of a code, which is good for this log-in only."""
        return hmac.digest(self._codes, f"{login_id}/{code}".encode(), "sha256")

    def recovery_mac(self, account_id: UUID, code: str) -> bytes:
        """Return the HMAC of a recovery code, which is good for this account only."""
        return hmac.digest(self._recovery, f"{account_id}/{code}".encode(), "sha256")

    def request_mac(self, fingerprint: bytes) -> bytes:
        """Return by what a request is known again that may have had a password in it."""
        return hmac.digest(self._requests, fingerprint, "sha256")

    def throttle_key(self, kind: str, value: str) -> bytes:
        """Return the name under which failures of an address or network are counted."""
        return hmac.digest(self._throttles, f"{kind}/{value}".encode(), "sha256")

    def encrypted(self, plaintext: bytes, name: str) -> bytes:
        """Return nonce and AES-GCM ciphertext; it opens only under the same name."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, name.encode())

    def decrypted(self, sealed: bytes, name: str) -> bytes:
        """Open what `encrypted` made. Raises WrongSecretKeyError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise WrongSecretKeyError(
                "EPEP_SECRET_KEY is not the one that this database's signing keys were kept under"
            ) from error


def hashed(secret: str) -> bytes:
    """Return the SHA-256 of a secret of 256 random bits, which needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"epep identity: {purpose}".encode()).derive(secret)
