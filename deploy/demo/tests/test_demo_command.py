"""What `python -m epep_demo` prints and refuses, and how a session deals with the services."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from epep_demo.__main__ import main
from epep_demo.cast import PASSWORD, everybody
from epep_demo.loading.addresses import Addresses
from epep_demo.loading.load import run
from epep_demo.loading.problem import LoadError
from epep_demo.loading.session import Session, Tokens
from epep_demo.loading.waiting import eventually


def test_accounts_lists_one_of_each_role_in_each_authority(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["accounts"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ROLE", "AUTHORITY", "EMAIL", "PASSWORD"]
    assert len(lines) == 13
    assert all(line.endswith(PASSWORD) for line in lines[1:])
    assert len(PASSWORD) >= 12
    main(["accounts", "--all"])
    assert len(capsys.readouterr().out.splitlines()) == len(everybody()) + 1


def test_files_of_the_size_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["files", "--authority", "998", "--children", "80", "--episodes", "130"]
    assert main([*told, str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    with (tmp_path / "episodes.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 130
    with (tmp_path / "people.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 80


def test_impossible_files_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["files", "--authority", "998", "--children", "80", "--episodes", "8", str(tmp_path)]
    assert main(told) == 1
    assert "more episodes" in capsys.readouterr().err


def test_load_says_which_settings_it_misses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EPEP_PEP_URL", raising=False)
    monkeypatch.setenv("EPEP_QA_URL", "http://127.0.0.1:1")
    assert main(["load"]) == 1
    said = capsys.readouterr().err
    assert "EPEP_PEP_URL" in said
    assert "EPEP_QA_URL" not in said


def test_load_says_who_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = dict.fromkeys(("identity", "pep", "meeting", "qa"), "http://127.0.0.1:9")
    assert run(Addresses(nobody, "http://127.0.0.1:9"), date(2026, 11, 23)) == 1
    assert "http://127.0.0.1:9/readyz did not answer" in capsys.readouterr().err


class Service:
    """Answers what a script says and remembers what was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0)

    def session(self) -> Session:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        where = Addresses({"pep": "http://pep", "identity": "http://identity"})
        return Session(everybody()[0], Tokens("id", "session", "secret", "old"), client, where)


def answer(status: int, etag: str = "", **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body, headers={"ETag": etag})


async def test_a_change_looks_again_when_somebody_was_quicker() -> None:
    service = Service(
        answer(200, '"4"'), answer(412, title="stale"), answer(200, '"5"'), answer(200, version=6)
    )
    done = await service.session().change("PUT", "pep", "/x", {"a": 1}, seen_at="/x", key="k")
    assert done == {"version": 6}
    sent = [r for r in service.asked if r.method == "PUT"]
    assert [r.headers["If-Match"] for r in sent] == ['"4"', '"5"']
    assert {r.headers["Idempotency-Key"] for r in sent} == {"k"}


async def test_a_known_version_saves_a_look() -> None:
    service = Service(answer(412, title="stale"), answer(200, '"9"'), answer(200, version=10))
    await service.session().change("PUT", "pep", "/x", {}, seen_at="/x", version=3)
    assert [r.method for r in service.asked] == ["PUT", "GET", "PUT"]
    assert [service.asked[i].headers["If-Match"] for i in (0, 2)] == ['"3"', '"9"']


async def test_a_change_that_stays_stale_is_given_up() -> None:
    service = Service(*[answer(200, '"4"'), answer(412, title="Somebody else saved.")] * 5)
    with pytest.raises(LoadError, match="Somebody else saved"):
        await service.session().change("PUT", "pep", "/x", {}, seen_at="/x")
    assert len(service.asked) == 10


async def test_an_access_token_that_has_run_out_is_renewed_once() -> None:
    service = Service(answer(401), answer(200, access_token="new"), answer(200, name="Ada"))
    assert await service.session().get("pep", "/children/1") == {"name": "Ada"}
    assert service.asked[1].url == "http://identity/tokens"
    assert service.asked[2].headers["Authorization"] == "Bearer new"


async def test_a_refusal_names_the_person_the_request_and_the_field() -> None:
    errors = [{"field": "meeting.date", "message": "This date is in the past."}]
    service = Service(answer(422, title="Not valid.", errors=errors))
    with pytest.raises(LoadError, match=r"Priya Nandra was refused POST /x: .*meeting.date: This"):
        await service.session().change("POST", "pep", "/x", {})


async def test_what_is_not_known_yet_is_waited_for() -> None:
    service = Service(answer(404), answer(503), answer(200, state="scheduled"))
    assert await service.session().arrived("pep", "/m") == {"state": "scheduled"}


async def test_a_patient_change_waits_until_the_service_knows() -> None:
    service = Service(answer(404), answer(200, version=2))
    done = await service.session().change("POST", "pep", "/x", {}, patient=True)
    assert done == {"version": 2}
    service = Service(answer(404, title="No such record."))
    with pytest.raises(LoadError, match="No such record"):
        await service.session().change("POST", "pep", "/x", {})


async def test_waiting_ends() -> None:
    async def nothing() -> None:
        return None

    with pytest.raises(LoadError, match="in vain: the moon did not fall"):
        await eventually("the moon did not fall", nothing, patience=0.05)
