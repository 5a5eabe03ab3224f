import re
from typing import Any

import pytest


async def test_every_page_opens_and_keeps_the_conventions(
    person: Any, every_page: list[str]
) -> None:
    for path in every_page:
        answer = await person.open(path)
        assert answer.status_code == 200, path
        html = answer.text
        assert html.count("<h1") == 1, path
        assert re.search(r"<title>[^<]+ – ePEP</title>", html), path
        assert " style=" not in html, path
        assert " onclick=" not in html, path
        assert "GOV.UK" not in html, path
        assert "disabled" not in html, path
        scripts = re.findall(r"<script[^>]*>", html)
        assert len(scripts) == 2, path
        ids = re.findall(r' id="([^"]+)"', html)
        assert sorted(ids) == sorted(set(ids)), path
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL):
            assert 'name="csrf_token"' in form, path


async def test_a_childs_name_stays_out_of_titles(person: Any, canned: dict[str, Any]) -> None:
    ids = canned["ids"]
    for path in (f"/children/{ids['child']}", f"/peps/{ids['pep']}"):
        title = re.findall(r"<title>(.*?)</title>", (await person.open(path)).text)[0]
        assert "Okafor" not in title
        assert "MO" in title


async def test_nobody_sees_a_page_without_logging_in(browser: Any, every_page: list[str]) -> None:
    for path in every_page[:28]:
        answer = await browser.open(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/log-in?next="), path


@pytest.mark.parametrize("path", ["/nothing", "/children/not-a-uuid", "/peps/1/pages/x"])
async def test_an_unknown_address_is_not_found(person: Any, path: str) -> None:
    answer = await person.open(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text


async def test_the_vendored_files_do_not_look_like_another_site() -> None:
    from web_portal.main import PACKAGE

    css = "".join(f.read_text() for f in (PACKAGE / "static").rglob("*.css"))
    for banned in ("GDS Transport", "@font-face", "GOV.UK", "govuk-crest", "data:"):
        assert banned not in css
    wanted = re.findall(r"url\((/static/[^)]+)\)", css)
    assert wanted
    for address in wanted:
        assert (PACKAGE / address.lstrip("/")).is_file(), address
