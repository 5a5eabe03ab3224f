"""Accounts over the API and at the command line; keys that sign, over restarts."""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from identity_door import LIGHT, PASSWORD, Door, proof, secret_key

from epep_events.identity import SigningKeyPublished
from epep_local.testing import DatabaseFactory
from epep_runtime.migrations import migrate
from epep_runtime.service import running
from epep_runtime.testing import eventually
from identity_service.accounts.opening import OpenAccount
from identity_service.main import SERVICE
from identity_service.operating.command_line import operate
from identity_service.parts import Identity
from identity_service.secrets_at_rest import WrongSecretKeyError

pytestmark = pytest.mark.servers


async def test_the_virtual_school_finds_its_people_by_role_and_name(door: Door) -> None:
    people = {
        name: await door.person(*grants, name=name)
        for name, grants in {
            "Zoë Ångström": ["330:social_worker", "998:iro"],
            "Zoe Blackwood": ["330:designated_teacher:990105"],
            "Zoe Crane": ["998:social_worker"],
            "Zoe Dunn": ["330:social_worker"],
        }.items()
    }
    await door.desk.suspend(people["Zoe Dunn"].email, "left")
    asker = door.service.as_person(people["Zoe Crane"].account_id, ("330", "virtual_school"))

    async def found(query: str) -> list[tuple[str, list[str]]]:
        answer = await door.service.client.get(f"/accounts?authority=330{query}", headers=asker)
        assert answer.status_code == 200, answer.text
        return [
            (each["name"], [f"{grant['authority']}:{grant['role']}" for grant in each["grants"]])
            for each in answer.json()["accounts"]
        ]

    async def all_are_there() -> bool:
        assert await found("&q=zoe") == [
            ("Zoë Ångström", ["330:social_worker"]),
            ("Zoe Blackwood", ["330:designated_teacher"]),
        ]
        return True

    await eventually(all_are_there)
    assert [name for name, _ in await found("&q=ANGSTR%20zo")] == ["Zoë Ångström"]
    assert [name for name, _ in await found("&q=zoe&role=designated_teacher")] == ["Zoe Blackwood"]
    assert await found("&q=%25") == []
    assert [name for name, _ in await found(f"&q={people['Zoe Blackwood'].email[:20]}")] == [
        "Zoe Blackwood"
    ]


@pytest.mark.parametrize(
    ("grant", "query", "status"),
    [
        (("330", "social_worker"), "authority=330", 404),
        (("998", "virtual_school"), "authority=330", 404),
        (("330", "virtual_school"), "authority=33", 422),
        (("330", "virtual_school"), "", 422),
        (("330", "virtual_school"), "authority=330&role=king", 422),
        (("330", "virtual_school"), "authority=330&q=%00", 422),
    ],
)
async def test_others_find_nobody(
    door: Door, grant: tuple[str, str], query: str, status: int
) -> None:
    person = await door.person()
    headers = door.service.as_person(person.account_id, grant)
    answer = await door.service.client.get(f"/accounts?{query}", headers=headers)
    assert answer.status_code == status
    nobody = await door.service.client.get("/accounts?authority=330")
    assert nobody.status_code == 401


async def test_who_i_am_is_what_my_account_says_and_not_what_my_token_says(door: Door) -> None:
    person = await door.person("330:iro")
    headers = door.service.as_person(person.account_id, ("998", "virtual_school"))
    me = (await door.service.client.get("/me", headers=headers)).json()
    assert me["id"] == str(person.account_id)
    assert me["grants"] == [{"authority": "330", "role": "iro", "setting_urn": None}]


async def test_opening_an_account_again_adds_what_is_new_and_nothing_else(door: Door) -> None:
    person = await door.person("330:iro")
    entered = await door.enter(person)
    same = OpenAccount(name=person.name, email=person.email, password=PASSWORD, grants=("330:iro",))
    more = same.model_copy(update={"grants": ("330:iro", "998:iro")})
    other = more.model_copy(
        update={
            "password": OpenAccount.model_validate(
                {"name": "x", "email": person.email, "password": "another long password"}
            ).password
        }
    )
    opened = [(await door.desk.open_all([each]))[0] for each in (same, more, same)]
    assert [each.outcome for each in opened] == ["unchanged", "changed", "unchanged"]
    assert {each.account_id for each in opened} == {person.account_id}
    assert (await door.post("/tokens", proof(entered))).status_code == 200
    assert (await door.desk.open_all([other]))[0].outcome == "changed"
    assert (await door.post("/tokens", proof(entered))).status_code == 401
    assert (await door.knock(person.email)).status_code == 401
    assert (await door.knock(person.email, "another long password")).status_code == 202


async def test_an_account_opened_by_many_at_once_is_one_account(door: Door) -> None:
    person = await door.person()
    wanted = OpenAccount(name="Ines Marlow", email=f"x{person.email}", password=PASSWORD)
    opened = await door.desk.open_all([wanted] * 4)
    assert len({each.account_id for each in opened}) == 1
    assert [each.outcome for each in opened].count("created") == 1


async def test_the_key_is_made_once_and_opens_only_with_its_secret(door: Door) -> None:
    said = len(await door.service.said(SigningKeyPublished))
    told = door.service.process.settings
    same = told.model_copy(update={"roles": "api"})
    async with running(SERVICE, same):
        assert len(await door.service.said(SigningKeyPublished)) == said
    other = SERVICE.settings.model_validate(
        {"database_url": door.url, "secret_key": secret_key(), "roles": "api", **LIGHT}
    )
    with pytest.raises(WrongSecretKeyError, match="EPEP_SECRET_KEY"):
        async with running(SERVICE, other):
            pass


async def test_keys_change_in_mid_journey_and_no_request_fails(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journey goes on while the next key is published and begins to sign."""
    keys = door.service.process.part(Identity).signing_keys
    monkeypatch.setattr(keys, "_head_start", timedelta(seconds=20))
    entered = await door.enter(await door.person())
    tokens, stop = [entered["access_token"]], asyncio.Event()

    async def travel() -> int:
        steps = 0
        while not stop.is_set():
            fresh = await door.post("/tokens", proof(entered))
            assert fresh.status_code == 200, fresh.text
            tokens.append(fresh.json()["access_token"])
            for token in {tokens[0], tokens[-1]}:
                headers = {"Authorization": f"Bearer {token}"}
                answer = await door.service.client.get("/me", headers=headers)
                assert answer.status_code == 200, answer.text
            steps += 1
        return steps

    journey = asyncio.create_task(travel())
    kid = await keys.rotate()

    async def is_heard_of() -> bool:
        return door.service.process.verifier.knows(kid) or journey.done()

    assert await eventually(is_heard_of)
    assert kid_of(tokens[-1]) == kid_of(tokens[0])  # published, and does not sign yet
    door.clock.pass_by(seconds=21)

    async def signs() -> bool:
        return kid_of(tokens[-1]) == kid or journey.done()

    await eventually(signs)
    stop.set()
    assert await journey > 2
    assert kid_of(tokens[-1]) == kid != kid_of(tokens[0])


def kid_of(token: str) -> str:
    header = token.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    return kid


async def test_a_key_is_followed_by_another_before_it_ends(door: Door) -> None:
    said = len(await door.service.said(SigningKeyPublished))
    keys = door.service.process.part(Identity).signing_keys
    await keys.ensure()
    assert len(await door.service.said(SigningKeyPublished)) == said
    door.clock.pass_by(days=90)
    await keys.ensure()
    published = [each.data for each in await door.service.said(SigningKeyPublished)]
    assert len(published) == said + 1
    first, last = published[0], published[-1]
    assert isinstance(first, SigningKeyPublished)
    assert isinstance(last, SigningKeyPublished)
    overlap = first.not_after - (door.clock() + timedelta(seconds=60))
    assert overlap > timedelta(minutes=30)
    assert last.not_after > first.not_after + timedelta(days=80)


async def test_the_operator_opens_lists_suspends_and_restores(
    database: DatabaseFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = await database("operator")
    monkeypatch.setenv("EPEP_DATABASE_URL", url)
    monkeypatch.setenv("EPEP_SECRET_KEY", secret_key())
    monkeypatch.setenv("EPEP_PASSWORD_MEMORY_KIB", "8")

    async def run(*words: str, given: str = "") -> tuple[int, str, str]:
        capsys.readouterr()  # what was said before is not this command's
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        status = await asyncio.to_thread(operate, words)
        said = capsys.readouterr()
        return status, said.out, said.err

    status, _, said = await run("list")
    assert status == 1
    assert "migrate" in said
    await migrate(url, SERVICE.all_migrations())
    asked = ["account", "--name", "Amara Lindqvist", "--email", "Amara@x.example"]
    asked += ["--password-stdin", "--grant", "330:virtual_school"]
    status, account_id, _ = await run(*asked, given=f"{PASSWORD}\n")
    assert status == 0
    lines = [
        {"name": "Amara Lindqvist", "email": "amara@x.example", "password": PASSWORD},
        {
            "name": "Ines Marlow",
            "email": "i@x.example",
            "password": PASSWORD,
            "grants": ["998:iro"],
        },
    ]
    text = "\n".join(map(json.dumps, lines))
    status, opened, _ = await run("accounts-from", "-", given=text)
    assert status == 0
    first, second = (line.split("\t") for line in opened.splitlines())
    assert first == [account_id.strip(), "amara@x.example", "unchanged"]
    assert second[1:] == ["i@x.example", "created"]
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"name": "x"\n{"name": "", "email": "y", "password": "short"}\n')
    status, out, said = await run("accounts-from", str(bad))
    assert (status, out) == (1, "")
    assert [line.split(":")[:2] for line in said.splitlines()] == [
        ["line 1", " is not JSON"],
        ["line 2", " name"],
        ["line 2", " email"],
        ["line 2", " password"],
    ]
    assert "short" not in said.replace("should", "")
    suspended = ["suspend", "--email", "i@x.example", "--why", "left on Friday"]
    assert (await run(*suspended))[:2] == (0, f"{second[0]}\tsuspended\n")
    _, listed, _ = await run("list")
    assert listed.splitlines() == [
        f"{account_id.strip()}\tamara@x.example\tAmara Lindqvist\tin use\t330:virtual_school",
        f"{second[0]}\ti@x.example\tInes Marlow\tsuspended\t998:iro",
    ]
    assert (await run("list", "--authority", "998"))[1].count("\n") == 1
    who = ["--name", "Nia Prior", "--email", "nia@x.example"]
    status, _, said = await run("first-administrator", "--authority", "33", *who)
    assert (status, said.split(":")[0]) == (1, "authority")
    status, link, _ = await run("first-administrator", "--authority", "330", *who)
    assert link.startswith("http://localhost:8400/welcome/")
    assert "nia@x.example\tNia Prior\tin use\t330:virtual_school" in (await run("list"))[1]
    status, kid, _ = await run("rotate-keys")
    assert (status, len(kid.strip())) == (0, 43)
    status, _, said = await run("restore", "--email", "who@x.example", "--why", "came back")
    assert (status, said) == (1, "Nobody has an account with that email address.\n")


async def test_the_commands_are_those_of_the_module(database: DatabaseFactory) -> None:
    environment = os.environ | {
        "EPEP_DATABASE_URL": await database("operator"),
        "EPEP_SECRET_KEY": secret_key(),
    }
    command = [sys.executable, "-m", "identity_service", "list"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"run `python -m identity_service migrate`" in done.stderr
