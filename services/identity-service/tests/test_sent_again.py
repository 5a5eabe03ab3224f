"""A change of one's own account that is sent twice with one Idempotency-Key happens once."""

from typing import Any

import pyotp
import pytest
from identity_door import PASSWORD, Door
from identity_story import Session, said

from epep_events.getting_in import PasswordReplaced, RecoveryCodesMade, UserDetailsChanged

pytestmark = pytest.mark.servers
NEW = "four entirely other made-up words"


class Sender:
    """Somebody logged in, who says with each request which one it is."""

    def __init__(self, door: Door, session: Session) -> None:
        self.door, self.session = door, session

    async def send(self, key: str, method: str, path: str, body: Any = None) -> Any:
        headers = self.session.headers | {"Idempotency-Key": key}
        ask = self.door.service.client.request
        return await ask(method, path, json=body or {}, headers=headers)

    async def twice(self, key: str, method: str, path: str, body: Any = None) -> Any:
        """Send it twice; the first answer comes both times."""
        first, second = [await self.send(key, method, path, body) for _ in range(2)]
        assert (first.status_code, first.text) == (second.status_code, second.text)
        assert first.status_code < 300, first.text
        return first

    async def once(self, key: str, path: str, body: Any = None) -> Any:
        """Send it twice; the first answer has a secret, and the second says so."""
        first, second = [await self.send(key, "POST", path, body) for _ in range(2)]
        assert first.status_code < 300, first.text
        assert second.status_code == 409, second.text
        assert second.json()["errors"][0]["code"] == "already-done"
        assert "only once" in second.json()["detail"]
        return first.json()


async def sender(door: Door) -> Sender:
    return Sender(door, Session(door, await door.enter(await door.person())))


async def happened(door: Door, me: Sender, kind: Any) -> int:
    who = me.session.account_id
    return sum(each.account_id == who for each in await said(door, kind))


async def test_what_has_no_secret_is_answered_as_the_first_time_and_done_once(door: Door) -> None:
    me = await sender(door)
    await me.twice("d1", "PUT", "/me/details", {"name": "Jo Once"})
    assert (await me.session.put("/me/details", {"name": "Jo Later"})).status_code == 204
    assert (await me.send("d1", "PUT", "/me/details", {"name": "Jo Once"})).status_code == 204
    assert await happened(door, me, UserDetailsChanged) == 2
    other = await me.send("d1", "PUT", "/me/details", {"name": "Jo Other"})
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "reused")
    await me.twice("e1", "POST", "/me/email", {"email": "elsewhere@fernhallow.example"})
    await me.twice("s1", "POST", "/me/sessions/end-others")
    words = {"current": PASSWORD, "new": NEW}
    await me.twice("p1", "POST", "/me/password", words)
    assert await happened(door, me, PasswordReplaced) == 1
    for _ in range(2):
        again = await me.send("r1", "POST", "/me/reauthentication", {"password": NEW})
        assert again.status_code == 200, again.text


async def test_what_has_a_secret_is_shown_once_and_kept_nowhere(door: Door) -> None:
    me = await sender(door)
    app = await me.once("a1", "/me/factors/totp", {"name": "My phone"})
    path = f"/me/factors/totp/{app['factor_id']}/confirmation"
    code = pyotp.TOTP(app["secret"]).at(door.clock())
    wrong = {"code": "000000" if code != "000000" else "111111"}
    assert (await me.send("c1", "POST", path, wrong)).status_code == 422
    # What was refused was not done: its key is free for the right code.
    codes = (await me.once("c1", path, {"code": code}))["recovery_codes"]
    made = (await me.once("m1", "/me/recovery-codes"))["recovery_codes"]
    await me.once("k1", "/me/factors/passkey", {"name": "Key ring"})
    assert await happened(door, me, RecoveryCodesMade) == 2
    pool = door.service.process.pool
    rows = await pool.fetch(
        "SELECT key, status, body FROM answers_once WHERE account_id = $1", me.session.account_id
    )
    assert {row["key"]: row["body"] for row in rows} == dict.fromkeys(("a1", "c1", "m1", "k1"))
    assert not any(secret in str(rows) for secret in (*codes, *made, app["secret"]))
    await me.twice("n1", "PUT", f"/me/factors/{app['factor_id']}", {"name": "My other phone"})
    await me.twice("x1", "DELETE", f"/me/factors/{app['factor_id']}")
    listed = (await me.session.get("/me/factors")).json()
    assert listed["recovery_codes_left"] == 0


async def test_while_it_is_not_known_how_the_first_ended_the_second_is_refused(door: Door) -> None:
    me, body = await sender(door), {"name": "Jo Midway"}
    await me.twice("h1", "PUT", "/me/details", body)
    await door.service.process.pool.execute(
        "UPDATE answers_once SET status = NULL, body = NULL WHERE account_id = $1",
        me.session.account_id,
    )
    refused = await me.send("h1", "PUT", "/me/details", body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "unsettled")
    nobody = await door.service.client.put(
        "/me/details", json=body, headers={"Idempotency-Key": "h1"}
    )
    assert nobody.status_code == 401
    long = await me.send("k" * 101, "PUT", "/me/details", body)
    assert long.status_code == 422
