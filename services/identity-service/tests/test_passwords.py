import asyncio
import os
import sys
import threading
import unicodedata
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from epep_runtime.problems import ProblemError
from identity_service.passwords.hashing import NICE, Passwords
from identity_service.passwords.rules import NewPassword, TypedPassword
from identity_service.settings import IdentitySettings

HERONS = SecretStr("three quiet herons")
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def settings(**more: Any) -> IdentitySettings:
    told: dict[str, Any] = {"database_url": "postgresql://", "secret_key": KEY}
    return IdentitySettings(**told | {"password_memory_kib": 8} | more)


async def test_a_hash_knows_its_password_and_no_other() -> None:
    passwords = Passwords(settings())
    stored = await passwords.hash(HERONS)
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await passwords.is_right(HERONS, stored)
    assert not await passwords.is_right(SecretStr("three quiet heron"), stored)
    assert not await passwords.is_right(HERONS, "not a hash")
    assert not await passwords.is_right(HERONS, None)


async def test_the_standing_cost_is_the_one_that_asvs_approves() -> None:
    stored = await Passwords(settings(password_memory_kib=47_104)).hash(HERONS)
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")


async def test_a_hash_of_another_cost_is_outdated() -> None:
    cheap, dear = Passwords(settings()), Passwords(settings(password_passes=2))
    stored = await cheap.hash(HERONS)
    assert not cheap.is_outdated(stored)
    assert dear.is_outdated(stored)
    assert await dear.is_right(HERONS, stored)


async def test_nobody_costs_as_much_work_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(settings())
    stored = await passwords.hash(HERONS)
    checked: list[str] = []
    real = passwords._hasher.verify

    class Watched:
        def verify(self, against: str, typed: str) -> bool:
            checked.append(against.rsplit("$", 2)[0])
            return real(against, typed)

    monkeypatch.setattr(passwords, "_hasher", Watched())
    await passwords.is_right(HERONS, stored)
    await passwords.is_right(HERONS, None)
    assert checked == [checked[0]] * 2


async def test_a_crowd_is_taken_in_turns_and_the_rest_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Passwords(settings(password_threads=2, password_queue=3))
    let_go, at_work = threading.Event(), threading.Semaphore(0)

    class Slow:
        def hash(self, _: str) -> str:
            at_work.release()
            let_go.wait(10)
            return "done"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    asked = [asyncio.create_task(passwords.hash(HERONS)) for _ in range(10)]
    for _ in range(2):
        await asyncio.to_thread(at_work.acquire)
    assert not at_work.acquire(blocking=False)  # a third one waits
    let_go.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in answers if isinstance(each, ProblemError)]
    assert answers.count("done") == 5
    assert [each.status for each in refused] == [503] * 5
    assert await passwords.hash(HERONS) == "done"


def test_a_password_is_folded_to_nfc_and_otherwise_left_as_typed() -> None:
    typed = TypeAdapter[SecretStr](TypedPassword).validate_python(
        unicodedata.normalize("NFD", "  Café crème ☕ ")
    )
    assert typed.get_secret_value() == "  Café crème ☕ "


@pytest.mark.parametrize("typed", ["", "x" * 129, "with\x00null", "lone\ud800surrogate", "a\nb"])
def test_what_nobody_can_type_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter[SecretStr](TypedPassword).validate_python(SecretStr(typed))
    assert "surrogate" not in str(refusal.value)
    assert "null" not in str(refusal.value)


def test_a_new_password_has_twelve_characters_or_more() -> None:
    adapter = TypeAdapter[SecretStr](NewPassword)
    assert adapter.validate_python("x" * 12).get_secret_value() == "x" * 12
    with pytest.raises(ValidationError, match="12 characters or more"):
        adapter.validate_python("x" * 11)


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "ü" * 32])
def test_a_secret_key_must_be_32_bytes_and_is_not_repeated(key: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(secret_key=key)
    assert "base64" in str(refusal.value)
    assert not key or key not in str(refusal.value)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
async def test_requests_go_before_passwords_where_processors_are_short() -> None:
    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await Passwords(settings())._in_turn(nice) >= NICE
    assert nice() == os.getpriority(os.PRIO_PROCESS, 0)
