"""The subjects' keys that go along with an export, when asked for: only one auditor opens them.

`keys.json` beside the events has a fresh AES-256-GCM key, sealed as a JWE to the auditor's public
X25519 key, and under it the subjects' keys. A key that was destroyed is named as destroyed.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from epep_events.sealed_fields import Subject
from epep_runtime.proof.folder import FolderError
from epep_runtime.proof.signing import thumbprint
from epep_runtime.sealing import seal, unseal

KEYS = "keys.json"
NONCE_BYTES = 12
FORMAT = b"epep-keys/1"
RawKeys = Mapping[Subject, bytes | None]


def make_key_pair(path: Path) -> str:
    """Write a private key to `path` and its public half to `path.pub`; return the fingerprint.

    Raises FolderError where there is a file already.
    """
    made = OKPKey.generate_key("X25519", private=True)
    kid = made.thumbprint()
    private = {**made.as_dict(private=True), "kid": kid}
    public = {**made.as_dict(private=False), "kid": kid}
    try:
        _write_new(path, private, 0o600)
        _write_new(path.with_name(path.name + ".pub"), public, 0o644)
    except FileExistsError as error:
        raise FolderError(f"{error.filename} is there already: name another file.") from error
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror}.") from error
    return kid


def _write_new(path: Path, jwk: Mapping[str, Any], mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(orjson.dumps(jwk, option=orjson.OPT_APPEND_NEWLINE))


def read_key(path: Path, *, private: bool) -> dict[str, Any]:
    """Read one half of an auditor's key. Raises FolderError for anything else."""
    try:
        jwk: dict[str, Any] = orjson.loads(path.read_bytes())
        whole = jwk["crv"] == "X25519" and ("d" in jwk) is private
        if not whole or thumbprint({k: v for k, v in jwk.items() if k != "d"}) != jwk["kid"]:
            raise ValueError("another kind of key")
    except OSError as error:
        raise FolderError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
        half = "private" if private else "public"
        raise FolderError(
            f"{path} is not the {half} half of a key that `epepctl auditor-key` makes."
        ) from error
    return jwk


def sealed_keys(keys: RawKeys, public_jwk: dict[str, Any]) -> bytes:
    """Return the contents of `keys.json`: these keys, for whoever has the private half."""
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(NONCE_BYTES)
    listed = {
        subject: base64.b64encode(raw).decode() if raw else None for subject, raw in keys.items()
    }
    sealed = nonce + AESGCM(key).encrypt(nonce, orjson.dumps(listed), FORMAT)
    return orjson.dumps(
        {
            "for": public_jwk["kid"],
            "key": seal(base64.b64encode(key).decode(), public_jwk),
            "sealed": base64.b64encode(sealed).decode(),
        }
    )


def opened_keys(path: Path, private_jwk: dict[str, Any]) -> dict[Subject, bytes | None]:
    """Open `keys.json`. Raises FolderError for one that was sealed to somebody else."""
    try:
        said = orjson.loads(path.read_bytes())
        key = base64.b64decode(unseal(said["key"], private_jwk))
        sealed = base64.b64decode(said["sealed"])
        listed = orjson.loads(
            AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], FORMAT)
        )
    except FileNotFoundError as error:
        raise FolderError(f"No subjects' keys went along: there is no {path}.") from error
    except (OSError, ValueError, KeyError, TypeError, InvalidTag, JoseError) as error:
        raise FolderError(f"{path} cannot be opened with this key.") from error
    return {subject: base64.b64decode(raw) if raw else None for subject, raw in listed.items()}
