"""What a service says when it says no, in the language of whoever asked."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from epep_runtime import answers
from epep_runtime.http import make_app
from epep_runtime.language import ENGLISH, Language, _, speaking
from epep_runtime.made_up import outside
from epep_runtime.misfits import OWN, misfit
from epep_runtime.problems import (
    ErasedError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleVersionError,
)
from epep_runtime.text import Command, Email, Name, example
from epep_runtime.tokens import unauthenticated

WRONG = {"name": "", "email": "nobody", "more": 1}
THERE = "Everything went well"


class Form(Command):
    """A form of a service."""

    model_config = example(name="Rowan Hale", email="rowan@example.org")

    name: Name
    email: Email
    children: int


def refusing() -> APIRouter:
    router = APIRouter()
    refusals: dict[str, Any] = {
        "not-found": NotFoundError,
        "forbidden": ForbiddenError,
        "erased": ErasedError,
        "stale": lambda: StaleVersionError(3, None),
        "unauthenticated": unauthenticated,
        "refused": lambda: RefusedError(_("This is a sentence of no service."), "no"),
        "unknown": lambda: RefusedError(_("There is no such account."), "unknown"),
        "failed": lambda: RuntimeError("a defect"),
    }

    @router.get("/{kind}")
    async def refuse(kind: str) -> str:
        if kind in refusals:
            raise refusals[kind]()
        return THERE

    @router.post("/form")
    async def send(form: Form) -> str:
        return form.name

    return router


@pytest.fixture
async def asking(
    welsh: Language, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(answers, "shipped", lambda: {"en": ENGLISH, "cy": welsh})
    app = make_app("ePEP test", "A service.", [refusing()], {})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def sentences(answer: httpx.Response) -> list[str]:
    body = answer.json()
    return [body["detail"], *(each["message"] for each in body.get("errors", []))]


WELSH = {"Accept-Language": "cy"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/not-found", 404),
        ("/forbidden", 403),
        ("/erased", 410),
        ("/stale", 412),
        ("/unauthenticated", 401),
        ("/unknown", 409),
        ("/failed", 500),
        ("/no/such/address", 404),
    ],
)
async def test_every_kind_of_refusal_is_in_the_language_of_the_request(
    asking: httpx.AsyncClient, path: str, status: int
) -> None:
    english, welsh = await asking.get(path), await asking.get(path, headers=WELSH)
    assert (english.status_code, welsh.status_code) == (status, status)
    assert [outside(each) for each in sentences(welsh)] == ["" for _each in sentences(welsh)]
    assert sentences(welsh) == [f"⟦{each}⟧" for each in sentences(english)]


async def test_the_mistakes_of_a_form_are_too(asking: httpx.AsyncClient) -> None:
    answer = await asking.post("/form", json=WRONG, headers=WELSH)
    assert answer.status_code == 422
    assert [outside(each) for each in sentences(answer)] == [""] * 5
    english = await asking.post("/form", json=WRONG)
    assert sentences(english) == [
        "Some fields do not fit.",
        "Value should have at least 1 item after validation, not 0",
        "must be an email address in the correct format, like name@example.com",
        "This is needed.",
        "There is no such field.",
    ]


async def test_what_is_too_large_and_what_is_no_json_is_too(asking: httpx.AsyncClient) -> None:
    large = await asking.post("/form", content=b"x" * (1024 * 1024 + 1), headers=WELSH)
    assert sentences(large) == ["⟦That is too much at once: 1 MB is the most.⟧"]
    sent = {**WELSH, "Content-Type": "application/json"}
    malformed = await asking.post("/form", content=b"{", headers=sent)
    assert sentences(malformed) == ["⟦The body is not JSON.⟧"]


async def test_a_text_without_translation_and_an_unknown_language_are_english(
    asking: httpx.AsyncClient,
) -> None:
    answer = await asking.get("/refused", headers=WELSH)
    assert answer.json()["detail"] == "This is a sentence of no service."
    french = await asking.get("/unknown", headers={"Accept-Language": "fr-FR, de;q=0.5"})
    assert french.json()["detail"] == "There is no such account."
    second = await asking.get("/unknown", headers={"Accept-Language": "fr, cy-GB;q=0.8"})
    assert second.json()["detail"] == "⟦There is no such account.⟧"


class Everything(BaseModel):
    """A field of each kind that a body can be wrong in."""

    text: Annotated[str, Field(min_length=2, max_length=3, pattern="^[ab]+$")]
    one: Annotated[str, Field(min_length=1, max_length=1)]
    flag: bool
    count: Annotated[int, Field(ge=2, le=5)]
    half: Annotated[float, Field(gt=0.5, lt=1.5)]
    many: Annotated[list[int], Field(min_length=2, max_length=3)]
    few: Annotated[list[int], Field(min_length=1, max_length=1)]
    who: UUID
    table: dict[str, int]
    what: Literal["this", "that", "these"]


@pytest.mark.parametrize(
    "sent",
    [
        {name: [] for name in Everything.model_fields if name not in {"many", "few"}},
        {"text": "a", "one": "", "count": 1, "half": 0.5, "many": [1], "few": []},
        {"text": "aaaa", "one": "aa", "count": 6, "half": 1.5, "many": [1] * 4, "few": [1, 2]},
        {"text": "xy", "flag": "perhaps", "count": "x", "who": "x", "table": 1, "what": "x"},
        {"count": 2.5, "many": "x", "few": 1},
    ],
)
def test_in_english_it_is_what_pydantic_says_and_else_it_is_translated(
    sent: dict[str, Any], welsh: Language
) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Everything).validate_python(sent)
    found = [each for each in caught.value.errors() if each["type"] not in OWN]
    assert len(found) >= 3
    assert [misfit(each) for each in found] == [each["msg"] for each in found]
    with speaking(welsh):
        assert [outside(misfit(each)) for each in found] == ["" for _each in found]
