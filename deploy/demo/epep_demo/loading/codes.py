"""The code that a person's log-in mail brings, from the mailbox where all local mail arrives.

Only mails that came since the log-in began are fetched: a busy person has hundreds.
"""

import email
import email.policy
import re
from email.message import EmailMessage

import httpx

from epep_demo.loading.waiting import eventually

CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


class Codes:
    """The mailbox whose pages are at `url`."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client, self._url = client, url

    async def numbers(self, address: str) -> set[int]:
        """Return the numbers of the mails to this address so far."""
        answer = await self._client.get(f"{self._url}/api/messages", params={"to": address})
        answer.raise_for_status()
        return {int(each["id"]) for each in answer.json()["messages"]}

    async def newer(self, address: str, before: set[int]) -> str:
        """Wait for a mail with a code that is not among `before`, and return the code.

        Raises LoadError when none comes.
        """

        async def look() -> str | None:
            for number in sorted(await self.numbers(address) - before, reverse=True):
                found = CODE.search(await self._text(number))
                if found:
                    return found.group(1)
            return None

        return await eventually(f"no code to log in with came to {address}", look)

    async def _text(self, number: int) -> str:
        answer = await self._client.get(f"{self._url}/api/messages/{number}.eml")
        answer.raise_for_status()
        mail = email.message_from_bytes(answer.content, policy=email.policy.default)
        part = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
        return str(part.get_content()) if part else ""
