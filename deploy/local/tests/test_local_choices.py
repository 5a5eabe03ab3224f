from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from epep_local.backends import Source, smtp_address, sources
from epep_local.databases import url_for
from epep_local.kafka_jars import LIST, check, listed
from epep_local.places import ready, write_private
from epep_local.ports import free_port, require_free
from epep_local.postgres import closed_folder, unprivileged
from epep_local.problem import LocalError
from epep_local.processes import Launch, Owner, Running, recall, remember


def docker() -> bool:
    return True


def no_docker() -> bool:
    return False


def test_an_address_comes_before_a_container() -> None:
    given = {"EPEP_KAFKA_BOOTSTRAP": "kafka:9092", "EPEP_BACKEND": "containers"}
    chosen = sources(given, docker)
    assert chosen == {
        "kafka": Source.ADDRESS, "postgres": Source.CONTAINER, "mail": Source.LOCAL,
    }  # fmt: skip


def test_containers_only_when_asked_for_and_docker_answers() -> None:
    assert set(sources({"EPEP_BACKEND": "containers"}, no_docker).values()) == {Source.LOCAL}
    assert set(sources({}, docker).values()) == {Source.LOCAL}


def test_docker_is_not_asked_without_need() -> None:
    def never() -> bool:
        raise AssertionError

    assert sources({}, never)["kafka"] is Source.LOCAL


@pytest.mark.parametrize("text", ["mail.example.org", ":25", "mail:smtp"])
def test_a_mail_server_without_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="HOST:PORT"):
        smtp_address(text)


def test_a_mail_server_is_host_and_port() -> None:
    assert smtp_address("mail.example.org:25") == ("mail.example.org", 25)


def test_a_taken_port_names_the_process_that_holds_it() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(LocalError) as problem:
            require_free(port, "the portal", "EPEP_PORTAL_PORT")
    assert f"Port {port}, wanted for the portal, is held by" in str(problem.value)
    assert f"process {os.getpid()}" in str(problem.value)
    assert "EPEP_PORTAL_PORT=NUMBER make up" in str(problem.value)
    require_free(free_port(), "the portal", "EPEP_PORTAL_PORT")


def test_jars_are_checked_against_the_list(tmp_path: Path) -> None:
    (tmp_path / "kafka.jar").write_bytes(b"good")
    good = {"kafka.jar": hashlib.sha256(b"good").hexdigest()}
    check(tmp_path, good)
    (tmp_path / "kafka.jar").write_bytes(b"bad")
    with pytest.raises(LocalError, match=r"kafka\.jar missing, unknown or changed"):
        check(tmp_path, good)


@pytest.mark.parametrize("expected", [{}, {"kafka.jar": "0", "other.jar": "1"}])
def test_unknown_and_missing_jars_are_refused(tmp_path: Path, expected: dict[str, str]) -> None:
    (tmp_path / "kafka.jar").write_bytes(b"good")
    with pytest.raises(LocalError, match="missing, unknown or changed"):
        check(tmp_path, expected)


def test_the_committed_list_has_kafka_and_its_logging() -> None:
    names = listed(LIST)
    assert {"kafka-clients-4.3.1.jar", "log4j-slf4j-impl-2.25.4.jar"} <= names.keys()
    assert all(len(digest) == 64 for digest in names.values())


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="EPEP_STATE"):
        ready(tmp_path / "file" / "state")


def test_a_folder_closed_to_the_servers_user_is_noticed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "data").mkdir(parents=True)
    for place in (tmp_path, *tmp_path.parents):
        if place.name.startswith(("pytest-", "popen-", "test_")):
            place.chmod(0o711)
    closed.chmod(0o700)
    assert closed_folder(closed / "data", Owner(60000, 60000)) == closed
    closed.chmod(0o701)
    assert closed_folder(closed / "data", Owner(60000, 60000)) is None


def test_without_the_right_to_let_it_pass_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("epep_local.postgres._may_grant_passage", lambda: False)
    with pytest.raises(LocalError, match=r"chmod o\+x /"):
        unprivileged(tmp_path)


def test_a_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "one")
    write_private(tmp_path / "secret", "two")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secret").read_text() == "two"


def test_a_role_takes_the_place_of_the_admin_in_a_url() -> None:
    admin = "postgresql://boss:secret@db:5432/postgres"
    assert url_for(admin, "pep") == "postgresql://boss:secret@db:5432/pep"
    assert url_for(admin, "pep", "pep", "p/w") == "postgresql://pep:p%2Fw@db:5432/pep"


def test_a_process_is_remembered_until_it_ends(tmp_path: Path) -> None:
    running = Launch().start("sleeper", ["/bin/sleep", "60"], log=tmp_path / "log", port=1)
    remember(tmp_path, running)
    assert recall(tmp_path, "sleeper") == running
    running.stop()
    assert not running.alive()
    assert recall(tmp_path, "sleeper") is None
    assert not (tmp_path / "sleeper.pid").exists()


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    running = Launch().start("sleeper", ["/bin/sleep", "60"], log=tmp_path / "log", port=1)
    stale = Running("sleeper", running.pid, running.started - 100, 1, running.log)
    stale.stop()
    assert running.alive()
    running.kill()
    assert not running.alive()
