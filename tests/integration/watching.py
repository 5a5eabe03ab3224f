"""What must hold of every page that a test comes across, looked at in a real browser."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Response

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE = {"width": 1280, "height": 900}
NARROW = (375, 320)  # CSS pixels; 320 is WCAG 1.4.10's
TITLE = re.compile(r"(Error: )?\S.* – ePEP")
PARTICULAR = re.compile(r"[0-9a-f-]{36}|(?<=/answer/)(?!done)[^/]+")
FACTS = """() => ({
  title: document.title,
  headings: [...document.querySelectorAll("h1")].map((each) => each.innerText.trim()),
  wrong: Boolean(document.querySelector(".govuk-error-summary")),
})"""
WIDTHS = """async () => {
  for (let frames = 0; frames < 2; frames += 1) {
    await new Promise((drawn) => requestAnimationFrame(drawn));
  }
  return [document.documentElement.scrollWidth, document.documentElement.clientWidth];
}"""
NAVIGATION_LINES = """() => new Set(
  [...document.querySelectorAll(".epep-navigation li")].map((each) => each.offsetTop)
).size"""
VIOLATIONS = """async (rules) => {
  const found = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
  return found.violations.map(({ id, nodes }) =>
    `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`
  );
}"""
UNFOLD = """() => {
  const folded = [...document.querySelectorAll("main details:not([open])")];
  folded.forEach((each) => { each.open = true; each.dataset.unfolded = ""; });
}"""
FOLD = """() => {
  const unfolded = document.querySelectorAll("[data-unfolded]");
  unfolded.forEach((each) => { each.open = false; delete each.dataset.unfolded; });
}"""
SCREENSHOTS = os.environ.get("EPEP_SCREENSHOTS")  # a folder to keep a picture of each page in


@dataclass
class Watch:
    """Collects what is wrong with pages; each page and state is looked at closely once."""

    problems: list[str] = field(default_factory=list)
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def attend(self, page: Page) -> None:
        """Note errors in the console from now on: scripts' own and refusals by the CSP."""
        answered: set[str] = set()

        def on_response(response: Response) -> None:
            if response.request.is_navigation_request():
                answered.add(response.url)

        def on_console(message: ConsoleMessage) -> None:
            # A form that comes back with 422 is an answer; the console calls it an error.
            of_page = message.text.startswith("Failed to load resource: the server responded")
            if message.type == "error" and not (of_page and message.location["url"] in answered):
                self._note(page, f"console: {message.text}")

        page.on("response", on_response)
        page.on("console", on_console)
        page.on("pageerror", lambda error: self._note(page, f"script: {error}"))

    def look(self, page: Page, state: str = "") -> None:
        """Look at the page that is shown; `state` tells it from its other states."""
        facts = page.evaluate(FACTS)
        if not TITLE.fullmatch(facts["title"]):
            self._note(page, f"title {facts['title']!r}")
        if facts["title"].startswith("Error: ") != facts["wrong"]:
            self._note(page, f"title {facts['title']!r} with error summary: {facts['wrong']}")
        if len(facts["headings"]) != 1 or not facts["headings"][0]:
            self._note(page, f"h1 {facts['headings']}")
        path = PARTICULAR.sub("…", page.url.partition("?")[0].partition("#")[0])
        key = (path, *facts["headings"], str(facts["wrong"]), state)
        if key not in self.seen:
            self.seen.add(key)
            self._closely(page)

    def _closely(self, page: Page) -> None:
        if page.evaluate("() => typeof axe") == "undefined":
            page.evaluate(AXE.read_text())
        page.evaluate(UNFOLD)
        for found in page.evaluate(VIOLATIONS, RULES):
            self._note(page, f"axe {found}")
        if page.evaluate(NAVIGATION_LINES) > 1:
            self._note(page, f"the navigation takes more than one line at {WIDE['width']} px")
        self._picture(page, WIDE["width"])
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": 800})
            needed, given = page.evaluate(WIDTHS)
            if needed > given:
                self._note(page, f"scrolls sideways at {width} px: {needed} px in {given} px")
            self._picture(page, width)
        page.evaluate(FOLD)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]

    def _note(self, page: Page, what: str) -> None:
        self.problems.append(f"{PARTICULAR.sub('…', page.url)} ({page.title()}): {what}")

    def _picture(self, page: Page, width: int) -> None:
        if SCREENSHOTS and width != NARROW[-1]:
            name = f"{len(self.seen):02}-{re.sub('[^a-z]+', '-', page.title().lower())}-{width}.png"
            page.screenshot(path=Path(SCREENSHOTS) / name, full_page=True)


def problems_of(watch: Watch, first: int = 0) -> str:
    """Return everything that was found wrong since there were `first` things, one a line."""
    return "\n".join(dict.fromkeys(watch.problems[first:]))


def options() -> dict[str, Any]:
    """Return how Chromium is started: as root, alone, asking nobody for anything."""
    from epep_local.browser import chromium

    return {
        "executable_path": chromium(),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }
