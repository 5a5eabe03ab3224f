"""From nothing to logged in, with every second factor, and back in after forgetting everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage as Mail
from uuid import uuid4

import pyotp
import pytest
from browsing import Desk, Office, chromium_running, code_mailed
from people import PASSWORD, Person, body_of, eventually, make_accounts
from playwright.sync_api import expect
from watching import Watch, problems_of

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = [pytest.mark.system, pytest.mark.browser]
URL = re.compile(r"https?://\S+")
SHARED_MAILBOX = "virtualschool@birmingham.example"
NEW_PASSWORD = "quiet-lantern-harbour-9"
NAME, SCHOOL = "Amara Lindqvist", "990105"
PHONE = f"01632 960 {uuid4().int % 1000:03}"  # another person's in each run
STEP = timedelta(seconds=30)  # of an authenticator app


@pytest.fixture(scope="module")
def office(system: System) -> Iterator[Office]:
    with chromium_running() as browser:
        yield Office(browser, system.url("portal"), Watch())


@pytest.fixture(autouse=True)
def nothing_wrong(office: Office) -> Iterator[None]:
    """Every page that a test comes across is as it should be."""
    yield
    assert not problems_of(office.watch), problems_of(office.watch)


def test_from_nothing_to_every_second_factor(
    office: Office, system: System, mailbox: Mailbox
) -> None:
    """Register, be accepted, declare; log in with a code, an app, a recovery code, a passkey."""
    newcomer = Person(system, mailbox, f"amara.{uuid4().hex[:8]}@school.example", NAME, "")
    with office.desk() as desk, office.desk() as head:
        registers(desk, newcomer)
        confirms_the_address(desk, newcomer)
        logs_in_for_the_first_time(desk, newcomer)
        desk.see_heading("What happens next")
        desk.see(re.compile("The virtual school checks who you are"), SHARED_MAILBOX)
        is_accepted(head, a_virtual_school(system, mailbox), newcomer)
        assert "You have access" in mail_about(newcomer, "access").as_string()
        desk.open("/")
        desk.see_heading("My children")
        secret, codes = adds_an_app(desk, newcomer)
        logs_in_with_the_app(desk, newcomer, secret)
        with office.desk() as elsewhere:
            logs_in_with_a_recovery_code(elsewhere, newcomer, codes[0])
            ends_the_other_session(desk, elsewhere)
        adds_a_passkey(desk)
        logs_in_with_the_passkey(desk, newcomer)
        is_warned_before_the_session_ends(desk)
        changes_name_and_address(desk, newcomer)
        forgets_the_password(desk, newcomer, codes[1])
        forgets_the_address(desk, newcomer)
        loses_the_phone(desk, head, newcomer)


def a_virtual_school(system: System, mailbox: Mailbox) -> Person:
    """Make somebody who works for Birmingham's virtual school."""
    email = f"vera.{uuid4().hex[:8]}@birmingham.example"
    account = {"email": email, "name": "Vera Holt", "grants": ["330:virtual_school"]}
    return Person(system, mailbox, email, "Vera Holt", make_accounts(system, [account])[email])


def mail_about(person: Person, subject: str, address: str = "", words: str = "") -> Mail:
    """Return the newest mail to the person with such a subject, as soon as there is one."""

    def newest() -> Mail | None:
        mails = person.mailbox.messages_to(address or person.email)
        fit = [mail for mail in mails if subject in str(mail["Subject"]) and words in body_of(mail)]
        return fit[-1] if fit else None

    found: Mail = eventually(newest)
    return found


def link_in(mail: Mail, path: str) -> str:
    """Return the mail's link to that part of the portal."""
    [link] = [each for each in URL.findall(body_of(mail)) if path in each]
    return str(link)


def registers(desk: Desk, person: Person) -> None:
    """Give one's details; mistakes are named and nothing typed is lost."""
    desk.open("/")
    desk.follow("Register")
    desk.press("Continue")
    desk.see_mistakes("Choose an authority")
    desk.choose("Which authority looks after the children you work with?", "Birmingham")
    desk.press("Continue")
    desk.press("Send my details")
    desk.see_mistakes(
        "Enter your full name",
        "Enter your work email address",
        "Enter a phone number",
        "Choose what you do",
    )
    desk.write("Full name", person.name)
    desk.write("Work email address", person.email)
    desk.write("Phone number", PHONE)
    desk.choose("What do you do?", "Designated Teacher")
    desk.press("Send my details")
    desk.see_mistakes(re.compile("URN"))
    expect(desk.page.get_by_label("Full name")).to_have_value(person.name)
    desk.write("School or setting", SCHOOL)
    desk.press("Send my details")
    desk.see_heading("Check your email")


def confirms_the_address(desk: Desk, person: Person) -> None:
    """Open the mailed link, choose a password; the link is good for once."""
    link = link_in(mail_about(person, "Confirm your email"), "/register/confirm/")
    desk.open(link)
    desk.see(re.compile(f"Hello {person.name}"))
    desk.page.get_by_label("Password", exact=True).fill("password1234")
    desk.press("Confirm and continue")
    desk.see_mistakes(re.compile("guess|common", re.IGNORECASE))
    desk.page.get_by_label("Password", exact=True).fill(PASSWORD)
    desk.press("Confirm and continue")
    desk.see("Your address is confirmed")
    desk.open(link)
    desk.see_heading("This link does not work any more")


def gives_password(desk: Desk, person: Person, password: str = PASSWORD) -> None:
    desk.open("/log-in")
    desk.page.get_by_label("Email address").fill(person.email)
    desk.page.get_by_label("Password", exact=True).fill(password)
    desk.press("Continue")


def logs_in_for_the_first_time(desk: Desk, person: Person) -> None:
    """Tick each declaration, then give the mailed code, after mistakes in both."""
    before = len(person.mailbox.messages_to(person.email))
    gives_password(desk, person)
    desk.see_heading("Before you go on")
    desk.page.get_by_label("Cookies").check()
    desk.press("Continue")
    expect(desk.page.locator(".govuk-error-summary__list li")).to_have_count(4)
    expect(desk.page.get_by_label("Cookies")).to_be_checked()
    assert len(person.mailbox.messages_to(person.email)) == before, "a code before declaring"
    desk.tick_declarations()
    desk.see_heading("Check your email")
    code = code_mailed(person, before)
    desk.page.get_by_label("Six-digit code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    desk.press("Log in")
    desk.see_mistakes("That code is not right or has expired")
    desk.page.get_by_text("I have not received an email").click()
    desk.press("Send a new code")
    desk.see_mistakes(re.compile("Wait 1 minute"))
    desk.page.get_by_label("Six-digit code").fill(code)
    desk.press("Log in")


def is_accepted(head: Desk, virtual_school: Person, newcomer: Person) -> None:
    """The virtual school comes by the link in its mail, and by nothing but clicks gives access."""
    waiting = mail_about(newcomer, "asks for access", SHARED_MAILBOX, newcomer.name)
    head.log_in(virtual_school)
    head.open(link_in(waiting, "/administration/requests"))
    head.see_heading("People who ask for access")
    head.follow(newcomer.name)
    head.see(newcomer.email, SCHOOL, PHONE)
    head.press("Refuse")
    head.see_mistakes("Say why, so that the person knows what to do")
    head.press("Give access")
    head.see(f"{newcomer.name} has access now")


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


def logs_out(desk: Desk) -> None:
    desk.press("Log out")
    desk.see_heading("You are logged out")


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


def is_warned_before_the_session_ends(desk: Desk) -> None:
    """Five minutes before the half hour is over: stay, and what was typed is still there."""
    desk.page.clock.install()
    desk.open("/account/details")
    desk.page.get_by_label("Job title").fill("Deputy head")
    desk.page.clock.fast_forward("24:30")
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_have_count(0)
    desk.page.clock.fast_forward("00:31")
    expect(dialog).to_be_visible()
    desk.look("warned")
    with desk.page.expect_response("**/session/stay") as stayed:
        dialog.get_by_role("button", name="Stay logged in").click()
    assert stayed.value.status == 204
    expect(dialog).to_have_count(0)
    expect(desk.page.get_by_label("Job title")).to_have_value("Deputy head")
    desk.page.clock.resume()


def changes_name_and_address(desk: Desk, person: Person) -> None:
    """A new name shows at once; a new address when both mailboxes have said yes."""
    desk.write("Full name", "Amara Lindqvist-Bell")
    desk.press("Save")
    confirms_with_the_password(desk)
    if "/details" in desk.page.url:
        desk.press("Save")
    desk.see("Your details are saved", "Amara Lindqvist-Bell", "Deputy head")
    desk.follow("Change your email address")
    new = f"bell.{uuid4().hex[:8]}@school.example"
    desk.write("New email address", new)
    desk.press("Send both emails")
    desk.see("We have written to both addresses")
    for address, subject in ((person.email, "wants to change"), (new, "Confirm your new")):
        mail = mail_about(person, subject, address)
        desk.open(link_in(mail, "/account/email/confirm/"))
        desk.press("Confirm")
    desk.see(re.compile("Your email address is changed"))
    assert mail_about(person, "Your ePEP email address has changed")
    person.email, person.name = new, "Amara Lindqvist-Bell"


def forgets_the_password(desk: Desk, person: Person, code: str) -> None:
    """A link by mail; then the old password is worth nothing and the second factor stays."""
    desk.open("/account")
    logs_out(desk)
    desk.open("/log-in")
    desk.follow("Forgotten password")
    desk.press("Send me a link")
    desk.see_mistakes("Enter your email address")
    desk.page.get_by_label("Email address").fill(person.email)
    desk.press("Send me a link")
    desk.see_heading("Check your email")
    desk.open(link_in(mail_about(person, "Choose a new ePEP password"), "/forgotten-password/"))
    desk.page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    desk.press("Save the new password")
    desk.see("Your password is changed")
    gives_password(desk, person)
    desk.see_mistakes("Email address or password not recognised")
    logs_in_with_a_recovery_code(desk, person, code, NEW_PASSWORD)
    logs_out(desk)


def forgets_the_address(desk: Desk, person: Person) -> None:
    """The address comes by mail to itself; the page never shows it."""
    desk.open("/log-in")
    desk.follow("Forgotten email address")
    desk.write("Full name", person.name)
    desk.write("School, setting or team", SCHOOL)
    desk.write("Phone number", PHONE.replace(" ", ""))
    desk.press("Send me my address")
    desk.see_heading("Check your email")
    assert person.email not in desk.page.content()
    assert person.email in body_of(mail_about(person, "The email address of your ePEP account"))


def loses_the_phone(desk: Desk, head: Desk, person: Person) -> None:
    """The virtual school takes app and passkey away; codes come by mail again."""
    head.open("/administration/leavers")
    head.page.get_by_label("Search by name or email address").fill(person.email)
    head.press("Search")
    head.follow(re.compile(f"^{person.name}"))
    head.press("Take app and passkeys away")
    head.see_mistakes("Say how you know that it is them")
    head.page.get_by_label("How do you know that it is them?").fill("I rang the school.")
    head.press("Take app and passkeys away")
    head.see("They can log in without phone or key")
    assert mail_about(person, "A change to how you log in", words="Your virtual school took")
    before = len(person.mailbox.messages_to(person.email))
    gives_password(desk, person, NEW_PASSWORD)
    desk.see_heading("Check your email")
    desk.page.get_by_label("Six-digit code").fill(code_mailed(person, before))
    desk.press("Log in")
    desk.see_heading("My children")
