"""Who may see a child, in real Chromium with mails read: given, delegated, asked for, taken."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from authority import EPISODES, HEADER, PEOPLE, Authority, found_authority, import_children
from browsing import Desk, Office
from journeys import create_pep
from people import PASSWORD, Person, eventually, make_accounts
from playwright.sync_api import expect

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.usefixtures("nothing_wrong"),
]
AT_ONCE = 2.0
NEXT_MONTH = datetime.now(UTC).date() + timedelta(days=30)
GONE = "There is no page at this address"
AMY = re.compile("Hussain")


@dataclass
class Cast:
    """An authority and the people who come beside its own, by a short name."""

    authority: Authority
    others: dict[str, Person]
    care_id: str
    next_school: str

    @property
    def child(self) -> str:
        return f"/children/{self.authority.child_id}"


@pytest.fixture(scope="module")
def cast(system: System, mailbox: Mailbox) -> Cast:
    authority = found_authority(system, mailbox, "330")
    word = uuid4().hex[:8]
    school = str(800000 + int(word[:4], 16) % 99999)
    wanted = {
        "una": ("Una Reader", ["330:education_advisor"]),
        "dele": ("Dele Gate", ["330:iro"]),
        "dora": ("Dora Duty", ["330:social_worker"]),
        "double": ("Dora Duty-Jones", ["330:iro"]),
        "nora": ("Nora Newell", [f"330:designated_teacher:{school}"]),
        "carol": ("Carol Kinder", []),
    }
    email = {key: f"{key}.{word}@330.example" for key in wanted}
    ids = make_accounts(
        system,
        [{"email": email[key], "name": name, "grants": g} for key, (name, g) in wanted.items()],
    )
    others = {
        key: Person(system, mailbox, email[key], name, ids[email[key]])
        for key, (name, _) in wanted.items()
    }
    for key, each in others.items():
        if key != "carol":
            each.log_in()
    head = authority.virtual_school
    head.change(
        "pep",
        "PUT",
        f"/settings/{school}",
        {"name": "Newbrook School", "phase": "secondary", "authority_code": "330"},
    )
    page = head.get("pep", f"/children/{authority.child_id}")
    care_id = next(f["value"] for f in page["core_data"] if f["label"] == "Social care number")
    return Cast(authority, others, care_id, school)


@pytest.fixture(scope="module")
def head(office: Office, cast: Cast) -> Iterator[Desk]:
    """The virtual school's window, logged in once for all."""
    with ExitStack() as stack:
        yield stack.enter_context(office.desk()).log_in(cast.authority.virtual_school)


def sees_amy(desk: Desk, cast: Cast) -> None:
    desk.open(cast.child)
    desk.await_text(AMY)


def gone_at_once(desk: Desk, gone: Callable[[], bool] | None = None) -> None:
    """Expect the window's page to give nothing any more to whoever asks two seconds from now.

    What counts is when a page was asked for that still gave something: how long a busy machine
    takes to draw one says nothing about who may see it.
    """
    gone = gone or (lambda: desk.page.get_by_text(GONE).count() > 0)
    since = asked = time.monotonic()
    while not gone():
        assert asked - since < AT_ONCE, f"shown to who asked {asked - since:.1f} s afterwards"
        asked = time.monotonic()
        desk.page.reload()


def button(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}")


def select(desk: Desk, question: str, **which: Any) -> None:
    desk.page.get_by_label(question, exact=True).select_option(**which)


def mail_with(person: Person, words: str) -> Callable[[], bool]:
    return lambda: any(
        words in str(mail["Subject"]) for mail in person.mailbox.messages_to(person.email)
    )


def test_access_is_given_and_ends_on_an_open_page(office: Office, cast: Cast, head: Desk) -> None:
    una = cast.others["una"]
    with office.desk() as hers:
        hers.log_in(una)
        hers.see("No children yet")
        head.open(f"{cast.child}/access")
        head.press("Give access")
        head.see_mistakes("Choose a person")
        select(head, "Person and role", value=f"{una.account_id} education_advisor")
        head.write_date("Last day", ("31", "2", "2027"))
        head.press("Give access")
        head.see_mistakes("Last day must be a real date, like 3 12 2026")
        head.write_date("Last day", NEXT_MONTH)
        head.press("Give access")
        head.see("Access is given", "Una Reader", f"{NEXT_MONTH.day} {NEXT_MONTH:%B %Y}")
        sees_amy(hers, cast)
        hers.cannot("Create PEP")
        head.press(button("End access of Una Reader"))
        gone_at_once(hers)
        head.see("Access is ended", "Ended")


def test_a_delegate_has_a_last_day_and_signs_nothing(office: Office, cast: Cast) -> None:
    teacher, dele = cast.authority.designated_teacher, cast.others["dele"]
    with office.desk() as desk, office.desk() as theirs:
        desk.log_in(teacher)
        desk.open("/delegations")
        desk.press("Appoint")
        desk.see_mistakes(
            "Enter your delegate’s email address",
            "Choose for which children",
            "Enter the last day",
        )
        desk.write("Email address of your delegate", dele.email)
        desk.choose("For which children", "All of mine, also those who come later")
        desk.write_date("Until which day", NEXT_MONTH)
        desk.press("Appoint")
        desk.see("Your delegate is appointed", "Dele Gate")
        desk.see(re.compile(f"until {NEXT_MONTH.day} {NEXT_MONTH:%B %Y}"))
        theirs.log_in(dele)
        sees_amy(theirs, cast)
        theirs.open("/delegations")
        theirs.await_text("You stand in for")
        theirs.see("Dina Teller")
        theirs.cannot("Appoint")
        desk.press("End the delegation of Dele Gate")
        desk.see("The delegation is ended")
        theirs.open(cast.child)
        theirs.await_text(GONE)


def test_a_carer_is_asked_for_approved_and_sees_little(
    office: Office, cast: Cast, head: Desk
) -> None:
    carol, asker = cast.others["carol"], cast.authority.social_worker
    pep_id = create_pep(cast.authority, cast.authority.virtual_school)
    with office.desk() as desk, office.desk() as hers:
        desk.log_in(asker)
        desk.open(f"{cast.child}/access")
        desk.cannot("Give access")
        desk.write("Full name", carol.name)
        desk.press("Ask the virtual school")
        desk.see_mistakes("Enter their email address", "Choose who they are to the child")
        expect(desk.page.get_by_label("Full name")).to_have_value(carol.name)
        desk.write("Email address", carol.email)
        desk.choose("Who they are to the child", "Carer")
        desk.press("Ask the virtual school")
        desk.see("The virtual school has been asked")
        head.open("/administration")
        head.await_text("1 waiting")
        head.follow("Carers and parents to approve")
        head.press(button("Refuse"))
        head.see_mistakes("Say why")
        head.press(button("Give access"))
        head.see("Access is given")
        carol.wait(lambda: _has_role(cast, carol))
        carol.log_in()
        hers.log_in(carol)
        hers.await_text(AMY)
        hers.open(cast.child)
        hers.open(f"/peps/{pep_id}/sign-off")
        hers.cannot(re.compile("Sign the PEP off|Submit|Mark complete"))
        for path in (cast.child, f"{cast.child}/access", f"/peps/{pep_id}"):
            hers.open(path)
            for secret in ("B1 1AA", "B2 2BB", asker.email, "Who has opened this record"):
                assert secret not in hers.page.content(), (path, secret)
        hers.page.goto(f"{hers.home}{cast.child}/reads")
        hers.see("You cannot do this")


def _has_role(cast: Cast, person: Person) -> bool:
    path = f"/accounts?authority=330&q={person.email}"
    found = cast.authority.virtual_school.get("identity", path)["accounts"]
    return [each["id"] for each in found] == [person.account_id]


def test_an_emergency_is_told_at_once_and_every_look_is_listed(
    office: Office, cast: Cast, head: Desk
) -> None:
    with office.desk() as duty:
        duty.log_in(cast.others["dora"])
        duty.follow("Open a record in an emergency")
        duty.press("Open the record for 24 hours")
        duty.see_mistakes("Enter the child’s number", "Say why: the virtual school is told at once")
        duty.write("The child’s number in social care", cast.care_id)
        duty.write("Why you need to see the record now", "Police ask for her school tonight.")
        duty.press("Open the record for 24 hours")
        duty.see("The record is open to you", AMY)
    assert eventually(mail_with(cast.authority.virtual_school, "Emergency access"))
    head.open("/messages")
    head.await_text("Emergency access to a child’s record")
    head.await_text(re.compile(r"^Messages \(\d+\)$"))
    head.see("Unread")
    head.press(re.compile("^Mark (this|these)"))
    head.see("Marked as read")
    head.await_text("Unread (0)")
    expect(head.page.get_by_role("link", name="Messages", exact=True)).to_be_visible()
    head.open(f"{cast.child}/access")
    head.await_text("Police ask for her school tonight.")
    head.see("Emergency")
    head.follow("Who has opened this record")
    head.await_text("Dora Duty")
    for name, found in (("nobody like this", "Nobody fits"), ("dora", "Dora Duty")):
        if not head.page.locator("main details[open]").count():
            head.page.get_by_text("Search by name and day").click()
        head.write("Name", name)
        head.press("Search")
        head.see(re.compile(found))
    head.press("Show all")


def test_the_child_moves_school_and_the_old_teacher_loses_her(office: Office, cast: Cast) -> None:
    team, nora = cast.authority, cast.others["nora"]
    with office.desk() as old, office.desk() as new:
        old.log_in(team.designated_teacher)
        sees_amy(old, cast)
        line = f"{cast.care_id},Amira,Hussain,Amy,{cast.next_school},{team.social_worker.email}"
        import_children(
            team.virtual_school,
            "330",
            HEADER + f"{cast.care_id},2,14/05/2013,APKN,,,\n",
            EPISODES + f"{cast.care_id},03/02/2024,S,C2,N1,U4,PR1,,,,B1 1AA,B2 2BB,\n",
            PEOPLE + f"{line},{nora.email}\n",
        )
        gone_at_once(old)
        new.log_in(nora)
        new.await_text(AMY)
        setting = new.page.get_by_role("paragraph").filter(has_text="Newbrook School")
        new.reload_until(lambda: setting.count() > 0)


def test_a_leaver_hands_over_and_is_locked_out(office: Office, cast: Cast, head: Desk) -> None:
    sam, dora = cast.authority.social_worker, cast.others["dora"]
    with office.desk() as desk:
        desk.log_in(sam)
        sees_amy(desk, cast)
        head.open("/administration/leavers")
        head.page.get_by_label("Search by name or email address").fill("nobody like this")
        head.press("Search")
        head.see("Nobody found")
        head.page.get_by_label("Search by name or email address").fill(sam.email)
        head.press("Search")
        head.follow("Sam Okoro")
        head.press("Hand over")
        head.see_mistakes("Choose who takes the children over")
        select(head, "Hand all of them over to", value=dora.account_id)
        head.press("Hand over")
        head.see("1 child is handed over")
        gone_at_once(desk)
        head.press("Suspend")
        head.see_mistakes("Say why, for the record")
        head.write("Reason", "Left on Friday")
        head.press("Suspend")
        gone_at_once(desk, lambda: "/log-in" in desk.page.url)
        head.see("The account is suspended")
    head.await_text("Restore the account")
    head.open("/administration/leavers?state=suspended")
    head.await_text("Sam Okoro")
    head.follow("Sam Okoro")
    head.write("Reason", "Came back")
    head.press("Restore")
    head.see("The account is restored")
    head.await_text("Suspend the account")


def test_a_double_account_becomes_one(system: System, cast: Cast, head: Desk) -> None:
    dora, double = cast.others["dora"], cast.others["double"]
    head.open(f"/administration/leavers/{double.account_id}")
    head.follow("This is somebody’s second account: merge it")
    head.press("Merge and close this account")
    head.see_mistakes("Choose the account that they keep", "Say how you know")
    select(head, "The account that they keep", value=dora.account_id)
    head.write("How do you know that both belong to the same person?", "She told me, in person")
    head.press("Merge and close this account")
    head.see("The two accounts are one", "Dora Duty")
    roles = head.page.get_by_role("button", name=button("End role"))
    head.reload_until(lambda: roles.count() == 2)
    told = "A change to how you log in"
    assert all(eventually(mail_with(each, told)) for each in (dora, double))
    given = {"email": double.email, "password": PASSWORD}
    refused = httpx.post(f"{system.url('identity')}/logins", json=given, timeout=20)
    assert refused.status_code == 401


def test_cover_settings_and_allocation_by_file(cast: Cast, head: Desk) -> None:
    sam, dora = cast.authority.social_worker, cast.others["dora"]
    head.open("/administration/covers")
    back = head.page.locator(f"option[value='{sam.account_id}']")
    head.reload_until(lambda: back.count() > 0)  # pep hears by event that the account is restored
    head.press("Arrange cover")
    head.see_mistakes("Choose who covers", "Choose the role", "Enter the last day", "Say why")
    select(head, "Who covers", value=sam.account_id)
    select(head, "In which role", value="social_worker")
    select(head, "For which colleague", value=dora.account_id)
    head.write_date("Until and with", NEXT_MONTH)
    head.write("Why", "Annual leave")
    head.press("Arrange cover")
    head.see("Cover is arranged", "Sam Okoro for Dora Duty", "Annual leave")
    head.press(button("End the cover of Sam Okoro"))
    head.see("The cover is ended", "Ended")
    head.open("/administration/settings")
    row = head.page.get_by_role("row").filter(has_text=cast.next_school)
    expect(row.get_by_text("Nora Newell")).to_have_count(1)
    head.open("/administration/allocations")
    head.press("Check the file")
    head.see_mistakes("Choose a file")
    columns = "social_care_id,email,role,held_from,held_to\n"
    for email, found in (
        ("nobody@330.example", "1 problem; nothing was changed"),
        (sam.email, "The file is right: 1 would change, 0 are so already."),
    ):
        _choose_file(head, f"{columns}{cast.care_id},{email},social_worker,,\n")
        head.press("Check the file")
        head.see(re.compile(found))
    _choose_file(head, f"{columns}{cast.care_id},{sam.email},social_worker,,\n")
    head.press("Allocate")
    head.see("The file is carried out")


def _choose_file(desk: Desk, text: str) -> None:
    file = {"name": "allocations.csv", "mimeType": "text/csv", "buffer": text.encode()}
    desk.page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
