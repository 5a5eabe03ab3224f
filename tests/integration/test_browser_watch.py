"""The watch that browser tests keep on every page sees what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import chromium_running
from playwright.sync_api import Browser, Page
from watching import WIDE, Watch, problems_of

pytestmark = pytest.mark.browser
GOOD = """<!doctype html><html lang="en-GB"><head><title>Home – ePEP</title></head>
<body><main><h1>My children</h1><p>Nobody yet.</p></main></body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    yield opened
    opened.close()


def problems_with(page: Page, html: str) -> str:
    watch = Watch()
    watch.attend(page)
    page.set_content(html)
    watch.look(page)
    return problems_of(watch)


def test_nothing_is_wrong_with_a_good_page(page: Page) -> None:
    assert problems_with(page, GOOD) == ""


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("<p>", "<img src='data:,'><p>", "axe image-alt"),
        ("<p>", "<p style='color:#aaa'>", "axe color-contrast"),
        ("<p>", "<h1>Twice</h1><p>", "h1 ['My children', 'Twice']"),
        ("Home – ePEP", "Home", "title 'Home'"),
        ("Home – ePEP", "Error: Home – ePEP", "with error summary: False"),
        ("<p>", "<div style='width:360px;height:1px'></div><p>", "scrolls sideways at 320 px"),
        ("</body>", "<script>console.error('lost')</script></body>", "console: lost"),
        ("</body>", "<script>nowhere()</script></body>", "script: nowhere is not defined"),
        (
            "<head>",
            "<head><meta http-equiv='Content-Security-Policy' content=\"style-src 'none'\">"
            "<style>p {color: red}</style>",
            "Content Security Policy",
        ),
    ],
)
def test_what_is_wrong_is_named(page: Page, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    assert said in problems_with(page, GOOD.replace(good, bad))
