"""Steps of a PEP's life that both authorities take, by clicks."""

from __future__ import annotations

import re
from datetime import date

from authority import Authority, next_weekday, today_that_lasts
from browsing import Desk
from journeys import aunt_of
from people import body_of, eventually
from playwright.sync_api import expect

LINK = re.compile(r"https?://\S+/invitations/answer/\S+")
NO_DATE = ("31", "2", str(next_weekday(365).year))


def create_with_a_mistake(desk: Desk, authority: Authority, reason: str, day: date) -> str:
    """Create a PEP; a date that doesn't exist comes back named, with all else kept."""
    desk.follow("Create PEP")
    desk.see_heading("Create PEP")
    fill_new_pep(desk, authority, reason)
    desk.write_date("Date of the meeting", NO_DATE)
    desk.press("Create PEP and send invitations")
    desk.see_mistakes("Date of the meeting must be a real date, like 3 12 2026")
    desk.page.locator(".govuk-error-summary a").first.click()
    expect(desk.group("Date of the meeting").get_by_label("Day")).to_be_focused()
    expect(desk.group("Date of the meeting").get_by_label("Day")).to_have_value(NO_DATE[0])
    expect(desk.page.get_by_label("Place")).to_have_value("Larkfield Academy")
    expect(desk.page.get_by_label("Email address of person 1")).to_have_value(aunt_of(authority))
    desk.write_date("Date of the meeting", day)
    desk.press("Create PEP and send invitations")
    desk.see("PEP created")
    return desk.page.url.rpartition("/")[2]


def fill_new_pep(desk: Desk, authority: Authority, reason: str) -> None:
    """Fill in Create PEP but for the date."""
    desk.choose("Reason for the meeting", reason)
    desk.write("Time", "23:59")
    desk.write("Place", "Larkfield Academy")
    desk.write("Contact for questions about the meeting", "Sam Okoro")
    desk.page.get_by_label("Name of person 1").fill("Aunt Noor")
    desk.page.get_by_label("Email address of person 1").fill(aunt_of(authority))


def answer_by_link(guest: Desk, authority: Authority) -> None:
    """Answer an invitation as somebody without an account, through the mailed link."""
    [mail, *_] = eventually(lambda: authority.social_worker.mailbox.messages_to(aunt_of(authority)))
    [link] = LINK.findall(body_of(mail))
    guest.open(link)
    guest.see_heading("Invitation to a PEP meeting")
    guest.press("Send answer")
    guest.see_mistakes("Choose whether you will come")
    guest.choose("Will you come?", "Yes, I will be there")
    guest.write("Comment for the organiser", "I bring cake.")
    guest.press("Send answer")
    guest.see_heading("Thank you")


def accept_in_invitations(desk: Desk) -> None:
    """Accept the one invitation that waits, in the tab that counts it."""
    desk.open("/")
    desk.await_text("PEP meeting invitations (1)")
    desk.follow("PEP meeting invitations (1)")
    desk.see("Waiting for your answer")
    desk.follow(re.compile("^Answer"))
    desk.choose("Will you come?", "Yes, I will be there")
    desk.press("Send answer")
    desk.see("Accepted")


def reschedule_to_today(desk: Desk, pep_id: str) -> date:
    """Move the meeting to a time that can be confirmed; return the day."""
    desk.open(f"/peps/{pep_id}/meeting")
    desk.follow("Reschedule this meeting")
    today = today_that_lasts()
    desk.write_date("Date of the meeting", today)
    desk.write("Why is the meeting moved?", "The school asked for it.")
    desk.press("Reschedule and tell everyone")
    desk.see("Meeting rescheduled", re.compile(f"{today.day} {today:%B} {today.year}"))
    return today


def draft_and_amend_target(desk: Desk, pep_id: str) -> None:
    """Draft a target, with a blank first, and amend it."""
    desk.open(f"/peps/{pep_id}/targets")
    desk.follow("Add a target")
    desk.press("Save target")
    desk.see_mistakes(
        "Choose the area of the target",
        "Write the target",
        "Say how we will know that the target is met",
        "Enter the date by which the target is to be met",
    )
    desk.page.get_by_label("Area").select_option(index=1)
    desk.write("Target", "Read aloud to an adult three times a week.")
    desk.write("How will we know that it is met?", "Reading age up by a month.")
    desk.write_date("To be met by", next_weekday(60))
    desk.press("Save target")
    desk.see("Target added as a draft", "Draft")
    desk.follow("Change target 1")
    desk.write("How will we know that it is met?", "Reading age up by three months.")
    desk.press("Save target")
    desk.see("Target saved", "Reading age up by three months.")


def submit_target(desk: Desk, pep_id: str) -> None:
    """Submit the target that the meeting agreed."""
    desk.open(f"/peps/{pep_id}/targets")
    desk.press("Submit target 1")
    desk.see("Target submitted")


def hold_meeting_by_clicks(desk: Desk, pep_id: str) -> None:
    """Record who was there and what was said, confirm it, and agree the next date."""
    desk.open(f"/peps/{pep_id}/meeting")
    desk.follow("Record the meeting")
    desk.write("Who chaired the meeting?", "Dina Teller")
    desk.write("Who recorded it?", "Dina Teller")
    desk.choose("Who was present?", "Sam Okoro", "Dina Teller", "Aunt Noor")
    desk.page.get_by_label("Yes, part of it", exact=True).check()
    desk.page.get_by_role("group", name=re.compile("views shape the plan")).get_by_label(
        "Yes", exact=True
    ).check()
    desk.write("Discussion and each person’s views", "Amy is proud of her art.")
    desk.press("Save")
    desk.see("Record saved", "Amy is proud of her art.")
    desk.follow("Confirm that the meeting took place")
    desk.press("Yes, the meeting took place")
    desk.see("Took place")
    desk.follow("Set the next meeting")
    desk.write_date("Date of the meeting", next_weekday(100))
    desk.write("Time", "9:30am")
    desk.write("Who sends the invitations?", "Dina Teller")
    desk.press("Save the next meeting")
    desk.see("Next meeting saved")


def mark_complete(desk: Desk, pep_id: str) -> None:
    """Mark every section complete that this person may."""
    desk.open(f"/peps/{pep_id}/sign-off")
    buttons = desk.page.get_by_role("button", name=re.compile("^Mark complete"))
    assert buttons.count() > 0
    while buttons.count():
        desk.press(re.compile("^Mark complete"))
        desk.see("Section marked complete")
