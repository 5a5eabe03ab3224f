"""People in front of a real Chromium: they read, fill in and press what a page shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from people import CODE, PASSWORD, PATIENCE, Person, body_of, eventually
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from watching import WIDE, Watch, options

MILLISECONDS = PATIENCE * 1000
expect.set_options(timeout=MILLISECONDS)  # it would be 5 s, which is little on a busy machine
CATCHING_UP = "This page is still catching up"


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Run Chromium while the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options())
        try:
            yield browser
        finally:
            browser.close()


def named(text: str) -> re.Pattern[str]:
    """Return the name of a question as it stands on the page, mandatory or not."""
    return re.compile(rf"^\s*{re.escape(text)}\s*(\(mandatory\))?\s*$")


@dataclass
class Desk:
    """One person's browser window; `watch` looks at every page unless scripts are off."""

    page: Page
    home: str
    watch: Watch | None = None

    def look(self, state: str = "") -> None:
        """Have the page looked at that is shown now."""
        if self.watch:
            self.watch.look(self.page, state)

    def open(self, path: str) -> None:
        """Go to an address of the portal, or to a whole one out of a mail."""
        self.page.goto(path if "://" in path else self.home + path)
        self.look()

    def _go(self, action: Callable[[], None]) -> None:
        with self.page.expect_navigation():
            action()
        self.look()

    def follow(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Follow the first link of that name; some look like buttons and are announced so."""
        place = within or self.page
        links = place.get_by_role("link", name=name).or_(place.get_by_role("button", name=name))
        self._caught_up(links)
        self._go(links.first.click)

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Press the first button of that name, which sends a form."""
        exact = isinstance(name, str)
        buttons = (within or self.page).get_by_role("button", name=name, exact=exact)
        self._caught_up(buttons)
        self._go(buttons.first.click)

    def group(self, question: str) -> Locator:
        """Return the question that has several controls."""
        return self.page.get_by_role("group", name=named(question))

    def write(self, question: str, text: str) -> None:
        """Fill in a text."""
        self.page.get_by_label(named(question)).fill(text)

    def choose(self, question: str, *answers: str) -> None:
        """Tick answers of a question."""
        for answer in answers:
            self.group(question).get_by_label(answer, exact=True).check()

    def write_date(self, question: str, day: date | tuple[str, str, str]) -> None:
        """Fill in day, month and year."""
        parts = day if isinstance(day, tuple) else (str(day.day), str(day.month), str(day.year))
        for label, text in zip(("Day", "Month", "Year"), parts, strict=True):
            self.group(question).get_by_label(label).fill(text)

    def see(self, *texts: str | re.Pattern[str]) -> None:
        """Expect these texts on the page."""
        for text in texts:
            found = self.page.get_by_text(text)
            self._caught_up(found)
            expect(found.first).to_be_visible()

    def _caught_up(self, wanted: Locator) -> None:
        """Load the page anew while it lacks what is wanted and says itself that it is behind."""
        behind = self.page.get_by_text(CATCHING_UP)
        self.reload_until(lambda: wanted.count() > 0 or behind.count() == 0)

    def see_heading(self, text: str | re.Pattern[str]) -> None:
        """Expect this first heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def cannot(self, name: str | re.Pattern[str]) -> None:
        """Expect no link and no button of that name, which may be a pattern."""
        for role in ("link", "button"):
            expect(self.page.get_by_role(role, name=name)).to_have_count(0)

    def reload_until(self, look: Callable[[], bool]) -> None:
        """Load the page anew until it is so: what other services do comes a little later."""

        def loaded() -> bool:
            if look():
                return True
            self.page.reload()
            return False

        eventually(loaded)

    def await_text(self, text: str | re.Pattern[str]) -> None:
        """Load the page anew until it says so."""
        self.reload_until(lambda: self.page.get_by_text(text).count() > 0)

    def see_mistakes(self, *lines: str | re.Pattern[str]) -> None:
        """Expect exactly these lines in the error summary."""
        summary = self.page.locator(".govuk-error-summary__list li")
        expect(summary).to_have_text(list(lines))

    def log_in(self, person: Person) -> Desk:
        """Log in with the password and the code that comes by mail."""
        self.open("/")
        before = len(person.mailbox.messages_to(person.email))
        self.page.get_by_label("Email address").fill(person.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.press("Continue")
        self.tick_declarations()
        self.see_heading("Check your email")
        self.page.get_by_label("Six-digit code").fill(code_mailed(person, before))
        self.press("Log in")
        self.see_heading("My children")
        return self

    def tick_declarations(self) -> None:
        """Tick what is asked at the first log-in, and when a declaration has changed."""
        heading = self.page.get_by_role("heading", level=1)
        if heading.text_content() == "Before you go on":
            for box in self.page.get_by_role("checkbox").all():
                box.check()
            self.press("Continue")


def code_mailed(person: Person, before: int) -> str:
    """Return the code that comes after the person's first `before` mails."""

    def look() -> str | None:
        for mail in person.mailbox.messages_to(person.email)[before:]:
            if "code" in str(mail["Subject"]).lower():
                return str(CODE.findall(body_of(mail))[0])
        return None

    return str(eventually(look))


@dataclass
class Office:
    """Gives each person a browser of their own, with cookies of their own."""

    browser: Browser
    home: str
    watch: Watch

    @contextmanager
    def desk(self, *, scripts: bool = True) -> Iterator[Desk]:
        """Open a window; one without scripts can't be looked at by a script."""
        context: BrowserContext = self.browser.new_context(
            viewport=WIDE,  # type: ignore[arg-type]
            locale="en-GB",
            timezone_id="Europe/London",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        if scripts:
            self.watch.attend(page)
        try:
            yield Desk(page, self.home, self.watch if scripts else None)
        finally:
            context.close()
