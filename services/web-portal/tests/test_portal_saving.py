import copy
import json
import re
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.datastructures import FormData

from web_portal.peps.merging import digest

NOTE = {"health_needs": "Asthma"}


def health(canned: Any) -> str:
    return f"/peps/{canned['ids']['pep']}/pages/health"


def hidden(html: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="([^"]*)"', html)[0])


async def fields_of(person: Any, path: str) -> dict[str, str]:
    html = (await person.open(path)).text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {k: v for k, v in found if k not in {"csrf_token"}}


async def test_saving_sends_every_value_with_its_version(
    person: Any, services: Any, canned: Any
) -> None:
    form = await fields_of(person, health(canned))
    answer = await person.send(health(canned), {**form, **NOTE, "immunisations": "yes"})
    assert answer.status_code == 303
    assert answer.headers["location"] == health(canned)
    sent = services.sent(f"PUT pep{health(canned)}")
    values = json.loads(sent.content)["values"]
    assert sent.headers["if-match"] == '"7"'
    assert sent.headers["idempotency-key"]
    assert values["health_needs"] == "Asthma"
    assert values["sdq_score"] is None
    assert set(values) == {f["key"] for f in canned["pages"]["health"]["fields"]}
    assert "Saved" in (await person.open(health(canned))).text


async def test_the_same_form_twice_has_the_same_key_and_another_one_has_not(
    person: Any, services: Any, canned: Any
) -> None:
    form = await fields_of(person, health(canned))
    call, keys = f"PUT pep{health(canned)}", []
    for text in ("Asthma", "Asthma", "Hay fever"):
        await person.send(health(canned), {**form, "health_needs": text})
        keys.append(services.sent(call).headers["idempotency-key"])
    assert keys[0] == keys[1] != keys[2]


async def test_mandatory_blanks_are_named_with_links_after_saving(
    person: Any, services: Any, canned: Any
) -> None:
    missing = [{"field": "agencies", "label": "Other agencies"}]
    body = {"version": 8, "changed": 1, "missing": missing, "reopened": True}
    services.set(f"PUT pep{health(canned)}", body)
    form = await fields_of(person, health(canned))
    answer = await person.send(health(canned), {**form, **NOTE, "then": "next"})
    html = (await person.open(answer.headers["location"])).text
    assert 'href="#field-agencies">Other agencies</a>' in html
    assert "is now open again" in html


async def test_errors_come_back_at_their_fields_with_everything_typed(
    person: Any, services: Any, canned: Any
) -> None:
    error = {"field": "values.sdq_score", "message": "Enter 40 or less", "code": "maximum"}
    services.problem(f"PUT pep{health(canned)}", 422, errors=[error])
    form = await fields_of(person, health(canned))
    answer = await person.send(health(canned), {**form, **NOTE, "sdq_score": "41"})
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert "(SDQ) score: enter 40 or less</a>" in answer.text
    assert '<a href="#field-sdq_score">' in answer.text
    assert 'value="41"' in answer.text
    assert ">Asthma</textarea>" in answer.text
    assert hidden(answer.text, "version") == "7"


async def test_what_cannot_be_read_is_not_sent(person: Any, services: Any, canned: Any) -> None:
    form = await fields_of(person, health(canned))
    answer = await person.send(health(canned), {**form, "sdq_score": "many"})
    assert answer.status_code == 422
    assert "must be a whole number" in answer.text
    assert services.count(f"PUT pep{health(canned)}") == 0


def changed_page(canned: Any, **values: Any) -> dict[str, Any]:
    page: dict[str, Any] = copy.deepcopy(canned["pages"]["health"])
    page["version"] = 9
    for field in page["fields"]:
        field["value"] = values.get(field["key"], field["value"])
    return page


async def test_two_people_on_one_page_lose_nothing(person: Any, services: Any, canned: Any) -> None:
    path, form = health(canned), await fields_of(person, health(canned))
    theirs = changed_page(canned, health_needs="Epilepsy", agencies="CAMHS")
    services.problem(f"PUT pep{path}", 412, "stale-version", state=theirs)
    answer = await person.send(path, {**form, **NOTE, "wellbeing_support": "A quiet room"})
    assert answer.status_code == 412
    for text in ("Someone else changed this page", "Asthma", "Epilepsy", "CAMHS", "A quiet room"):
        assert text in answer.text
    checked = re.findall(r'name="(pick-\w+)"[^>]*value="(\w+)" checked', answer.text)
    assert checked == [("pick-agencies", "theirs"), ("pick-wellbeing_support", "mine")]

    services.set(f"GET pep{path}", theirs)
    services.set(f"PUT pep{path}", {"version": 10, "changed": 1, "missing": []})
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    resolved = {k: v for k, v in found if k != "csrf_token"} | dict(checked)
    again = await person.send(path, resolved)
    assert again.status_code == 422
    assert "Choose which to keep" in again.text
    chosen = {**resolved, "pick-health_needs": "mine"}
    error = {"field": "values.sdq_date", "message": "This is needed.", "code": "mandatory"}
    services.problem(f"PUT pep{path}", 422, errors=[error])
    refused = await person.send(path, chosen)
    assert refused.status_code == 422
    for text in ("Asthma", "CAMHS", "A quiet room"):
        assert f">{text}</textarea>" in refused.text
    services.set(f"PUT pep{path}", {"version": 10, "changed": 1, "missing": []})
    done = await person.send(path, chosen)
    assert done.status_code == 303
    sent = services.sent(f"PUT pep{path}")
    values = json.loads(sent.content)["values"]
    assert sent.headers["if-match"] == '"9"'
    assert values["health_needs"] == "Asthma"
    assert values["agencies"] == "CAMHS"
    assert values["wellbeing_support"] == "A quiet room"


async def test_what_was_typed_survives_a_service_that_is_down(
    person: Any, services: Any, canned: Any
) -> None:
    path, form = health(canned), await fields_of(person, health(canned))
    services.fail(f"PUT pep{path}")
    answer = await person.send(path, {**form, **NOTE})
    assert answer.status_code == 503
    assert "What you typed is kept" in answer.text
    again = await person.open(path)
    assert ">Asthma</textarea>" in again.text
    assert "We kept what you typed" in again.text
    services.set(f"PUT pep{path}", {"version": 8, "changed": 1, "missing": []})
    await person.send(path, {**form, **NOTE})
    assert "We kept what you typed" not in (await person.open(path)).text


async def test_what_was_typed_survives_a_session_that_ran_out(
    person: Any, services: Any, canned: Any, clock: Any
) -> None:
    path, form = health(canned), await fields_of(person, health(canned))
    clock.now += timedelta(minutes=31)
    answer = await person.send(path, {**form, **NOTE})
    assert answer.headers["location"] == f"/log-in?next={path}&kept=1"
    assert services.count(f"PUT pep{path}") == 0
    assert "What you typed is kept" in (await person.open(answer.headers["location"])).text
    await person.send("/log-in", {"email": "a@b.example", "password": "p", "next": path})
    back = await person.send("/log-in/code", {"code": "123456"})
    assert ">Asthma</textarea>" in (await person.open(back.headers["location"])).text


async def test_a_draft_is_shown_to_nobody_else(
    person: Any, services: Any, canned: Any, clock: Any
) -> None:
    path, form = health(canned), await fields_of(person, health(canned))
    clock.now += timedelta(minutes=31)
    await person.send(path, {**form, **NOTE})
    canned["logged_in"]["account"]["id"] = "0190b1f0-0000-7000-8000-0000000000ff"
    code = "POST identity/logins/0190b1f0-0000-7000-8000-00000000000a/code"
    services.answers[code] = lambda _: httpx.Response(200, json=canned["logged_in"])
    await person.log_in()
    assert "Asthma" not in (await person.open(path)).text


async def test_a_draft_can_be_thrown_away(person: Any, services: Any, canned: Any) -> None:
    path, form = health(canned), await fields_of(person, health(canned))
    services.fail(f"PUT pep{path}")
    await person.send(path, {**form, **NOTE})
    answer = await person.send("/drafts/discard", {"form": path})
    assert answer.headers["location"] == path
    assert "Asthma" not in (await person.open(path)).text


async def test_who_may_not_write_reads(person: Any, services: Any, canned: Any) -> None:
    page = copy.deepcopy(canned["pages"]["care_information"])
    page["may"]["write"] = False
    path = f"/peps/{canned['ids']['pep']}/pages/care_information"
    services.set(f"GET pep{path}", page)
    html = (await person.open(path)).text
    assert "Joan Whitlock" in html
    assert "<textarea" not in html
    assert 'id="field-contact_arrangements"' in html


async def test_the_page_about_care_tells_which_carers_see_the_plan_and_where_to_ask(
    person: Any, services: Any, canned: Any
) -> None:
    ids = canned["ids"]
    page = copy.deepcopy(canned["pages"]["care_information"])
    path, access = f"/peps/{ids['pep']}/pages/care_information", f"/children/{ids['child']}/access"
    assert access not in (await person.open(path)).text
    page["may"]["ask_for_carer"] = True
    services.set(f"GET pep{path}", page)
    since = {"state": "active", "since": "2026-10-01T09:00:00Z"}
    rows = [
        {"name": "Joan Whitlock", "role": "carer", "role_label": "Carer", **since},
        {"name": "Ann Former", "role": "parent", "role_label": "Parent", **since, "state": "ended"},
        {"name": "Sam Worker", "role": "social_worker", "role_label": "Social worker", **since},
    ]
    asked = [
        {
            "name": name,
            "relation_label": "Parent",
            "state": state,
            "asked": {"at": "2026-11-20T10:00:00Z", "by": "Sam Worker"},
        }
        for name, state in (("Rosa Waiting", "waiting"), ("Rob Refused", "refused"))
    ]
    services.set(f"GET pep{access}", {"rows": rows, "carer_requests": asked})
    for write in (True, False):
        page["may"]["write"] = write
        html = (await person.open(path)).text
        assert f'href="{access}#ask-for-carer"' in html
        assert "Joan Whitlock, Carer: has access since 1 October 2026" in html
        assert "Rosa Waiting, Parent: asked for on 20 November 2026" in html
        for other in ("Ann Former", "Sam Worker,", "Rob Refused"):
            assert other not in html
    services.set(f"GET pep{access}", {"rows": [], "carer_requests": []})
    assert "No carer, parent or young person has access yet" in (await person.open(path)).text


async def test_before_the_twelve_hours_of_a_session_are_over_each_page_says_so(
    person: Any, canned: Any, clock: Any, portal: Any
) -> None:
    path, told = health(canned), "twelve hours after you logged in"
    ends_at = datetime.fromisoformat(canned["logged_in"]["session_expires_at"])
    assert told not in (await person.open(path)).text
    # A page opened before the warning has been idle too long by then: nobody is at it unwarned.
    while ends_at - clock.now > portal.idle + timedelta(minutes=5):
        assert told not in (await person.open(path)).text
        clock.now += timedelta(minutes=25)
    assert ends_at - clock.now > timedelta(minutes=5)
    html = (await person.open(path)).text
    assert "at the latest on" in html
    assert told in html


def test_blank_answers_of_all_kinds_are_alike() -> None:
    assert digest(None) == digest("") == digest([])
    assert digest("a") != digest(None)
    assert FormData([("a", "b")])["a"] == "b"


async def test_pages_after_a_change_wait_for_it_and_say_when_they_could_not(
    person: Any, services: Any, canned: Any, clock: Any
) -> None:
    read = f"GET pep{health(canned)}"
    written = "pep:pep-01975a52-3a0e-7c1b-9d56-6a9f4d0f7e01:8:PageSaved"
    form = await fields_of(person, health(canned))
    assert "epep-written" not in services.sent(read).headers
    save = f"PUT pep{health(canned)}"
    body = {"version": 8, "changed": 1, "missing": [], "reopened": False}
    services.set(save, body, 200, **{"ETag": '"8"', "Epep-Written": written})
    await person.send(health(canned), {**form, **NOTE})
    assert "catching up" not in (await person.open(health(canned))).text
    assert services.sent(read).headers["epep-written"] == written

    page = services.answers[read]

    def late(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = page(request)
        answer.headers["Epep-Catching-Up"] = "true"
        return answer

    services.answers[read] = late
    assert "This page is still catching up" in (await person.open(health(canned))).text
    clock.now += timedelta(seconds=15)
    await person.open(health(canned))
    assert "epep-written" not in services.sent(read).headers
