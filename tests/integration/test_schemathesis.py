"""No request that anybody can make up breaks a service: Schemathesis, as several roles.

`make test` sends a few hundred requests; `make fuzz CASES=20000` sends as many as it is told.
"""

import asyncio
import os
import random
import sys
from importlib import import_module
from typing import Any

import pytest
from fuzz_grounds import GROUNDS
from fuzzing import Fuzzer

FEW = 4
"""Requests to each operation in `make test`."""


def operations(document: dict[str, Any]) -> int:
    """Return how many operations a service has."""
    return sum(len(each) for each in document["paths"].values())


def documents() -> dict[str, dict[str, Any]]:
    """Return each service's OpenAPI document."""
    return {name: import_module(f"{name}_service.main").SERVICE.app().openapi() for name in GROUNDS}


@pytest.mark.servers
@pytest.mark.filterwarnings(  # the service in the loop beside uses chance, too
    "ignore:Do not use the `random` module inside strategies"
)
@pytest.mark.parametrize("name", sorted(GROUNDS))
async def test_no_request_breaks_a_service(
    name: str, database: Any, topics: Any, kafka_bootstrap: str
) -> None:
    known = documents()
    share = operations(known[name])
    wanted = os.environ.get("EPEP_FUZZ_CASES")
    cases = FEW * share
    if wanted:
        cases = int(wanted) * share // sum(operations(each) for each in known.values())
    number = random.SystemRandom().randrange(2**32) if wanted else 1
    async with GROUNDS[name](await database(name), kafka_bootstrap, await topics()) as ground:
        fuzzer = Fuzzer(ground, asyncio.get_running_loop(), number)
        outcome = await fuzzer.run(known[name], cases)
    sys.stdout.write(f"\n{name}, seed {number}: {outcome}\n")
    assert outcome.wrong == {}, f"seed {number}: {outcome}"
    assert outcome.asked >= cases // 2
    assert any(status < 300 for status in outcome.statuses), outcome
