"""The main job by clicks in real Chromium, in both authorities' ways, with every page looked at."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from authority import Authority, found_authority, next_weekday, today_that_lasts
from browsing import Desk, Office
from journeys import (
    await_meeting,
    await_state,
    complete_sections,
    fill_pages,
    hold_meeting,
)
from people import Person, eventually
from playwright.sync_api import expect
from steps_by_clicks import (
    accept_in_invitations,
    answer_by_link,
    create_with_a_mistake,
    draft_and_amend_target,
    fill_new_pep,
    hold_meeting_by_clicks,
    mark_complete,
    reschedule_to_today,
    submit_target,
)

from epep_local.mailbox import Mailbox
from epep_local.system import System

VIEW = re.compile(r"^View .*Hussain")
SIGN = re.compile("^Sign the PEP off$")
COMMENT = "Comment for the people who wrote the plan"

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.usefixtures("nothing_wrong"),
]


def test_northvales_way_by_clicks(
    office: Office, system: System, mailbox: Mailbox, tmp_path: Path
) -> None:
    """The social worker creates, quality gates, the virtual school signs off."""
    authority = found_authority(system, mailbox, "998")
    people = [authority.social_worker, authority.designated_teacher]
    with office.desk() as worker, office.desk() as teacher, office.desk() as head:
        log_in_after_a_mistake(worker, authority.social_worker)
        worker.follow(VIEW)
        worker.see("There is no PEP open", "Child’s record created", "Larkfield Academy")
        pep_id = create_with_a_mistake(worker, authority, "Autumn term review", next_weekday(3))
        with office.desk() as guest:
            answer_by_link(guest, authority)
        teacher.log_in(authority.designated_teacher)
        accept_in_invitations(teacher)
        worker.open(f"/peps/{pep_id}/meeting")
        worker.await_text("I bring cake.")
        await_meeting_on(reschedule_to_today(worker, pep_id), people[0], pep_id)
        outstanding_leads_to_the_field(worker, pep_id)
        answer_a_page_of_each_section(worker, teacher, pep_id)
        two_write_one_page(worker, teacher, pep_id)
        fill_pages(pep_id, people)
        draft_and_amend_target(teacher, pep_id)
        hold_meeting_by_clicks(teacher, pep_id)
        await_meeting(people[1], pep_id)
        submit_target(teacher, pep_id)
        mark_complete(worker, pep_id)
        mark_complete(teacher, pep_id)
        submit_pep(teacher)
        head.log_in(authority.virtual_school)
        review(head, pep_id, "Inadequate", "Return it to be improved")
        await_state(people[1], pep_id, "returned")
        teacher.open(f"/peps/{pep_id}")
        teacher.see(re.compile("^Returned by"), "Say more about reading.")
        complete_sections(pep_id, people)
        teacher.open(f"/peps/{pep_id}/sign-off")
        submit_pep(teacher)
        review(head, pep_id, "Good", "Sign the PEP off")
        await_state(people[1], pep_id, "signed_off")
        the_log_tells_it_all(teacher, authority, tmp_path)


def await_meeting_on(day: date, person: Person, pep_id: str) -> None:
    """Wait until the plan knows of the new day, so that its news crosses nothing that is pressed.

    The time is one at which the day in England is the day in UTC, too.
    """
    said = day.isoformat()
    eventually(lambda: person.get("pep", f"/peps/{pep_id}")["meeting_at"].startswith(said))


def log_in_after_a_mistake(desk: Desk, person: Person) -> None:
    desk.open("/")
    desk.see_heading("Log in to ePEP")
    desk.page.get_by_label("Email address").fill(person.email)
    desk.page.get_by_label("Password", exact=True).fill("not-the-password")
    desk.press("Continue")
    desk.see_mistakes("Email address or password not recognised")
    expect(desk.page.get_by_label("Email address")).to_have_value(person.email)
    desk.log_in(person)


def outstanding_leads_to_the_field(desk: Desk, pep_id: str) -> None:
    """Each mandatory question that is blank is a link to its field."""
    desk.open(f"/peps/{pep_id}/sign-off")
    desk.press(re.compile("^Mark complete"))
    expect(desk.page.locator(".govuk-error-summary")).to_be_focused()
    link = desk.page.get_by_role("main").get_by_role("link", name="Health needs that affect")
    link.last.click()
    desk.see_heading("Health")
    expect(desk.page.locator(":target")).to_be_in_viewport()
    desk.look()


def answer_a_page_of_each_section(worker: Desk, teacher: Desk, pep_id: str) -> None:
    """A choice, a date, a number, a line, and a yes or no whose detail is asked for."""
    worker.open(f"/peps/{pep_id}/pages/background")
    worker.write("What the setting should understand about the child's life so far", "A lot.")
    worker.choose("Care plan", "Kinship care")
    worker.write("Schools and settings attended", "Two primary schools.")
    worker.press("Save")
    worker.see("Saved")

    teacher.open(f"/peps/{pep_id}/pages/setting")
    teacher.choose("Education status", "On roll")
    teacher.write_date("Start date", ("1", "9", "2024"))
    teacher.write("Weekly hours", "25 and a bit")
    teacher.write("Key adult in the setting", "Jo Bennett")
    detail = teacher.page.get_by_label("Reason, end date and who approved it")
    expect(detail).to_be_hidden()
    teacher.choose("Part-time timetable?", "Yes")
    detail.fill("Mornings until half-term, agreed with the virtual school.")
    teacher.press("Save")
    teacher.see_mistakes(re.compile("Weekly hours"))
    teacher.write("Weekly hours", "25")
    teacher.press("Save and go to the next page")
    teacher.see("Saved: Education provision")

    worker.open(f"/peps/{pep_id}/pages/setting")  # to read
    worker.see("Mornings until half-term, agreed with the virtual school.")

    teacher.open(f"/peps/{pep_id}/pages/about_views")
    teacher.choose("How were the views given?", "In conversation", "Pictures")
    teacher.write("Who helped?", "Nobody")
    teacher.write_date("When", ("15", "9", "2026"))
    teacher.choose("Does the young person want to be at the meeting?", "Part of it")
    teacher.press("Save")
    teacher.see("Saved")


def two_write_one_page(worker: Desk, teacher: Desk, pep_id: str) -> None:
    """The second gets what they typed beside what the first saved, and chooses."""
    path = f"/peps/{pep_id}/pages/carer_views"
    going, worries = "What is going well at home and in learning?", "What worries you?"
    for desk in (worker, teacher):
        desk.open(path)
        desk.choose("How the carer contributed", "In writing")
    worker.write(going, "She reads to her brother.")
    worker.write(worries, "Mornings are hard.")
    worker.press("Save")
    worker.see("Saved")
    teacher.write(going, "She paints.")
    teacher.write(worries, "Friendships.")
    teacher.press("Save")
    teacher.see_heading("Someone else changed this page")
    teacher.see("She reads to her brother.", "She paints.", "Mornings are hard.", "Friendships.")
    teacher.press("Save")
    teacher.see_mistakes(re.compile(re.escape(going)), re.compile(re.escape(worries)))
    teacher.choose(going, "Keep what is saved")
    teacher.choose(worries, "Keep what you typed")
    teacher.press("Save")
    teacher.see("Saved")
    expect(teacher.page.get_by_label(going)).to_have_value("She reads to her brother.")
    expect(teacher.page.get_by_label(worries)).to_have_value("Friendships.")


def submit_pep(desk: Desk) -> None:
    desk.follow("Submit the PEP")
    desk.press("Submit the PEP")
    desk.see("PEP submitted")


def review(desk: Desk, pep_id: str, level: str, decision: str) -> None:
    """Score every area, rate, comment, and publish what was decided."""
    desk.open("/quality")
    link = desk.page.locator(f'a[href="/peps/{pep_id}/quality"]')
    desk.reload_until(lambda: link.count() > 0)
    link.click()
    desk.see_heading("Quality Assurance")
    score(desk, level)
    desk.press("Publish")
    desk.see_mistakes("Choose what happens to the PEP")
    desk.choose("What happens to the PEP?", decision)
    desk.press("Publish")


def score(desk: Desk, level: str) -> None:
    """Give every area and the whole the same level, with comments."""
    desk.look("scores")
    for answer in desk.page.locator("main").get_by_label(level, exact=True).all():
        answer.check()
    desk.write(COMMENT, "Say more about reading.")
    for comment in desk.page.get_by_label(re.compile(": comment")).all():
        comment.fill("Seen and discussed.")
    desk.press("Save and go on to publish")
    desk.see_heading("Publish the review")


def the_log_tells_it_all(desk: Desk, authority: Authority, folder: Path) -> None:
    """The child's page has the finished PEP, the next one, and the log at its bottom."""
    desk.open(f"/children/{authority.child_id}")
    desk.await_text(re.compile("^Signed off on"))
    desk.await_text(re.compile("Quality: Good"))
    desk.look("with its log")
    said = [*desk.page.locator(".moj-timeline__title").all_inner_texts()]
    assert len(said) == 25, said  # a page of it
    desk.follow("Next page")
    desk.see("Change log")
    with desk.page.expect_download() as saved:
        desk.page.get_by_role("link", name="Download as CSV").click()
    path = folder / "log.csv"
    saved.value.save_as(path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) > len(said), rows[:1]
    text = path.read_text(encoding="utf-8-sig")
    for words in ("Reading age up by three months.", "Mornings are hard.", "Sam Okoro"):
        assert words in text, words
    desk.open(f"/children/{authority.child_id}")
    desk.page.get_by_text("Filter by section, person or date").click()
    desk.page.get_by_label("Person").select_option(label="Vera Holt")
    desk.press("Apply filters")
    desk.see("with these filters")
    bylines = desk.page.locator(".moj-timeline__byline").all_inner_texts()
    assert {each.partition(",")[0] for each in bylines} == {"Vera Holt"}


def test_birminghams_way_by_clicks(office: Office, system: System, mailbox: Mailbox) -> None:
    """What differs: the virtual school creates, the designated teacher signs off, QA after."""
    authority = found_authority(system, mailbox, "330")
    people = [authority.social_worker, authority.designated_teacher]
    with office.desk() as head, office.desk() as worker, office.desk() as teacher:
        worker.log_in(people[0])
        worker.follow(VIEW)
        worker.see("There is no PEP open")
        worker.cannot(re.compile("Create PEP"))
        head.log_in(authority.virtual_school)
        head.open(f"/children/{authority.child_id}")
        head.follow("Create PEP")
        fill_new_pep(head, authority, "Termly review")
        head.write_date("Date of the meeting", today_that_lasts())
        head.press("Create PEP and send invitations")
        head.see("PEP created")
        pep_id = head.page.url.rpartition("/")[2]
        fill_pages(pep_id, people)
        hold_meeting(pep_id, people[1])
        await_meeting(people[1], pep_id)
        mark_complete(worker, pep_id)
        worker.cannot(SIGN)
        teacher.log_in(people[1])
        mark_complete(teacher, pep_id)
        with office.desk() as coordinator:
            has_no_button(coordinator.log_in(authority.coordinator), authority, pep_id)
        teacher.open(f"/peps/{pep_id}/sign-off")
        teacher.follow(SIGN)
        teacher.press(SIGN)
        teacher.see("PEP signed off")
        audit(head, pep_id)
        teacher.open(f"/peps/{pep_id}/quality")
        teacher.await_text(re.compile("^Published"))
        teacher.see("Say more about reading.")
        head.open(f"/peps/{pep_id}/quality")
        head.press("Open a review of this PEP")
        expect(head.page.get_by_label(COMMENT)).to_be_editable()


def has_no_button(desk: Desk, authority: Authority, pep_id: str) -> None:
    """A coordinator may read and write, and can never sign; the log isn't theirs to read."""
    desk.open(f"/peps/{pep_id}/sign-off")
    desk.see("Final sign-off")
    desk.cannot(SIGN)
    desk.cannot(re.compile("Mark complete|Submit"))
    desk.open(f"/peps/{pep_id}/sign-off/confirm")
    desk.cannot(SIGN)
    desk.open(f"/children/{authority.child_id}")
    desk.look("without a log")
    expect(desk.page.get_by_text("Change log")).to_have_count(0)


def audit(desk: Desk, pep_id: str) -> None:
    """Score the first plan of a child, taken up by itself, and publish it as feedback."""
    desk.open(f"/peps/{pep_id}/quality")
    begun = desk.page.get_by_label(COMMENT)
    desk.reload_until(lambda: begun.count() > 0)  # qa hears of it by event
    score(desk, "Green")
    desk.choose("What happens to the PEP?", "Send the feedback")
    desk.press("Publish")


def test_pages_beside_the_journey(office: Office, northvale: Authority) -> None:
    """What everybody may read, what isn't there, messages, and the import's page."""
    with office.desk() as desk:
        for name in ("Help and contact", "Terms", "Privacy", "Cookies", "Accessibility"):
            desk.open("/log-in")
            desk.follow(name)
        desk.log_in(northvale.virtual_school)
        desk.follow("Messages")
        desk.follow("Quality assurance")
        desk.follow("Published")
        desk.follow("Administration")
        desk.follow("Import children")
        desk.press("Check the files")
        desk.see_mistakes(re.compile("."), re.compile("."))
        desk.open("/children/0190a000-0000-7000-8000-000000000000")
        desk.see("There is no page at this address")
        desk.press("Log out")
        desk.see_heading("You are logged out")
