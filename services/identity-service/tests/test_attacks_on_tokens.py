"""Attacks on access tokens: forged, borrowed, tricked, too old, too early (ASVS 5 V9)."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from identity_door import Door
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from epep_runtime.testing import token_claims
from epep_runtime.tokens import ALGORITHM

pytestmark = pytest.mark.servers


def claims(**changes: Any) -> dict[str, Any]:
    known = token_claims(uuid4(), [("330", "virtual_school")], "Mallory")
    return {name: value for name, value in (known | changes).items() if value is not None}


def signed(door: Door, said: dict[str, Any], **header: Any) -> str:
    """Sign with a key that the service believes, so that only what is said can be wrong."""
    key = door.service.tokens.key
    top = {"alg": ALGORITHM, "kid": key.kid} | header
    return jwt.encode(top, said, key, algorithms=[ALGORITHM])


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def status(door: Door, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    answer = await door.service.client.get("/accounts?authority=330", headers=headers)
    assert answer.status_code != 401 or answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code


async def test_a_token_as_it_should_be_is_taken(door: Door) -> None:
    assert await status(door, signed(door, claims())) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"},
        {"iss": None},
        {"aud": "another-system"},
        {"aud": ["epep-staging"]},
        {"aud": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"sub": "root"},
        {"sub": None},
        {"grants": None},
        {"grants": "virtual_school"},
        {"sid": None},
        {"name": None},
    ],
    ids=" and ".join,
)
async def test_a_token_of_elsewhere_of_then_or_of_later_is_refused(
    door: Door, changes: dict[str, Any]
) -> None:
    assert await status(door, signed(door, claims(**changes))) == 401


async def test_no_trick_with_the_algorithm_is_believed(door: Door) -> None:
    key, said = door.service.tokens.key, json.dumps(claims()).encode()
    for alg in ("none", "None", "NONE", ""):
        header = b64(json.dumps({"alg": alg, "kid": key.kid}).encode())
        for signature in ("", b64(b"x" * 64)):
            assert await status(door, f"{header}.{b64(said)}.{signature}") == 401
    public = json.dumps(key.as_dict(private=False)).encode()
    for secret in (public, base64.urlsafe_b64decode(str(key.as_dict(private=False)["x"]) + "=")):
        octet = OctKey.import_key(secret)
        top = {"alg": "HS256", "kid": key.kid}
        assert await status(door, jwt.encode(top, claims(), octet, algorithms=["HS256"])) == 401


async def test_a_key_that_comes_with_the_token_is_not_believed(door: Door) -> None:
    own = OKPKey.generate_key("Ed25519", {"kid": "mallory"})
    theirs = door.service.tokens.key.kid
    public = own.as_dict(private=False)
    for header in (
        {"alg": ALGORITHM, "kid": "mallory"},
        {"alg": ALGORITHM, "kid": theirs},
        {"alg": ALGORITHM, "kid": "mallory", "jwk": public},
        {"alg": ALGORITHM, "kid": "../../etc/passwd"},
        {"alg": ALGORITHM, "kid": "' OR 1=1 --"},
    ):
        token = jwt.encode(header, claims(), own, algorithms=[ALGORITHM])
        assert await status(door, token) == 401


async def test_nothing_in_a_signed_token_can_be_changed(door: Door) -> None:
    header, payload, signature = signed(door, claims(grants=[])).split(".")
    more = json.loads(base64.urlsafe_b64decode(payload + "=="))
    more["grants"] = [{"authority": "330", "role": "virtual_school"}]
    forged = b64(json.dumps(more).encode())
    assert await status(door, f"{header}.{forged}.{signature}") == 401
    assert await status(door, f"{header}.{payload}.{signature[:-4]}AAAA") == 401


async def test_a_token_for_one_authority_opens_nothing_of_another(door: Door) -> None:
    other = signed(door, claims(grants=[{"authority": "998", "role": "virtual_school"}]))
    assert await status(door, other) == 404


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c", "....", "é.é.é", "null", "Bearer", "eyJ.eyJ.eyJ", "." * 5000]
)
async def test_what_is_no_token_is_refused_and_breaks_nothing(door: Door, text: str) -> None:
    headers = [(b"Authorization", f"Bearer {text}".encode())]
    answer = await door.service.client.get("/me", headers=headers)
    assert answer.status_code == 401
