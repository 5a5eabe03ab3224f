"""Somebody new by clicks: registers, confirms, is accepted, declares, gives the mailed code."""

from __future__ import annotations

import re
from email.message import EmailMessage as Mail
from uuid import uuid4

from browsing import Desk, code_mailed
from people import PASSWORD, Person, body_of, eventually, make_accounts
from playwright.sync_api import expect

from epep_local.mailbox import Mailbox
from epep_local.system import System

URL = re.compile(r"https?://\S+")
SHARED_MAILBOX = "virtualschool@birmingham.example"
SCHOOL = "990105"
PHONE = f"01632 960 {uuid4().int % 1000:03}"  # another person's in each run


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


def a_virtual_school(system: System, mailbox: Mailbox) -> Person:
    """Make somebody who works for Birmingham's virtual school."""
    email = f"vera.{uuid4().hex[:8]}@birmingham.example"
    account = {"email": email, "name": "Vera Holt", "grants": ["330:virtual_school"]}
    return Person(system, mailbox, email, "Vera Holt", make_accounts(system, [account])[email])


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


def logs_out(desk: Desk) -> None:
    desk.press("Log out")
    desk.see_heading("You are logged out")


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
    head.open(link_in(waiting, "/administration/requests?authority=330"))
    head.see_heading("People who ask for access")
    head.follow(newcomer.name)
    head.see(newcomer.email, SCHOOL, PHONE)
    head.press("Refuse")
    head.see_mistakes("Say why, so that the person knows what to do")
    head.press("Give access")
    head.see(f"{newcomer.name} has access now")
