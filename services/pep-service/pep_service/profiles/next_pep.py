"""What kind of PEP follows a signed-off one, and why its people meet: read from the profile.

Every profile has a kind `review` and a reason `termly_review` or one for each term (`autumn`,
`spring`, `summer`), by those keys; one that has neither gets the first of its list.
"""

from collections.abc import Iterable
from datetime import date

from epep_events.profile import AuthorityProfile, Choice

REVIEW = "review"


def term_of(day: date) -> str:
    """Return the school term of a day: autumn from September, spring, summer from mid-April."""
    if day.month >= 9:
        return "autumn"
    return "summer" if (day.month, day.day) >= (4, 16) else "spring"


def _first(choices: Iterable[Choice], *wanted: str) -> Choice:
    found = {choice.value: choice for choice in choices}
    return next((found[key] for key in wanted if key in found), next(iter(found.values())))


def next_kind(profile: AuthorityProfile) -> Choice:
    """Return the kind of PEP that follows a sign-off."""
    return _first(profile.kinds, REVIEW)


def default_kind(profile: AuthorityProfile, *, first: bool) -> Choice:
    """Return the kind that a form offers: an initial PEP to a child that never had one."""
    return _first(profile.kinds, "initial") if first else next_kind(profile)


def review_reason(profile: AuthorityProfile, meeting_on: date) -> Choice:
    """Return the reason for next term's meeting."""
    return _first(profile.meeting_reasons, term_of(meeting_on), "termly_review")
