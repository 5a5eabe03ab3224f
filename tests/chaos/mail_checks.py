"""Every mail that was asked for against the mails that the mail server took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from finding import Finding
from town import Town

from epep_local import plain_http

OUTCOMES = {
    "NotificationSent": "sent",
    "NotificationFailed": "failed",
    "NotificationHeld": "held",
    "NotificationLeftUnmailed": "left unmailed",
    "NotificationGathered": "in a mail of the day",
}


def mails_delivered(town: Town) -> Counter[str]:
    """Return how often the mail server took each Message-ID."""
    with plain_http.client(town.mailbox.url) as client:
        listed = client.get("/api/messages")
        listed.raise_for_status()
        return Counter(each["message_id"] for each in listed.json()["messages"])


def mailed_once(rows: Sequence[Any], delivered: Mapping[str, int]) -> Finding:
    """Each mail went out once by its Message-ID; what a crash left uncertain is listed.

    `rows` is notification's log. A held mail is there once or not at all: nobody can know which.
    """
    finding = Finding("Every mail went out once.")
    outcomes: dict[str, list[str]] = {}
    for row in rows:
        stream = row["stream_id"]
        if row["type"] == "NotificationRequested":
            outcomes.setdefault(stream, [])
        elif row["type"] in OUTCOMES:
            outcomes.setdefault(stream, []).append(row["type"])
    by_id = {key.strip("<>").partition("@")[0]: count for key, count in delivered.items()}
    held = []
    for stream, said in outcomes.items():
        own, count = stream.removeprefix("notification-"), by_id.pop(stream[13:], 0)
        if count > 1:
            finding.violations.append(f"{own} went out {count} times")
        if len(said) != 1:
            finding.violations.append(f"{own} has {len(said)} outcomes: {', '.join(said)}")
        elif said[0] == "NotificationHeld":
            held.append(f"held as uncertain: {own}, which {'did' if count else 'did not'} arrive")
        elif (count == 1) != (said[0] == "NotificationSent"):
            finding.violations.append(f"{own} is said to be {said[0]}, and arrived {count} times")
    finding.violations += [f"{own} arrived, but nobody asked for it" for own in by_id]
    ended = Counter(said[0] for said in outcomes.values() if said)
    finding.looked_at.append(
        f"{len(outcomes)} mails asked for, {sum(delivered.values())} delivered; "
        + ", ".join(f"{words} {ended[kind]}" for kind, words in OUTCOMES.items())
    )
    finding.notes += held
    return finding
