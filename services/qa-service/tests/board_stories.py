"""PEPs and reviews as the board keeps them, for stories about its numbers."""

from typing import Any
from uuid import UUID

from epep_events.profile import Choice, RatingLevel
from epep_runtime.ids import new_id
from qa_service.live_board.facts import Value
from qa_service.live_board.profiles import BoardProfile

SECTIONS = ("a", "b")
PROFILE = BoardProfile(
    code="998",
    version=3,
    name="Testshire",
    kinds=(Choice(value="initial", label="First PEP"), Choice(value="review", label="Termly PEP")),
    scale=(
        RatingLevel(key="outstanding", label="Outstanding", colour="green"),
        RatingLevel(key="good", label="Good", colour="blue"),
        RatingLevel(key="inadequate", label="Inadequate", colour="red", returns=True),
    ),
    completed=dict.fromkeys(("early_years", "school_age", "post_16"), SECTIONS),
)


def pep(pep_id: UUID | None = None, **facts: Any) -> dict[str, object]:
    """A PEP's stream and facts; `kind` and `variant` are how it began, the rest as they are."""
    begun = {
        "authority": "998",
        "child_id": str(new_id()),
        "kind": facts.pop("kind", "review"),
        "variant": facts.pop("variant", "school_age"),
        "profile_version": 3,
    }
    told = {"begun": begun, **{name: fact for name, fact in facts.items() if fact is not None}}
    return {"stream": f"pep-{pep_id or new_id()}", **told}


def review(
    pep_id: UUID, number: int, rating: str | None = None, on: str = "2026-11-01"
) -> dict[str, object]:
    """A review's stream and facts: open, or published with its rating."""
    told: dict[str, object] = {
        "stream": f"review-{new_id()}",
        "review": {
            "authority": "998",
            "pep_id": str(pep_id),
            "round": number,
            "gates_sign_off": True,
            "since": "2026-10-05",
        },
    }
    return told | ({"result": {"rating": rating, "on": on}} if rating else {})


def values(*streams: dict[str, object]) -> dict[str, Value]:
    """The streams as the board keeps them, each fact said in version 1."""
    return {
        str(each["stream"]): {name: [1, told] for name, told in each.items() if name != "stream"}
        for each in streams
    }
