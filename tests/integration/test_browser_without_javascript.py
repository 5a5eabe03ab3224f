"""The journey's forms in a browser that runs no scripts, and what scripts add: asking first."""

from __future__ import annotations

import re

import pytest
from authority import Authority, found_authority
from browsing import Desk, Office
from journeys import create_pep, fill_pages, hold_meeting
from people import eventually
from playwright.sync_api import Dialog, expect
from steps_by_clicks import accept_in_invitations, answer_by_link, mark_complete
from watching import problems_of

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = [pytest.mark.system, pytest.mark.browser]


@pytest.fixture(scope="module")
def authority(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "998")


@pytest.fixture(scope="module")
def pep_id(authority: Authority) -> str:
    return create_pep(authority, authority.social_worker)


def scripts_run(desk: Desk) -> bool:
    """Tell by a detail that only a script hides."""
    desk.open(desk.page.url)
    return desk.page.locator("[data-shown-with][hidden]").count() > 0


def test_the_forms_work_without_scripts(office: Office, authority: Authority, pep_id: str) -> None:
    """Log in, answer invitations, save a page with its mistakes, mark a section complete."""
    with office.desk(scripts=False) as guest:
        answer_by_link(guest, authority)
    with office.desk(scripts=False) as teacher:
        teacher.log_in(authority.designated_teacher)
        accept_in_invitations(teacher)
        teacher.open(f"/peps/{pep_id}/pages/setting")
        assert not scripts_run(teacher)
        teacher.choose("Education status", "On roll")
        teacher.write_date("Start date", ("1", "9", "2024"))
        teacher.write("Weekly hours", "25")
        teacher.choose("Part-time timetable?", "Yes")
        teacher.write("Reason, end date and who approved it", "Mornings until half-term.")
        teacher.press("Save")
        teacher.see_mistakes(re.compile("Key adult in the setting"))
        expect(teacher.page.get_by_label("Weekly hours")).to_have_value("25")
        teacher.write("Key adult in the setting", "Jo Bennett")
        teacher.press("Save")
        teacher.see("Saved")
        fill_pages(pep_id, [authority.social_worker, authority.designated_teacher])
        hold_meeting(pep_id, authority.designated_teacher)
        reader = authority.designated_teacher
        eventually(lambda: reader.get("pep", f"/peps/{pep_id}")["next_meeting_at"])
        mark_complete(teacher, pep_id)


def test_leaving_a_changed_page_asks_first(
    office: Office, authority: Authority, pep_id: str
) -> None:
    """Typed and not saved: the browser asks. Unchanged, or saved: it doesn't."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with office.desk() as worker:
        worker.page.on("dialog", stay)
        worker.log_in(authority.social_worker)
        worker.open(f"/peps/{pep_id}/pages/carer_views")
        worker.follow("Home")
        worker.open(f"/peps/{pep_id}/pages/carer_views")
        worker.choose("How the carer contributed", "In writing")
        worker.write("What worries you?", "Mornings are hard.")
        assert asked == []
        worker.page.get_by_role("link", name="Home").first.click()
        eventually(lambda: asked == ["beforeunload"])
        expect(worker.page.get_by_label("What worries you?")).to_have_value("Mornings are hard.")
        worker.press("Save")
        worker.see("Saved")
        worker.follow("Home")
        worker.see_heading("My children")
        assert asked == ["beforeunload"]
    assert not problems_of(office.watch), problems_of(office.watch)
