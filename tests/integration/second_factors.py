"""Each second factor by clicks: set up, used, and what the account's pages say of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyotp
from browsing import Desk
from newcomers import gives_password, logs_out, mail_about
from people import PASSWORD, Person
from playwright.sync_api import expect

STEP = timedelta(seconds=30)  # of an authenticator app


def confirms_with_the_password(desk: Desk, password: str = PASSWORD) -> None:
    """Give the password once more where something important is about to be changed."""
    if desk.page.get_by_role("heading", level=1).text_content() == "Confirm that it is you":
        desk.page.get_by_label("Password", exact=True).fill(password)
        desk.press("Continue")


def opens_factors(desk: Desk) -> None:
    desk.open("/account")
    desk.follow(re.compile("^Change what you log in with"))
    confirms_with_the_password(desk)
    desk.see_heading("How you log in")


def adds_an_app(desk: Desk, person: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Add an authenticator app after a wrong code; return it with the recovery codes."""
    opens_factors(desk)
    desk.page.get_by_label("What to call the app").fill("My work phone")
    desk.press("Add an authenticator app")
    desk.see_heading("Add an authenticator app")
    desk.page.get_by_text("I cannot scan it").click()
    app = pyotp.TOTP(desk.page.locator("code").inner_text().replace(" ", ""))
    desk.page.get_by_label("Six-digit code").fill("000000")
    desk.press("Add the app")
    desk.see_mistakes("Enter the six-digit code that the app shows now")
    desk.page.get_by_label("Six-digit code").fill(app.now())
    desk.press("Add the app")
    desk.see_heading("Keep these recovery codes")
    codes = desk.page.locator(".epep-codes code").all_inner_texts()
    assert len(set(codes)) == 10, codes
    desk.follow("I have kept them")
    desk.see("My work phone")
    assert mail_about(person, "A change to how you log in", words="authenticator app")
    return app, codes


def logs_in_with_the_app(desk: Desk, person: Person, app: pyotp.TOTP) -> None:
    """The code that was used to add the app is worth nothing; the next is."""
    logs_out(desk)
    gives_password(desk, person)
    desk.see_heading("Authenticator app")
    desk.page.get_by_label("Six-digit code").fill("000000")
    desk.press("Log in")
    desk.see_mistakes("That code is not right or has expired")
    desk.page.get_by_label("Six-digit code").fill(app.at(datetime.now(UTC) + STEP))
    desk.press("Log in")
    desk.see_heading("My children")


def logs_in_with_a_recovery_code(
    desk: Desk, person: Person, code: str, password: str = PASSWORD
) -> None:
    gives_password(desk, person, password)
    desk.follow("Use a recovery code")
    desk.see_heading("Recovery code")
    desk.page.get_by_label("Recovery code").fill(code)
    desk.press("Log in")
    desk.see_heading("My children")


def ends_the_other_session(desk: Desk, elsewhere: Desk) -> None:
    """What is ended in one window is over in the other within two seconds or so."""
    desk.open("/account/sessions")
    expect(desk.page.locator(".govuk-summary-card")).to_have_count(2)
    desk.press(re.compile("^End"))
    desk.see("That session is ended")
    expect(desk.page.locator(".govuk-summary-card")).to_have_count(1)
    elsewhere.page.goto(f"{elsewhere.home}/account")
    elsewhere.reload_until(lambda: elsewhere.page.url.partition("?")[0].endswith("/log-in"))
    elsewhere.look("ended elsewhere")


def adds_a_passkey(desk: Desk) -> None:
    """Add a passkey that Chromium keeps as a phone or laptop would."""
    tools = desk.page.context.new_cdp_session(desk.page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    opens_factors(desk)
    desk.page.get_by_label("What to call the passkey").fill("My laptop")
    desk.press("Add a passkey")
    desk.see_heading("Add a passkey")
    desk.press("Make the passkey")
    desk.see("Your passkey is added", "My laptop")


def logs_in_with_the_passkey(desk: Desk, person: Person) -> None:
    logs_out(desk)
    gives_password(desk, person)
    if desk.page.get_by_role("heading", level=1).text_content() != "Use your passkey":
        desk.follow("Use your passkey")
    desk.see_heading("Use your passkey")
    desk.press("Use passkey")
    desk.see_heading("My children")
