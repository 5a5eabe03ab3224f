"""Reading the local mailbox: what was sent to an address, and waiting for it.

>>> mail = mailbox.wait_for("ada@example.org", lambda m: "code" in m["Subject"])
>>> mail.get_body(("plain",)).get_content()
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from epep_local import plain_http


class MailDidNotComeError(TimeoutError):
    """Nothing that was waited for reached the mailbox in time."""


@dataclass(frozen=True)
class Mailbox:
    """The mailbox whose pages are at `url`."""

    url: str

    def messages_to(self, address: str) -> list[EmailMessage]:
        """Every mail delivered to `address`, oldest first."""
        with plain_http.client(self.url) as client:
            listed = client.get("/api/messages", params={"to": address})
            listed.raise_for_status()
            ids = [entry["id"] for entry in listed.json()["messages"]]
            return [_parsed(client.get(f"/api/messages/{id_}.eml").content) for id_ in ids]

    def wait_for(
        self,
        address: str,
        predicate: Callable[[EmailMessage], bool] = lambda _: True,
        timeout: float = 60,
    ) -> EmailMessage:
        """The newest mail to `address` that fits `predicate`.

        Raises MailDidNotComeError, naming the subjects that did come, after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            messages = self.messages_to(address)
            fitting = [message for message in messages if predicate(message)]
            if fitting:
                return fitting[-1]
            if time.monotonic() > deadline:
                subjects = [str(message["Subject"]) for message in messages]
                raise MailDidNotComeError(f"No such mail to {address} in {timeout} s: {subjects}")
            time.sleep(0.1)

    async def messages_to_async(self, address: str) -> list[EmailMessage]:
        """`messages_to` without holding up the event loop."""
        return await asyncio.to_thread(self.messages_to, address)

    async def wait_for_async(
        self,
        address: str,
        predicate: Callable[[EmailMessage], bool] = lambda _: True,
        timeout: float = 60,  # noqa: ASYNC109 - the same meaning as in `wait_for`
    ) -> EmailMessage:
        """`wait_for` without holding up the event loop (a service may run in it)."""
        return await asyncio.to_thread(self.wait_for, address, predicate, timeout)

    def refuse(self, address: str, code: int = 550) -> None:
        """From now on answer RCPT to `address` with `code` (550 for ever, 451 for now)."""
        with plain_http.client(self.url) as client:
            client.put(f"/api/refusals/{address}", params={"code": code}).raise_for_status()

    def accept(self, address: str) -> None:
        """Take mail to `address` again."""
        with plain_http.client(self.url) as client:
            client.delete(f"/api/refusals/{address}").raise_for_status()


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)
