"""Logging in, renewing the token, and refusals as sentences, against a scripted server."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from rich.console import Console

from epepctl.api import Api, sentence_of
from epepctl.importing import Order, import_children
from epepctl.problem import ToolError
from epepctl.reporting import health_table

IDENTITY, PEP = "http://identity.test", "http://pep.test"


class Server:
    """Answers by method and path with (status, JSON), one after another; keeps the requests."""

    def __init__(self, answers: dict[str, list[tuple[int, Any]]]) -> None:
        self.answers, self.requests = answers, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        left = self.answers[f"{request.method} {request.url.path}"]
        status, body = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(body, bytes):
            return httpx.Response(status, content=body)
        return httpx.Response(status, json=body)


def tokens(lifetime: float = 600) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(seconds=lifetime)).isoformat()
    return {"access_token": f"token-{lifetime}", "access_expires_at": until}


def logins(lifetime: float = 600) -> dict[str, list[tuple[int, Any]]]:
    session = {"session_id": "s", "session_secret": "x", "account": {"name": "Priya Nandra"}}
    return {
        "POST /logins": [(202, {"login_id": "l1"})],
        "POST /logins/l1/code": [(200, session | tokens(lifetime))],
        "POST /tokens": [(200, tokens())],
        "POST /sessions/end": [(204, b"")],
    }


def api_of(server: Callable[[httpx.Request], httpx.Response]) -> Api:
    return Api(IDENTITY, PEP, httpx.MockTransport(server))


def logged_in(server: Server) -> Api:
    api = api_of(server)
    assert api.log_in("p@vs.example", "secret", lambda: " 123456 ") == "Priya Nandra"
    return api


def test_the_session_is_used_renewed_and_ended() -> None:
    server = Server(logins(lifetime=30) | {"GET /imports/i": [(200, {"state": "checked"})]})
    with logged_in(server) as api:
        assert api.get("/imports/i") == {"state": "checked"}
    paths = [request.url.path for request in server.requests]
    assert paths == ["/logins", "/logins/l1/code", "/tokens", "/imports/i", "/sessions/end"]
    assert json.loads(server.requests[1].content) == {"code": "123456"}
    assert server.requests[3].headers["Authorization"] == "Bearer token-600"


def test_a_refusal_is_told_in_its_own_words_with_its_fields() -> None:
    problem = {
        "detail": "Some answers need changing.",
        "errors": [{"field": "header", "message": "Choose the file header.csv."}],
    }
    request = httpx.Request("POST", PEP)
    assert sentence_of(httpx.Response(422, json=problem, request=request)) == (
        "Some answers need changing.\n  header: Choose the file header.csv."
    )
    assert sentence_of(httpx.Response(502, content=b"<html>", request=request)) == (
        "http://pep.test answered 502."
    )


def test_a_wrong_password_and_a_server_that_is_away() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ToolError, match="Does the system run"):
        api_of(away).log_in("p@vs.example", "secret", lambda: "1")
    wrong = Server({"POST /logins": [(401, {"detail": "Not recognised"})]})
    with pytest.raises(ToolError, match="Not recognised") as refused:
        api_of(wrong).log_in("p@vs.example", "secret", lambda: "1")
    assert refused.value.status == 1


def found(state: str = "checked", done: int = 0, **counts: int) -> dict[str, Any]:
    every = {"new": 2, "changed": 1, "unchanged": 0, "refused": 0} | counts
    problem = {
        "file": "header.csv",
        "line": 3,
        "column": "DOB",
        "value": "[red]31/02/2015",
        "reason": "There is no 31 February 2015.",
        "severity": "error",
    }
    problems = [problem] * every["refused"]
    return {
        "import_id": "i",
        "state": state,
        "counts": every,
        "problems": problems,
        "problem_count": len(problems),
        "done": done,
        "total": every["new"] + every["changed"] + every["unchanged"],
    }


@pytest.fixture
def order(tmp_path: Any) -> Order:
    for name in ("header", "episodes"):
        (tmp_path / f"{name}.csv").write_text("CHILD\n")
    return Order("330", tmp_path / "header.csv", tmp_path / "episodes.csv", None)


def perform(order: Order, answers: dict[str, Any], *, agree: bool = True) -> tuple[int, str]:
    server = Server(logins() | answers)
    console = Console(record=True, width=120, force_terminal=False)
    with logged_in(server) as api:
        status = import_children(api, order, console, lambda _: agree)
    return status, console.export_text()


def test_an_import_is_checked_run_and_followed_to_its_end(order: Order) -> None:
    answers = {
        "POST /imports": [(201, found())],
        "POST /imports/i/run": [(202, found("importing"))],
        "GET /imports/i": [(200, found("importing", 1)), (200, found("imported", 3))],
    }
    status, text = perform(order, answers)
    assert status == 0
    assert "2 new, 1 changed, 0 unchanged, 0 refused" in text
    assert "Imported 3 children" in text


def test_refused_children_are_shown_and_told_by_the_exit_status(order: Order) -> None:
    answers = {"POST /imports": [(201, found(refused=1))]}
    checking = Order(order.authority, order.header, order.episodes, None, check_only=True)
    status, text = perform(checking, answers)
    assert status == 1
    assert "[red]31/02/2015" in text
    assert "There is no 31 February 2015." in text


def test_nothing_is_imported_without_agreement_or_news(order: Order) -> None:
    with pytest.raises(ToolError, match=r"Nothing was imported\."):
        perform(order, {"POST /imports": [(201, found())]}, agree=False)
    known = found(new=0, changed=0, unchanged=5)
    status, text = perform(order, {"POST /imports": [(201, known)]})
    assert (status, "nothing to import" in text) == (0, True)
    with pytest.raises(ToolError, match="no child of these files"):
        perform(order, {"POST /imports": [(201, found(new=0, changed=0, refused=1))]})


def test_all_problems_are_written_where_asked(order: Order, tmp_path: Any) -> None:
    where = tmp_path / "out.csv"
    asked = Order("330", order.header, order.episodes, order.people, True, where)
    answers = {
        "POST /imports": [(201, found(refused=1))],
        "GET /imports/i/problems.csv": [(200, b"file,line\n")],
    }
    perform(asked, answers)
    assert where.read_bytes() == b"file,line\n"
    nowhere = Order("330", order.header, order.episodes, None, True, tmp_path / "no" / "out.csv")
    with pytest.raises(ToolError, match="cannot be written"):
        perform(nowhere, answers)


def test_an_import_that_stops_is_told(order: Order) -> None:
    answers = {
        "POST /imports": [(201, found())],
        "POST /imports/i/run": [(202, found("importing"))],
        "GET /imports/i": [(200, found("failed", 1))],
    }
    with pytest.raises(ToolError, match="stopped after 1 of 3"):
        perform(order, answers)


def test_health_of_given_services() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "qa.test":
            raise httpx.ConnectError("refused", request=request)
        late = {"name": "home", "lag_events": 7, "lag_seconds": 1.5}
        parked = "1 stream is parked (2 waiting): see `parked list`."
        said = {"status": "ok", "subscriptions": [late], "warnings": [parked]}
        return httpx.Response(200, json=said)

    addresses = {"pep": "http://pep.test", "qa": "http://qa.test"}
    table, well = health_table(addresses, httpx.MockTransport(answer))
    console = Console(record=True, width=120)
    console.print(table)
    text = console.export_text()
    assert not well
    assert "home: 7 events, 1.5 s" in text
    assert "1 stream is parked (2 waiting)" in text
    assert "does not answer" in text
