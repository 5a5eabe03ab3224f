"""A session that has ended opens nothing, however many ask at the same moment."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import OKPKey

from epep_runtime.problems import ProblemError
from epep_runtime.testing import TokenMaker
from epep_runtime.tokens import TokenVerifier

SESSION = "test-session"  # the one that TokenMaker's tokens are of


class SlowDatabase:
    """Answers the verifier's three questions; each look at the ended takes until `answers`."""

    def __init__(self, key: OKPKey) -> None:
        self._key, self.answers, self.looked = key, asyncio.Event(), asyncio.Event()
        self.looks, self.broken = 0, False

    async def fetch(self, sql: str) -> list[dict[str, Any]]:
        if "signing_keys" in sql:
            return [{"kid": self._key.kid, "jwk": self._key.as_dict(private=False)}]
        if "ended_accounts" in sql:
            return []
        self.looks += 1
        self.looked.set()
        if self.broken:
            raise ConnectionError
        await self.answers.wait()
        return [{"session_id": SESSION}]


async def test_nobody_is_let_in_while_the_first_look_is_under_way() -> None:
    maker = TokenMaker()
    database: Any = SlowDatabase(maker.key)
    verifier, token = TokenVerifier(database), maker.token(uuid4(), [])
    asked = [asyncio.create_task(verifier.verify(token)) for _ in range(5)]
    await database.looked.wait()
    database.answers.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found] == [ProblemError] * 5
    assert database.looks == 1


async def test_a_look_that_failed_is_made_again_by_the_next() -> None:
    maker = TokenMaker()
    database: Any = SlowDatabase(maker.key)
    verifier, token = TokenVerifier(database), maker.token(uuid4(), [])
    database.broken = True
    with pytest.raises(ConnectionError):
        await verifier.verify(token)
    database.broken = False
    database.answers.set()
    with pytest.raises(ProblemError):
        await verifier.verify(token)
