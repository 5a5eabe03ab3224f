"""The question for one's own name, wherever somebody is asked who they are."""

from web_portal.web.language import _
from web_portal.web.questions import Question


def your_name() -> Question:
    """Return the question, mandatory, which a browser may fill in."""
    return Question(
        key="name",
        label=_("Full name"),
        type="line",
        mandatory=True,
        blank=_("Enter your full name"),
        autocomplete="name",
    )
