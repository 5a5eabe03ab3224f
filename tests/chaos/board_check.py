"""The live board of each authority against its PEPs."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from finding import Finding
from load import Load
from people import Person, eventually

PATIENCE_SECONDS = 60.0


def boards_agree(load: Load, pep_log: Sequence[Any]) -> Finding:
    """Every authority's board counts its open PEPs as the PEPs themselves say."""
    finding = Finding("Every live board counts its PEPs rightly.")
    for code, head in {team.code: team.virtual_school for team in load.teams}.items():
        peps = [
            row["stream_id"].removeprefix("pep-")
            for row in pep_log
            if row["type"] == "PEPInitiated" and row["authority"] == code
        ]
        states = Counter(head.get("pep", f"/peps/{pep_id}")["state"] for pep_id in peps)
        wanted = {state: n for state, n in states.items() if state != "signed_off"}
        shown = _shown(head, code, wanted)
        if shown != wanted:
            finding.violations.append(f"{code}: the board counts {shown}, there are {wanted}")
        finding.looked_at.append(f"{code}: {len(peps)} PEPs, {sum(wanted.values())} of them open")
    return finding


def _shown(head: Person, code: str, wanted: dict[str, int]) -> dict[str, int]:
    """Return what the board counts, as soon as it is right or a minute has passed."""
    shown: dict[str, int] = {}

    def right() -> bool:
        nonlocal shown
        board = head.get("qa", f"/board?authority={code}")
        shown = {each["key"]: each["count"] for each in board["states"] if each["count"]}
        return shown == wanted

    with contextlib.suppress(AssertionError):
        eventually(right, PATIENCE_SECONDS)
    return shown
