"""The portal in another language: here a made-up Welsh in which each text stands in ⟦brackets⟧."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from epep_runtime.answer_texts import TEXTS as ANSWERS
from epep_runtime.language import first_of
from epep_runtime.made_up import made_up_language
from epep_runtime.problems import FieldError, InvalidError, problem_body
from web_portal import translating
from web_portal.main import ROUTES, create_app
from web_portal.web import formatting
from web_portal.web.language import (
    ENGLISH,
    Language,
    by_count,
    gettext,
    known_languages,
    languages,
    ngettext,
    number,
    speaking,
)
from web_portal.web.portal import Portal

SAME = re.compile(r"(dydd \w+ )?\d{1,2} \w+ \d{4}|\b\w+\.csv\b|__Host-\w+")
OURS_IN_ANY_LANGUAGE = {"ePEP", "English", "Cymraeg"}
READ_OUT = {"aria-label", "title", "placeholder", "alt"}
NOT_READ = {"script", "style", "pre"}  # pre: what a file must say, in any language


@pytest.fixture(scope="module")
def welsh(tmp_path_factory: pytest.TempPathFactory) -> Language:
    return made_up_language(translating.TEXTS, tmp_path_factory.mktemp("cy"))


@pytest.fixture
def portal(portal: Portal, welsh: Language) -> Portal:
    return replace(portal, languages={"en": ENGLISH, "cy": welsh})


async def speak(browser: Any, language: str) -> None:
    answer = await browser.send("/language", {"language": language, "here": "/help?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help?x=1")


class Read(HTMLParser):
    """What is read of a page, piece by piece, outside of brackets; these may span elements."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.depth, self.quiet = 0, 0

    def outside(self, text: str, depth: int = 0) -> tuple[str, int]:
        kept = []
        for char in text:
            depth += (char == "⟦") - (char == "⟧")
            if depth == 0 and char != "⟧":
                kept.append(char)
        return "".join(kept), depth

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quiet += tag in NOT_READ
        for name, value in attrs:
            if name in READ_OUT and value:
                text, depth = self.outside(value)
                assert depth == 0, value
                self.pieces.append(text)

    def handle_endtag(self, tag: str) -> None:
        self.quiet -= tag in NOT_READ

    def handle_data(self, data: str) -> None:
        if not self.quiet:
            text, self.depth = self.outside(data, self.depth)
            self.pieces.append(text)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def in_english(html: str, data: str) -> list[str]:
    """Return the words of a page that are neither in brackets nor what the services answered."""
    read = Read()
    read.feed(html)
    assert read.depth == 0
    found = []
    for piece in read.pieces:
        for part in re.split(r"[,;:·()–→…“”\n]|\. ", SAME.sub("", piece)):
            words = part.strip(" .!?%")
            known = words in OURS_IN_ANY_LANGUAGE or words.lower() in data
            if re.search(r"[^\W\d_]", words) and not known:
                found.append(words)
    return found


async def test_no_page_has_a_text_of_ours_in_english(
    person: Any, every_page: list[str], canned: dict[str, Any]
) -> None:
    data = "\n".join(strings(canned)).lower()
    await speak(person, "cy")
    for path in [*every_page, "/account/email", "/account/password", "/nothing"]:
        html = (await person.open(path)).text
        assert '<html lang="cy"' in html, path
        assert not in_english(html, data), path


async def test_the_front_door_is_in_the_language_with_its_mistakes_and_empty_lists(
    front_door: Any, person: Any, services: Any, canned: dict[str, Any]
) -> None:
    data = "\n".join(strings([canned, *front_door.said()])).lower()
    await speak(person, "cy")
    shown = [(path, await person.open(path), 200) for path in front_door.pages]
    for path, (form, status) in front_door.sent.items():
        shown.append((path, await person.send(path, form), status))
    for call, body in front_door.nothing_yet.items():
        services.set(call, body, etag='"2"')
    shown += [(path, await person.open(path), 200) for path in front_door.pages]
    for path, answer, status in shown:
        assert answer.status_code == status, path
        assert '<html lang="cy"' in answer.text, path
        assert not in_english(answer.text, data), path


def test_every_page_of_the_front_door_is_among_them(front_door: Any) -> None:
    """A new address of theirs has to be put into canned_front_door.json."""
    asked = [path.partition("?")[0] for path in front_door.pages]
    theirs = ("/account", "/administration", "/delegations", "/emergency", "/children/{child_id}/a")
    found, missing = 0, []
    for route in (each for router in ROUTES for each in router.routes):
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or ()
        if path.startswith(theirs) and "GET" in methods:
            shape = re.compile(re.sub(r"{[^}]+}", "[^/]+", path))
            found += 1
            if not any(shape.fullmatch(each) for each in asked):
                missing.append(path)
    assert found > 20
    assert missing == []


async def test_mistakes_and_notices_are_in_the_language_too(
    person: Any, services: Any, canned: dict[str, Any]
) -> None:
    data = "\n".join(strings(canned)).lower()
    pep = canned["ids"]["pep"]
    await speak(person, "cy")
    sent = {"version": "5", "date-day": "31", "date-month": "2", "date-year": "2026", "time": "x"}
    wrong = await person.send(f"/peps/{pep}/meeting/reschedule", sent)
    assert wrong.status_code == 422
    assert "⟦⟦Date of the meeting⟧ must be a real date, like 3 12 2026⟧" in wrong.text
    assert "⟦Error⟧:" in wrong.text
    assert not in_english(wrong.text, data)
    await person.send("/messages/read", {"id": "0190b1f0-0000-7000-8000-0000000000e1"})
    assert "⟦Marked as read⟧" in (await person.open("/messages")).text


async def test_what_a_service_refuses_is_said_in_the_language_beside_our_words(
    person: Any, services: Any, canned: dict[str, Any], tmp_path: Path
) -> None:
    """The portal asks in the page's language, and shows what it is told as it is."""
    spoken = {"en": ENGLISH, "cy": made_up_language(ANSWERS, tmp_path)}
    data = "\n".join(strings(canned)).lower()
    path = f"/peps/{canned['ids']['pep']}/pages/health"

    def refused(request: httpx.Request) -> httpx.Response:
        with speaking(first_of(request.headers["accept-language"], spoken)):
            error = FieldError("values.sdq_score", gettext("Enter %(high)s or less.", high="40"))
            body = problem_body(InvalidError([error]))
        return httpx.Response(422, json=body)

    services.answers[f"PUT pep{path}"] = refused
    for language, words in (("en", "enter 40 or less</a>"), ("cy", "⟦Enter 40 or less.⟧</a>")):
        await speak(person, language)
        page = await person.open(path)
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        form = {name: value for name, value in found if name != "csrf_token"}
        answer = await person.send(path, {**form, "sdq_score": "41"})
        assert answer.status_code == 422
        assert words in answer.text
    assert not in_english(answer.text, data)


async def test_the_services_are_told_the_language_for_what_they_word_themselves(
    person: Any, services: Any
) -> None:
    for language in ("cy", "en"):
        await speak(person, language)
        await person.open("/messages")
        asked = services.sent("GET notification/messages")
        assert asked.headers["accept-language"] == language


async def test_who_is_not_logged_in_chooses_a_language_too(browser: Any) -> None:
    first = await browser.open("/log-in")
    assert first.headers["content-language"] == "en"
    assert 'lang="cy"><button type="submit" name="language" value="cy"' in first.text
    await speak(browser, "cy")
    page = await browser.open("/log-in")
    assert page.headers["content-language"] == "cy"
    assert "cookie" in page.headers["vary"].lower()
    assert "⟦Log in to ePEP⟧" in page.text
    assert "__Host-language" in (await browser.open("/cookies")).text
    await speak(browser, "en")
    assert "⟦" not in (await browser.open("/log-in")).text


async def test_a_language_that_is_not_on_is_not_found(browser: Any) -> None:
    await browser.open("/log-in")
    answer = await browser.send("/language", {"language": "fr", "here": "/log-in"})
    assert answer.status_code == 404
    browser.client.cookies.set("__Host-language", "fr", domain="epep.test")
    assert '<html lang="en"' in (await browser.open("/log-in")).text


async def test_choosing_leads_to_no_other_site(browser: Any) -> None:
    await browser.open("/log-in")
    answer = await browser.send("/language", {"language": "cy", "here": "//evil.example/"})
    assert answer.headers["location"] == "/"


async def test_with_english_alone_nothing_is_offered(portal: Portal) -> None:
    alone = replace(portal, languages={"en": ENGLISH})
    transport = httpx.ASGITransport(create_app(alone))
    async with httpx.AsyncClient(transport=transport, base_url="https://epep.test") as client:
        page = await client.get("/log-in", headers={"cookie": "__Host-language=cy"})
        cookies = await client.get("/cookies")
    assert page.headers["content-language"] == "en"
    assert 'action="/language"' not in page.text
    assert "two cookies" in cookies.text
    assert "__Host-language" not in cookies.text


async def test_an_error_that_nobody_foresaw_is_in_the_language(portal: Portal) -> None:
    app = create_app(portal)
    portal.store.ready = None  # type: ignore[method-assign,assignment]

    async def broken() -> None:
        raise RuntimeError

    app.add_api_route("/broken", broken)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://epep.test") as client:
        page = await client.get("/broken", headers={"cookie": "__Host-language=cy"})
    assert page.status_code == 500
    assert "⟦Sorry, there is a problem⟧" in page.text


def test_what_is_not_translated_stays_english() -> None:
    assert known_languages()[:2] == ["en", "cy"]
    shipped = languages("en,cy")["cy"]
    with speaking(replace(shipped, texts=ENGLISH.texts)):
        assert gettext("Home") == "Home"
    with speaking(shipped):
        assert gettext("%(name)s decides, and you get an email.", name="X") == (
            "X decides, and you get an email."
        )
        assert ngettext("%(num)s child", "%(num)s children", 2) == "2 children"


def test_dates_numbers_and_plural_forms_follow_the_language(welsh: Language) -> None:
    assert formatting.day("2026-12-03") == "3 December 2026"
    assert number(1_234_567) == "1,234,567"
    assert by_count("%(num)s day", "%(num)s days") == {
        "one": "%{count} day",
        "other": "%{count} days",
    }
    with speaking(welsh):
        assert formatting.day(date(2026, 12, 3)) == "3 Rhagfyr 2026"
        assert formatting.moment("2026-12-03T10:30:00Z") == ("⟦Dydd Iau 3 Rhagfyr 2026, ⟦10:30am⟧⟧")
        assert set(by_count("%(num)s a", "%(num)s b")) >= {"zero", "one", "two", "few", "many"}
    assert formatting.day("2026-12-03") == "3 December 2026"


@pytest.mark.parametrize("codes", ["", " , ", "xx", "en,xx"])
def test_only_languages_with_a_catalogue_can_be_switched_on(codes: str) -> None:
    with pytest.raises(ValueError, match="EPEP_PORTAL_LANGUAGES"):
        languages(codes)
