"""What people are shown afterwards against what they were told was saved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from finding import Finding
from ledger import last_saves
from load import Load
from people import Person


def pages_shown_as_saved(load: Load) -> Finding:
    """The last acknowledged save of every page is what the page shows."""
    finding = Finding("Every page shows what was last saved on it.")
    people = {
        person.account_id: person
        for team in load.teams
        for person in (team.social_worker, team.designated_teacher, team.virtual_school)
    }
    saves = last_saves(load.ledger)
    for path, change in saves.items():
        wrong = _differing(people[change.account_id], path, change.sent["values"])
        if wrong:
            finding.violations.append(f"{path}: {', '.join(wrong)} not as saved")
    finding.looked_at.append(f"{len(saves)} pages read again")
    return finding


def _differing(person: Person, path: str, saved: Mapping[str, Any]) -> list[str]:
    shown = {each["key"]: each["value"] for each in person.get("pep", path)["fields"]}
    return [key for key, value in saved.items() if not _same(shown.get(key), value)]


def _same(shown: Any, saved: Any) -> bool:
    """Whether the two are the same answer: numbers may be written with other noughts."""
    if shown == saved:
        return True
    try:
        return Decimal(str(shown)) == Decimal(str(saved))
    except InvalidOperation:
        return False
