"""No request that anybody can make up breaks a service, and none without a good token is heard.

`make test` sends a few hundred of Schemathesis' requests; `make fuzz CASES=20000` as many as it is
told.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from functools import cache
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from fuzz_grounds import GROUNDS
from fuzzing import Fuzzer, Ground
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from epep_access.testing import routes
from epep_runtime.testing import token_claims
from epep_runtime.tokens import ALGORITHM

FEW = 4
"""Requests to each operation in `make test`."""


def operations(document: dict[str, Any]) -> int:
    """Return how many operations a service has."""
    return sum(len(each) for each in document["paths"].values())


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Return each service's OpenAPI document."""
    return {name: import_module(f"{name}_service.main").SERVICE.app().openapi() for name in GROUNDS}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=sorted(GROUNDS))
async def ground(
    request: pytest.FixtureRequest, database: Any, topics: Any, kafka_bootstrap: str
) -> AsyncIterator[tuple[str, Ground]]:
    name: str = request.param
    async with GROUNDS[name](await database(name), kafka_bootstrap, await topics()) as made:
        yield name, made


@pytest.mark.servers
@pytest.mark.filterwarnings(  # the service in the loop beside uses chance, too
    "ignore:Do not use the `random` module inside strategies"
)
async def test_no_request_breaks_a_service(ground: tuple[str, Ground]) -> None:
    name, place = ground
    known = documents()
    share = operations(known[name])
    wanted = os.environ.get("EPEP_FUZZ_CASES")
    cases = FEW * share
    if wanted:
        cases = int(wanted) * share // sum(operations(each) for each in known.values())
    number = random.SystemRandom().randrange(2**32) if wanted else 1
    fuzzer = Fuzzer(place, asyncio.get_running_loop(), number)
    outcome = await fuzzer.run(known[name], cases)
    sys.stdout.write(f"\n{name}, seed {number}: {outcome}\n")
    assert outcome.wrong == {}, f"seed {number}: {outcome}"
    assert outcome.asked >= cases // 2
    assert any(status < 300 for status in outcome.statuses), outcome


def bad_tokens(place: Ground) -> dict[str, str]:
    """Return tokens that must open nothing, by what is wrong with them; all of a head."""
    key, now = place.service.tokens.key, int(time.time())
    claims = token_claims(uuid4(), [("330", "virtual_school")], "Mallory")
    own = OKPKey.generate_key("Ed25519", {"kid": str(key.kid)})
    octets = OctKey.import_key(str(key.as_dict(private=False)["x"]))

    def signed(by: Any = key, alg: str = ALGORITHM, **changes: Any) -> str:
        header = {"alg": alg, "kid": key.kid}
        return jwt.encode(header, {**claims, **changes}, by, algorithms=[alg])

    header, body, _ = signed().split(".")
    return {
        "of another system": signed(aud="another"),
        "of another issuer": signed(iss="meeting-service"),
        "run out": signed(iat=now - 900, exp=now - 60),
        "of the future": signed(iat=now + 900, exp=now + 1500),
        "signed by a stranger": signed(own),
        "of a public key as secret": signed(octets, "HS256"),
        "without a signature": f"{header}.{body}.",
        "of an invitation's link": "Zk3v0cQ0o3r3b3qkq1l9Yw",
    }


@pytest.mark.servers
async def test_token_no_route_hears_one_of_elsewhere_of_then_or_of_nobody(
    ground: tuple[str, Ground],
) -> None:
    name, place = ground
    tokens: dict[str, dict[str, str]] = {
        why: {"Authorization": f"Bearer {token}"} for why, token in bad_tokens(place).items()
    }
    for route, asked in routes()[name].items():
        if asked == "public":
            continue
        method, path = route.split(" ")
        filled = "/".join(str(uuid4()) if "{" in part else part for part in path.split("/"))
        for why, headers in {**tokens, "none": {}}.items():
            answer = await place.service.client.request(method, filled, headers=headers)
            assert answer.status_code == 401, f"{route}, a token {why}: {answer.status_code}"
