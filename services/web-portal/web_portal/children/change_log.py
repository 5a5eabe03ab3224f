"""The change log's filters, from an address and back."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams

from web_portal.web.answers import Answers, read
from web_portal.web.language import _
from web_portal.web.questions import Option, Question


def start_question() -> Question:
    """Return the question for the first day that is wanted."""
    return Question(key="from", label=_("From"), type="date", hint=_("For example, 1 9 2026"))


def end_question() -> Question:
    """Return the question for the last day that is wanted."""
    return Question(key="to", label=_("To"), type="date", hint=_("For example, 31 12 2026"))


@dataclass
class Filters:
    """What of the change log is wanted. `answers` are the dates as typed, with their errors."""

    section: str = ""
    person: str = ""
    page: int = 1
    answers: Answers = field(default_factory=Answers)

    @property
    def params(self) -> dict[str, Any]:
        """Return what to ask the pep service for; a date that cannot be read is left out."""
        return {
            "section": self.section,
            "person": self.person,
            "from": self.answers.values.get("from"),
            "to": self.answers.values.get("to"),
        }

    @property
    def any(self) -> bool:
        """Tell whether anything is filtered."""
        return any(self.params.values()) or bool(self.answers.errors)

    @property
    def query(self) -> str:
        """Return the filters as the query of an address, without a page."""
        pairs = {"section": self.section, "person": self.person}
        for key in ("from", "to"):
            for part, text in self.answers.typed[key].items():
                pairs[f"{key}-{part}"] = text
        return urlencode({name: text for name, text in pairs.items() if text})


def filters(params: QueryParams, page: int) -> Filters:
    """Return the filters that an address asks for."""
    answers = read([start_question(), end_question()], FormData([*params.multi_items()]))
    start, end = answers.values.get("from"), answers.values.get("to")
    if start and end and date.fromisoformat(start) > date.fromisoformat(end):
        answers.errors["to"] = _("To must be the same as or after From")
        answers.values["to"] = None
    return Filters(params.get("section", ""), params.get("person", ""), page, answers)


def choosers(log: dict[str, Any]) -> tuple[list[Option], list[Option]]:
    """Return the sections and the people to choose from."""
    everything = Option(value="", label=_("All sections"))
    everybody = Option(value="", label=_("Everyone"))
    sections = [Option(value=s["key"], label=s["title"]) for s in log["sections"]]
    people = [Option(value=str(p["id"]), label=p["name"]) for p in log["people"]]
    return [everything, *sections], [everybody, *people]
