"""From nothing to logged in, with every second factor, and back in after forgetting everything."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from browsing import Desk, Office, code_mailed
from newcomers import (
    PHONE,
    SCHOOL,
    SHARED_MAILBOX,
    a_virtual_school,
    confirms_the_address,
    gives_password,
    is_accepted,
    link_in,
    logs_in_for_the_first_time,
    logs_out,
    mail_about,
    registers,
)
from people import Person, body_of
from playwright.sync_api import expect
from second_factors import (
    adds_a_passkey,
    adds_an_app,
    confirms_with_the_password,
    ends_the_other_session,
    logs_in_with_a_recovery_code,
    logs_in_with_the_app,
    logs_in_with_the_passkey,
)

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.usefixtures("nothing_wrong"),
]
NAME = "Amara Lindqvist"
NEW_PASSWORD = "quiet-lantern-harbour-9"


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
        chooses_what_is_mailed(desk)
        is_warned_before_the_session_ends(desk)
        changes_name_and_address(desk, newcomer)
        forgets_the_password(desk, newcomer, codes[1])
        forgets_the_address(desk, newcomer)
        loses_the_phone(head, newcomer)
        logs_in_on_a_remembered_device(desk, newcomer)
        says_it_was_somebody_else(desk, newcomer)


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


def chooses_what_is_mailed(desk: Desk) -> None:
    """Untick one kind; it stays unticked, and the page says what is sent in any case."""
    desk.open("/account")
    desk.follow("Change what we email you about")
    desk.see_heading("What we email you about")
    desk.see(re.compile("Invitations to PEP meetings"), re.compile("An answer is expected"))
    box = desk.page.get_by_label("A PEP has been signed off")
    expect(box).to_be_checked()
    box.uncheck()
    desk.press("Save")
    desk.see("Your choices are saved")
    desk.follow("Change what we email you about")
    expect(box).not_to_be_checked()
    expect(desk.page.get_by_label("A PEP needs more work")).to_be_checked()


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


def loses_the_phone(head: Desk, person: Person) -> None:
    """The virtual school takes app and passkey away; codes come by mail again."""
    head.open("/administration/leavers")
    head.page.get_by_label("Search by name or email address").fill(person.email)
    head.press("Search")
    head.follow(re.compile(f"^{person.name}"))
    head.press("Take app and passkeys away")
    head.see_mistakes("Say how you know that it is them")
    head.page.get_by_label("How do you know that it is them?").fill("I rang the school.")
    head.press("Take app and passkeys away")
    head.see("Their app, passkeys and recovery codes are gone")
    assert mail_about(person, "A change to how you log in", words="Your virtual school took")


def logs_in_on_a_remembered_device(desk: Desk, person: Person) -> None:
    """Codes come by mail again; where the profile allows it, not each time."""
    before = len(person.mailbox.messages_to(person.email))
    gives_password(desk, person, NEW_PASSWORD)
    desk.see_heading("Check your email")
    desk.page.get_by_label("Six-digit code").fill(code_mailed(person, before))
    desk.page.get_by_label("Do not ask for this on this device for 30 days").check()
    desk.press("Log in")
    desk.see_heading("My children")
    logs_out(desk)
    gives_password(desk, person, NEW_PASSWORD)
    desk.see_heading("My children")


def says_it_was_somebody_else(desk: Desk, person: Person) -> None:
    """The link in the code's mail asks before it stops what the code let in."""
    mail = mail_about(person, "security code")
    desk.open(link_in(mail, "/not-me/"))
    desk.see_heading("This was not me")
    desk.press("Stop this log-in")
    desk.see_heading("It is stopped")
    desk.see(re.compile("Choose a new one now"))
