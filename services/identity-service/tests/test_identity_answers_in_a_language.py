"""The forms of the front door, refused in a made-up Welsh: nothing is said in English."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from epep_runtime import answers
from epep_runtime.language import ENGLISH, Language, speaking
from epep_runtime.made_up import outside
from epep_runtime.problems import InvalidError
from identity_service.main import SERVICE
from identity_service.passwords.strength import must_stand
from identity_service.throttling.counters import throttled

WELSH = {"Accept-Language": "cy"}
WRONG = {
    "/registrations": {"email": "x", "phone": "none", "authority": "b", "role": "king", "more": 1},
    "/registrations/confirm": {"password": ""},
    "/logins": {"email": "a@b.example"},
    "/forgotten-password": {"email": "a b"},
}


@pytest.fixture
async def asking(
    welsh: Language, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(answers, "shipped", lambda: {"en": ENGLISH, "cy": welsh})
    transport = httpx.ASGITransport(SERVICE.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://identity") as client:
        yield client


async def test_a_form_full_of_mistakes_is_refused_in_the_language(
    asking: httpx.AsyncClient,
) -> None:
    found = 0
    for path, form in WRONG.items():
        answer = await asking.post(path, json=form, headers=WELSH)
        assert answer.status_code == 422, path
        told = [answer.json()["detail"], *(e["message"] for e in answer.json()["errors"])]
        assert not [each for each in told if outside(each)], path
        found += len(told)
    assert found > 8


@pytest.mark.parametrize("password", ["short", "x" * 2000, "password1234", "priya.shah.1"])
async def test_a_weak_password_is_refused_in_the_language(password: str, welsh: Language) -> None:
    with speaking(welsh), pytest.raises(InvalidError) as caught:
        await must_stand(SecretStr(password), ["priya", "shah"])
    assert outside(caught.value.errors[0].message) == ""


def test_who_must_wait_is_told_so_in_words_that_fit_the_number(welsh: Language) -> None:
    assert throttled(timedelta(seconds=61)).detail.endswith("Wait 2 minutes and try again.")
    assert throttled(timedelta(seconds=59)).detail.endswith("Wait 1 minute and try again.")
    with speaking(welsh):
        assert outside(throttled(timedelta(minutes=1)).detail) == ""
