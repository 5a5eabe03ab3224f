"""The live board in real Chromium: what happens elsewhere moves its numbers, nobody reloading."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from authority import Authority, import_more, with_another_child
from browsing import Desk, Office
from journeys import (
    await_meeting,
    await_state,
    change_pep,
    complete_sections,
    create_pep,
    draft_target,
    fill_pages,
    hold_meeting,
    publish_review,
)
from playwright.sync_api import Locator, expect

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.usefixtures("nothing_wrong"),
]


@pytest.fixture(scope="module")
def authority(birmingham: Authority) -> Authority:
    return with_another_child(birmingham)


def tile(desk: Desk, key: str) -> Locator:
    return desk.page.locator(f"[data-live={key}] [data-count]")


def number(desk: Desk, key: str) -> int:
    return int(tile(desk, key).inner_text().replace(",", ""))


def cells(desk: Desk, label: str) -> Locator:
    """The numbers of the row with this label."""
    row = desk.page.get_by_role("row").filter(has_text=label)
    return row.get_by_role("cell")


def finish(pep_id: str, authority: Authority) -> None:
    """Do all that stands before a sign-off, by the API and not in the watched browser."""
    teacher = authority.designated_teacher
    people = [authority.social_worker, teacher]
    fill_pages(pep_id, people)
    target = draft_target(pep_id, teacher)
    hold_meeting(pep_id, teacher)
    await_meeting(teacher, pep_id)
    change_pep(teacher, pep_id, "POST", f"targets/{target}/submission", {})
    complete_sections(pep_id, people)
    await_state(teacher, pep_id, "sections_complete")


def test_the_keyboard_s_place_is_kept_while_numbers_change(
    office: Office, authority: Authority
) -> None:
    with office.desk() as head:
        head.log_in(authority.virtual_school)
        head.open("/board")
        expect(head.page.locator("[data-live-state]")).to_have_text("Live")
        before = number(head, "open")
        head.page.locator("[data-live=reviews] a").focus()
        # So that this part is replaced, too, although its number stays the same.
        head.page.evaluate("() => document.querySelector('[data-live=reviews]').append(' ')")
        [other] = import_more(authority, [f"C{uuid4().hex[:9]}"])
        create_pep(other, authority.virtual_school)
        expect(tile(head, "open")).to_have_text(f"{before + 1:,}")
        expect(head.page.locator("[data-live=reviews] a")).to_be_focused()


def test_a_sign_off_elsewhere_moves_the_numbers_on_an_open_page(
    office: Office, authority: Authority
) -> None:
    pep_id = create_pep(authority, authority.virtual_school)
    finish(pep_id, authority)
    with office.desk() as head:
        head.log_in(authority.virtual_school)
        head.follow("Live board")
        head.see_heading("Live board")
        live = head.page.locator("[data-live-state]")
        expect(live).to_have_text("Live")
        expect(cells(head, "All sections complete").first).not_to_have_text("0")
        head.page.evaluate("() => { window.stayed = true; }")
        before = number(head, "signed_off")
        rated = int(cells(head, "Amber").first.inner_text())

        change_pep(authority.designated_teacher, pep_id, "POST", "sign-off", {})
        expect(tile(head, "signed_off")).to_have_text(f"{before + 1:,}")
        told = re.compile(rf"Signed off this school year: {before + 1:,}")
        expect(head.page.locator("[data-news]")).to_have_text(told)

        publish_review(pep_id, authority.virtual_school, "amber", "feedback")
        expect(cells(head, "Amber").first).to_have_text(str(rated + 1))
        assert head.page.evaluate("() => window.stayed")
        head.look("after changes")


def test_without_scripts_the_page_shows_the_numbers_and_a_link(
    office: Office, authority: Authority
) -> None:
    with office.desk(scripts=False) as head:
        head.log_in(authority.virtual_school)
        head.open("/board")
        head.see_heading("Live board")
        head.see("Open PEPs", re.compile("^As of "), "Where open PEPs stand")
        expect(head.page.locator("[data-live-state]")).to_be_hidden()
        assert number(head, "open") >= 0
        head.follow("Refresh the numbers")
        head.see_heading("Live board")


def test_the_stream_ends_with_the_session(office: Office, authority: Authority) -> None:
    with office.desk() as head:
        head.log_in(authority.virtual_school)
        head.open("/board")
        expect(head.page.locator("[data-live-state]")).to_have_text("Live")
        head.page.context.clear_cookies()
        head.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        words = "Not live any more: refresh to go on"
        expect(head.page.locator("[data-live-state]")).to_have_text(words)
