"""What a target is made of (B74, S57), checked and compared. Pure."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from epep_events.pep import FieldChange, Target
from epep_events.profile import Page, Section
from epep_runtime.language import _, written_date
from epep_runtime.problems import FieldError, InvalidError, NotFoundError, RefusedError
from epep_runtime.text import Command, Line, example, printable
from pep_service.peps.answers import LocalDate
from pep_service.peps.pep import PEP, TargetState
from pep_service.peps.target_areas import AREAS
from pep_service.peps.target_labels import LABELS
from pep_service.profiles.form import page_of_kind

FURTHEST = timedelta(days=3 * 366)

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(printable)
]
"""Text of at most 2,000 characters, line breaks allowed."""
Needed = Annotated[Text, StringConstraints(min_length=1)]
"""The same, and not empty."""


class TargetForm(Command):
    """A SMART target as it is written down; `due_on` is a date in the PEP's time or after."""

    model_config = example(
        area="reading",
        need="Reading age is two years behind.",
        statement="Read aloud to an adult three times a week.",
        baseline="Reads once a week.",
        success_measure="Reading age up by three months.",
        support="Reading mentor",
        supported_by="Setting",
        due_on="2027-03-26",
    )

    area: str = Field(examples=["reading"], max_length=40)
    need: Text | None = None
    statement: Needed
    baseline: Text | None = None
    success_measure: Needed
    support: Text | None = None
    supported_by: Line | None = None
    due_on: LocalDate


def target_of(pep: PEP, form: TargetForm) -> Target:
    """Return the target. Raises InvalidError for an unknown area or a date that cannot be."""
    errors = []
    if form.area not in {area.value for area in AREAS}:
        errors.append(FieldError("area", _("Choose one of the areas given."), "choice"))
    begun = pep.start.initiated_on
    if not begun <= form.due_on <= begun + FURTHEST:
        text = _(
            "Enter a date from %(first)s to %(last)s.",
            first=_day(begun),
            last=_day(begun + FURTHEST),
        )
        errors.append(FieldError("due_on", text, "range"))
    if errors:
        raise InvalidError(errors)
    facts = {name: value or None for name, value in form.model_dump().items()}
    return Target.model_validate(facts)


def _day(day: date) -> str:
    return written_date(day, "d MMMM y")


def changes_between(old: Target, new: Target) -> tuple[FieldChange, ...]:
    """Return what is different between two versions of a target, in the order of the form."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return tuple(
        FieldChange(field=key, label=label, old=before[key], new=after[key])
        for key, label in LABELS.items()
        if before[key] != after[key]
    )


def targets_page(sections: tuple[Section, ...]) -> tuple[Section, Page]:
    """Return where this authority keeps targets (D03). Raises NotFoundError where nowhere."""
    found = page_of_kind(sections, "targets")
    if found is None:
        raise NotFoundError
    return found


def live_target(pep: PEP, target_id: UUID) -> TargetState:
    """Return a target that may still change.

    Raises NotFoundError for an unknown one, RefusedError for one that was withdrawn.
    """
    target = pep.targets.get(target_id)
    if target is None:
        raise NotFoundError
    if target.status == "withdrawn":
        raise RefusedError(_("This target has been withdrawn."), "withdrawn")
    return target


def is_stale(pep: PEP, target_id: UUID, version: int, if_match: int) -> bool:
    """Tell whether this very target changed since; others and the pages may have."""
    target = pep.targets.get(target_id)
    return if_match > version or (target is not None and target.version > if_match)
