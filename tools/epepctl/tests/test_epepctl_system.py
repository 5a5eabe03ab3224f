"""`epepctl` against the real system: log in by mail, import, import again, rebuild."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from epep_local.mailbox import Mailbox
from epep_local.system import System

pytestmark = pytest.mark.system

EMAIL, PASSWORD = "ctl@vs.example", "correct horse battery staple"
HEADER = (
    "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nX1,2,29/02/2012,WBRI,,0,\nX2,2,31/02/2012,WBRI,,0,\n"
)
EPISODES = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
    "X1,01/05/2025,S,C1,N1,U6,PR1,,,,,,\n"
)


def account(system: System) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "identity_service", "account", "--name", "Connie Trollope"),
            *("--email", EMAIL, "--password-stdin", "--grant", "330:virtual_school"),
        ],
        input=PASSWORD,
        env=system.operator_environment(),
        text=True,
        check=True,
        capture_output=True,
    )


async def epepctl(system: System, mailbox: Mailbox | None, *arguments: str) -> tuple[int, str]:
    """Run a command as an operator would; the code that comes by mail is typed in."""
    seen = len(await asyncio.to_thread(_codes, mailbox)) if mailbox else 0
    told = system.operator_environment() | {"EPEPCTL_EMAIL": EMAIL, "EPEPCTL_PASSWORD": PASSWORD}
    if mailbox is None:
        told = system.environment("pep")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "epepctl", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=told | {"COLUMNS": "150", "PATH": os.environ["PATH"]},
    )
    code = ""
    if mailbox:
        code = await asyncio.to_thread(_next_code, mailbox, seen)
    output, _ = await process.communicate(f"{code}\n".encode())
    return process.returncode or 0, output.decode()


def tick_declarations(system: System, mailbox: Mailbox) -> None:
    """Log in without the command once: it leaves the declarations to the person."""
    with httpx.Client(base_url=system.url("identity"), timeout=20) as client:

        def send(path: str, body: dict[str, Any]) -> Any:
            return client.post(path, json=body).raise_for_status().json()

        begun = send("/logins", {"email": EMAIL, "password": PASSWORD})
        accepted = [
            {
                "authority": asked["authority"]["code"],
                "version": asked["version"],
                "keys": [each["key"] for each in asked["declarations"]],
            }
            for asked in begun["declarations"]
        ]
        assert accepted, begun
        login = f"/logins/{begun['login_id']}"
        send(f"{login}/declarations", {"accepted": accepted})
        send(f"{login}/code", {"code": _next_code(mailbox, 0)})


def _next_code(mailbox: Mailbox, seen: int) -> str:
    mailbox.wait_for(EMAIL, lambda _: len(_codes(mailbox)) > seen, timeout=60)
    return _codes(mailbox)[-1]


def _codes(mailbox: Mailbox) -> list[str]:
    """Return the codes that were mailed, oldest first; other mails have none."""
    found = []
    for mail in mailbox.messages_to(EMAIL):
        if "code" in str(mail["Subject"]):
            body = mail.get_body(("plain",))
            assert body is not None
            found += re.findall(r"\b(\d{6})\b", str(body.get_content()))
    return found


async def test_import_children_twice_and_rebuild(
    system: System, mailbox: Mailbox, tmp_path: Path
) -> None:
    account(system)
    await asyncio.to_thread(tick_declarations, system, mailbox)
    header, episodes = tmp_path / "header.csv", tmp_path / "episodes.csv"
    header.write_text(HEADER)
    episodes.write_text(EPISODES)
    wanted = ("import-children", "--authority", "330", str(header), str(episodes), "--yes")
    status, text = await epepctl(system, mailbox, *wanted, "--problems", str(tmp_path / "p.csv"))
    assert status == 1, text
    assert "Logged in as Connie Trollope" in text
    assert "1 new, 0 changed, 0 unchanged, 1 refused" in text
    assert "Imported 1 child in" in text
    assert "header.csv,3,DOB,31/02/2012" in (tmp_path / "p.csv").read_text("utf-8-sig")
    status, text = await epepctl(system, mailbox, *wanted)
    assert (status, "0 new, 0 changed, 1 unchanged, 1 refused" in text) == (1, True), text
    status, text = await epepctl(system, None, "rebuild", "pep", "children")
    assert (status, "children of pep is rebuilt." in text) == (0, True), text
    status, text = await epepctl(system, None, "rebuild", "pep", "nothing")
    assert (status, "It has:" in text) == (2, True), text
    system.wait_ready("pep")
