"""The portal's own secrets: session ids, the form token, and sealing what is stored."""

import hashlib
import hmac
import re
import secrets

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12
SID = re.compile(r"[A-Za-z0-9_-]{43}")


class Keys:
    """Keys derived from the one secret key, each for one purpose."""

    def __init__(self, secret: bytes) -> None:
        self._seal = AESGCM(self._derive(secret, b"epep portal: sealed rows"))
        self._form = self._derive(secret, b"epep portal: form token")

    @staticmethod
    def _derive(secret: bytes, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)

    def seal(self, value: object, place: str) -> bytes:
        """Encrypt a JSON value so that it opens only at the same `place` (row)."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._seal.encrypt(nonce, orjson.dumps(value), place.encode())

    def unseal(self, sealed: bytes, place: str) -> object:
        """Return the value that was sealed, or None where key, place or bytes do not fit."""
        try:
            plain = self._seal.decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
        except (InvalidTag, ValueError):
            return None
        return orjson.loads(plain)

    def form_token(self, sid: str) -> str:
        """Return the token that proves that a form came from a page of this session."""
        return hmac.new(self._form, sid.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, sid: str, token: str) -> bool:
        """Tell in constant time whether a form's token belongs to the session."""
        return hmac.compare_digest(self.form_token(sid).encode(), token.encode())


def new_sid() -> str:
    """Return a new session id: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def is_sid(value: str) -> bool:
    """Tell whether a cookie's value has the form of a session id."""
    return SID.fullmatch(value) is not None


def sid_hash(sid: str) -> bytes:
    """Return what is stored of a session id: its SHA-256."""
    return hashlib.sha256(sid.encode()).digest()
