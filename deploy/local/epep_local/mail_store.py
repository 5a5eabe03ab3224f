"""The mails that the local mailbox took, one file each, and the addresses it refuses."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class StoredMail:
    """One mail as it was delivered: the envelope's addresses and the bytes."""

    id: int
    received: datetime
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    def summary(self) -> dict[str, object]:
        """What the list and the API say of it."""
        message = self.message
        return {
            "id": self.id,
            "received": self.received.isoformat(timespec="seconds"),
            "to": list(self.recipients),
            "from": str(message["From"] or ""),
            "subject": str(message["Subject"] or "(no subject)"),
            "message_id": str(message["Message-ID"] or ""),
        }


@dataclass
class MailStore:
    """A folder of mails; `refusals` are {address in lower case: SMTP code}."""

    folder: Path
    refusals: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._mails = {mail.id: mail for mail in self._read()}

    def _read(self) -> Iterator[StoredMail]:
        for path in sorted(self.folder.glob("*.json")):
            if not re.fullmatch(r"\d+", path.stem):
                continue
            facts = json.loads(path.read_text("utf-8"))
            received = datetime.fromisoformat(facts["received"])
            raw = path.with_suffix(".eml").read_bytes()
            yield StoredMail(int(path.stem), received, tuple(facts["to"]), raw)

    def add(self, recipients: list[str], raw: bytes) -> StoredMail:
        """Keep a mail; it is on disk when this returns."""
        number = max(self._mails, default=0) + 1
        mail = StoredMail(number, datetime.now(UTC), tuple(recipients), raw)
        path = self.folder / f"{number:06}.json"
        path.with_suffix(".eml").write_bytes(raw)
        facts = {"received": mail.received.isoformat(), "to": recipients}
        path.write_text(json.dumps(facts), "utf-8")
        self._mails[number] = mail
        return mail

    def to(self, address: str = "") -> list[StoredMail]:
        """Mails delivered to `address` (or all, when it is empty), oldest first."""
        wanted = address.strip().lower()
        return [
            mail
            for mail in self._mails.values()
            if not wanted or wanted in (recipient.lower() for recipient in mail.recipients)
        ]

    def get(self, number: int) -> StoredMail | None:
        """The mail of that number."""
        return self._mails.get(number)

    def addresses(self) -> list[str]:
        """Everybody who got something, in order of the alphabet."""
        return sorted({recipient for mail in self._mails.values() for recipient in mail.recipients})
