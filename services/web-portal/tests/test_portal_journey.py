import json
from typing import Any

import pytest


async def test_create_pep_names_every_mistake_and_keeps_all_input(
    person: Any, services: Any, canned: Any
) -> None:
    child = canned["ids"]["child"]
    form = {
        "kind": "review",
        "date-day": "31",
        "date-month": "2",
        "date-year": "2027",
        "time": "half ten",
        "place": "Room <4>",
        "duration_minutes": "60",
        "contact_name": "Morgan",
        "guest_name": ["Jo", ""],
        "guest_email": ["", "not-an-address"],
        "reason_detail": "More",
    }
    answer = await person.send(f"/children/{child}/peps/new", form)
    assert answer.status_code == 422
    for text in (
        "Date of the meeting must be a real date",
        "Time must be a time",
        "Choose the reason for the meeting",
        "Enter an email address for Jo",
        "Enter an email address in the correct format",
        'value="31"',
        'value="half ten"',
        "Room &lt;4&gt;",
        'value="not-an-address"',
    ):
        assert text in answer.text, text
    assert services.count(f"POST pep/children/{child}/peps") == 0


def good_pep(canned: Any) -> dict[str, Any]:
    return {
        "kind": "review",
        "reason": "termly_review",
        "date-day": "3",
        "date-month": "12",
        "date-year": "2026",
        "time": "10:30am",
        "duration_minutes": "90",
        "place": "Room 4",
        "contact_name": "Morgan",
        "contact_phone": "",
        "reason_detail": "",
        "invitees": [canned["ids"]["account"]],
        "guest_name": ["Jo Carer", ""],
        "guest_email": ["JO@home.example", ""],
    }


async def test_create_pep_sends_the_meeting_and_its_invitees(
    person: Any, services: Any, canned: Any
) -> None:
    child = canned["ids"]["child"]
    answer = await person.send(f"/children/{child}/peps/new", good_pep(canned))
    assert answer.headers["location"] == f"/peps/{canned['ids']['pep']}"
    sent = json.loads(services.sent(f"POST pep/children/{child}/peps").content)
    assert sent["meeting"]["date"] == "2026-12-03"
    assert sent["meeting"]["time"] == "10:30"
    assert sent["meeting"]["duration_minutes"] == 90
    assert sent["meeting"]["contact_phone"] is None
    assert sent["invitees"] == [
        {"account_id": canned["ids"]["account"]},
        {"email": "jo@home.example", "name": "Jo Carer"},
    ]
    assert "PEP created" in (await person.open(answer.headers["location"])).text


async def test_a_meeting_in_the_past_is_shown_at_its_date(
    person: Any, services: Any, canned: Any
) -> None:
    child = canned["ids"]["child"]
    error = {"field": "meeting.date", "message": "This date is in the past.", "code": "past"}
    services.problem(f"POST pep/children/{child}/peps", 422, errors=[error])
    answer = await person.send(f"/children/{child}/peps/new", good_pep(canned))
    assert (
        '<a href="#field-date-day">Date of the meeting: this date is in the past</a>' in answer.text
    )


async def test_search_words_stay_out_of_the_address(person: Any, services: Any) -> None:
    answer = await person.send("/search", {"q": "Maya"})
    assert answer.headers["location"] == "/"
    assert "for “Maya”" in (await person.open("/")).text
    assert services.sent("GET pep/home").url.params["q"] == "Maya"


async def test_the_change_log_is_filtered_and_downloaded(
    person: Any, services: Any, canned: Any
) -> None:
    child = canned["ids"]["child"]
    query = "section=social_worker&from-day=1&from-month=9&from-year=2026"
    html = (await person.open(f"/children/{child}?{query}&page=2")).text
    asked = services.sent(f"GET pep/children/{child}/change-log").url.params
    assert asked["section"] == "social_worker"
    assert asked["from"] == "2026-09-01"
    assert asked["page"] == "2"
    assert f"/change-log.csv?{query.replace('&', '&amp;')}" in html
    services.set(f"GET pep/children/{child}/change-log.csv", "x")
    file = await person.open(f"/children/{child}/change-log.csv?{query}")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in file.headers["content-disposition"]


async def test_a_filter_that_is_no_date_is_named(person: Any, canned: Any) -> None:
    html = (
        await person.open(f"/children/{canned['ids']['child']}?to-day=40&to-month=1&to-year=2026")
    ).text
    assert "To must be a real date" in html


async def test_mark_complete_lists_what_is_outstanding_with_links(
    person: Any, services: Any, canned: Any
) -> None:
    pep = canned["ids"]["pep"]
    error = {"field": "health.health_needs", "message": "Conditions", "code": "mandatory"}
    call = f"POST pep/peps/{pep}/sections/social_worker/completion"
    services.problem(call, 409, "refused", detail="x", errors=[error])
    answer = await person.send(f"/peps/{pep}/sections/social_worker/completion", {"version": "7"})
    assert answer.status_code == 409
    assert f'<a href="/peps/{pep}/pages/health#field-health_needs">Conditions</a>' in answer.text
    assert services.sent(call).headers["if-match"] == '"7"'


@pytest.mark.parametrize("step", ["sections/social_worker/completion", "submission"])
async def test_a_signer_whose_page_is_old_sees_it_as_it_is_now(
    person: Any, services: Any, canned: Any, step: str
) -> None:
    pep = canned["ids"]["pep"]
    services.problem(f"POST pep/peps/{pep}/{step}", 412, "stale-version")
    answer = await person.send(f"/peps/{pep}/{step}", {"version": "7"})
    assert answer.status_code == 412
    assert "Something in this PEP changed while you had the page open" in answer.text
    assert "Before the PEP can be signed off" in answer.text


async def test_the_meeting_is_being_set_up_at_first(
    person: Any, services: Any, canned: Any
) -> None:
    pep = canned["ids"]["pep"]
    services.problem(f"GET meeting/peps/{pep}/meeting", 404, "not-found")
    answer = await person.open(f"/peps/{pep}/meeting")
    assert answer.status_code == 200
    assert "The meeting is being set up" in answer.text


async def test_the_record_has_one_list_of_people(person: Any, services: Any, canned: Any) -> None:
    pep = canned["ids"]["pep"]
    call = f"PUT meeting/peps/{pep}/meeting/record"
    services.set(call, {"version": 6, "missing": []})
    form = {
        "version": "5",
        "present": ["Sam Ellery"],
        "present_others": "Jo\n\n Lee \nJo",
        "child_attended": "part",
        "checklist": ["introductions"],
    }
    answer = await person.send(f"/peps/{pep}/meeting/record", form)
    assert answer.status_code == 303
    sent = json.loads(services.sent(call).content)
    assert sent["present"] == ["Sam Ellery", "Jo", "Lee"]
    assert "present_others" not in sent
    assert sent["discussion"] is None


async def test_an_answer_by_link_needs_no_account_and_opening_changes_nothing(
    browser: Any, services: Any, canned: Any
) -> None:
    services.set("POST meeting/invitation-links", canned["invitations"]["invitations"][0])
    services.set("POST meeting/invitation-links/response", {"version": 6})
    page = await browser.open("/invitations/answer/tok")
    assert page.status_code == 200
    assert services.count("POST meeting/invitation-links/response") == 0
    wrong = await browser.send("/invitations/answer/tok", {"answer": "proposed"})
    assert "Enter the date that would suit you" in wrong.text
    answer = await browser.send("/invitations/answer/tok", {"answer": "accepted", "comment": ""})
    assert (await browser.open(answer.headers["location"])).status_code == 200
    sent = json.loads(services.sent("POST meeting/invitation-links/response").content)
    assert sent == {"token": "tok", "answer": "accepted", "proposed": None, "comment": None}


async def test_a_link_that_is_wrong_is_not_found(browser: Any) -> None:
    assert (await browser.open("/invitations/answer/nope")).status_code == 404


async def test_the_menu_counts_waiting_invitations_and_forgives_a_fault(
    person: Any, services: Any, clock: Any
) -> None:
    assert "PEP meeting invitations (1)" in (await person.open("/")).text
    services.fail("GET meeting/invitations")
    assert (await person.open("/help")).status_code == 200


async def test_files_are_checked_before_they_are_imported(
    person: Any, services: Any, canned: Any
) -> None:
    found = canned["import"]
    services.set("POST pep/imports", {"import_id": found["import_id"]}, 201)
    files = {"header": ("h.csv", b"CHILD\n1\n"), "episodes": ("e.csv", b"CHILD\n1\n")}
    answer = await person.send("/imports", {"authority": "330"}, files=files)
    assert answer.headers["location"] == f"/imports/{found['import_id']}"
    assert b'filename="header.csv"' in services.sent("POST pep/imports").content
    html = (await person.open(answer.headers["location"])).text
    assert "Nothing has been imported yet" in html
    assert "31/02/2015" in html


async def test_a_missing_file_is_named_and_another_authority_is_not_found(
    person: Any, services: Any
) -> None:
    files = {"header": ("h.csv", b"CHILD\n1\n")}
    answer = await person.send("/imports", {"authority": "330"}, files=files)
    assert answer.status_code == 422
    assert "Choose episodes.csv" in answer.text
    other = await person.send("/imports", {"authority": "998"}, files=files)
    assert other.status_code == 404


async def test_only_the_virtual_school_has_its_pages(
    browser: Any, services: Any, canned: Any
) -> None:
    canned["logged_in"]["account"]["grants"] = [{"authority": "330", "role": "social_worker"}]
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.set(code, canned["logged_in"])
    await browser.log_in()
    assert "Quality assurance" not in (await browser.open("/")).text
    for path in ("/quality", "/imports"):
        assert (await browser.open(path)).status_code == 404


async def test_a_log_that_a_role_may_not_see_is_left_out(
    person: Any, services: Any, canned: Any
) -> None:
    child = canned["ids"]["child"]
    services.set(f"GET pep/children/{child}/change-log", {"hidden": True})
    html = (await person.open(f"/children/{child}")).text
    assert "Maya Okafor" in html
    assert "Change log" not in html


async def test_a_comment_without_a_level_is_named_at_its_area(
    person: Any, services: Any, canned: Any
) -> None:
    pep, review = canned["ids"]["pep"], canned["review"]
    error = {"field": "areas.voice.level", "message": "Choose a level", "code": "mandatory"}
    services.problem(f"PUT qa/reviews/{review['review_id']}", 422, errors=[error])
    answer = await person.send(f"/peps/{pep}/quality", {"version": "3", "comment_voice": "Good"})
    assert answer.status_code == 422
    assert (
        '<a href="#field-level_voice">Child&#39;s voice: level: choose a level</a>' in answer.text
    )
    assert ">Good</textarea>" in answer.text
    sent = json.loads(services.sent(f"PUT qa/reviews/{review['review_id']}").content)
    assert sent["areas"]["voice"] == {"level": None, "comment": "Good"}


async def test_two_who_score_at_once_can_both_go_on(
    person: Any, services: Any, canned: Any
) -> None:
    pep, review = canned["ids"]["pep"], canned["review"]
    services.problem(f"PUT qa/reviews/{review['review_id']}", 412, "stale-version")
    answer = await person.send(f"/peps/{pep}/quality", {"version": "1", "comment_voice": "Good"})
    assert answer.status_code == 412
    assert "Somebody else has saved this review meanwhile" in answer.text
    assert ">Good</textarea>" in answer.text
    assert f'name="version" value="{review["version"]}"' in answer.text
    assert review["version"] != 1


async def test_publishing_says_what_is_missing(person: Any, services: Any, canned: Any) -> None:
    pep, review = canned["ids"]["pep"], canned["review"]
    call = f"POST qa/reviews/{review['review_id']}/publication"
    error = {"field": "rating", "message": "Give an overall rating first", "code": "mandatory"}
    services.problem(call, 409, "refused", detail="x", errors=[error])
    form = {"version": "3", "decision": "returned"}
    answer = await person.send(f"/peps/{pep}/quality/publication", form)
    assert answer.status_code == 409
    assert "Give an overall rating first" in answer.text
    assert 'value="returned" checked' in answer.text


async def test_inviting_one_more_person_by_account_or_by_address(
    person: Any, services: Any, canned: Any
) -> None:
    pep, people = canned["ids"]["pep"], canned["child"]["people"]
    path, call = f"/peps/{pep}/meeting/invitations", f"POST meeting/peps/{pep}/meeting/invitations"
    services.set(call, {"version": 6, "invitation_id": "i"}, 201)
    html = (await person.open(path)).text
    assert "Sam Ellery" in html
    assert "Priya Shah</" not in html.split("<main")[1]  # invited already
    wrong = await person.send(path, {"version": "5", "who": "else", "name": "Jo"})
    assert "Enter their email address" in wrong.text
    await person.send(path, {"version": "5", "who": f"social_worker:{people[1]['account_id']}"})
    sent = json.loads(services.sent(call).content)
    assert sent["invitee"] == {
        "account_id": people[1]["account_id"],
        "name": "Sam Ellery",
        "role": "social_worker",
    }
    form = {"version": "5", "who": "else", "name": "Jo", "email": "jo@home.example"}
    await person.send(path, form)
    sent = json.loads(services.sent(call).content)
    assert sent == {"invitee": {"name": "Jo", "email": "jo@home.example"}}


async def test_two_pages_of_one_kind_are_told_apart(
    person: Any, services: Any, canned: Any
) -> None:
    pep = canned["ids"]["pep"]
    page = {"key": "final", "title": "Final sign off", "kind": "sign_off", "missing": 0}
    page |= {"may": {"write": False}, "status": "not_started"}
    canned["pep"]["sections"][-1]["pages"].append(page)
    services.set(f"GET pep/peps/{pep}", canned["pep"])
    html = (await person.open(f"/peps/{pep}/sign-off?page=final")).text
    assert f'href="/peps/{pep}/sign-off"' in html
    assert f'href="/peps/{pep}/sign-off?page=final" aria-current="page"' in html
    assert ">Final sign off</h1>" in html
