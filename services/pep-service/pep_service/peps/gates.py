"""What stands between a PEP and its sign-off: blank mandatory fields, sections, gates. Pure."""

from dataclasses import dataclass

from epep_events.profile import AuthorityProfile, Section
from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError
from pep_service.peps.pep import PEP
from pep_service.peps.status import all_complete
from pep_service.peps.values import missing_fields
from pep_service.profiles.form import completable, page_of_kind

NO_MEETING = N_("The meeting has not been confirmed yet. Confirm it on the meeting page first.")
NO_NEXT_MEETING = N_(
    "The date of the next meeting has not been set yet. Set it on the meeting page."
)
NEXT_NOT_AFTER = N_(
    "The next meeting is not after this one, which has been moved."
    " Change its date on the meeting page."
)


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A mandatory field that is blank, and the page to go to."""

    page: str
    page_title: str
    field: str
    label: str

    def error(self) -> FieldError:
        """Return the refusal's line for it; the field is `<page>.<field>`."""
        message = _(
            "Answer “%(label)s” on the page %(page_title)s.",
            label=self.label,
            page_title=self.page_title,
        )
        return FieldError(f"{self.page}.{self.field}", message, "mandatory")


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must be true before the end (D21), in words, and whether it is."""

    key: str
    label: str
    met: bool


def outstanding_of(pep: PEP, section: Section) -> tuple[Outstanding, ...]:
    """Return a section's mandatory fields that are blank (S84), in the order of the form."""
    return tuple(
        Outstanding(page.key, page.title, field.key, field.label)
        for page in section.pages
        if page.kind == "form"
        for field in missing_fields(page.fields, pep.answers(page.key))
    )


def gates_of(
    pep: PEP, profile: AuthorityProfile, sections: tuple[Section, ...]
) -> tuple[Gate, ...]:
    """Return the profile's gates in its order."""
    facts = {
        "sections_complete": (
            _("Every section is complete"),
            all_complete(pep.completed, sections),
        ),
        "meeting_confirmed": (_("The meeting has taken place"), pep.meeting_confirmed),
        "next_meeting_set": (_("The next meeting has a date"), pep.agreed_next is not None),
    }
    return tuple(Gate(key, *facts[key]) for key in profile.sign_off.gates)


def unmet(
    pep: PEP, profile: AuthorityProfile, sections: tuple[Section, ...]
) -> tuple[FieldError, ...]:
    """Return what still has to be done before the gates open, one line each."""
    found: list[FieldError] = []
    meeting = page_of_kind(sections, "meeting")
    where = meeting[1].key if meeting else "meeting"
    for gate in gates_of(pep, profile, sections):
        if gate.met:
            continue
        if gate.key == "sections_complete":
            for section in completable(sections):
                if section.key not in pep.completed:
                    text = _(
                        "The section %(title)s has not been marked complete.", title=section.title
                    )
                    found.append(FieldError(section.key, text, "section_incomplete"))
                    found += [each.error() for each in outstanding_of(pep, section)]
        else:
            found.append(FieldError(where, _(_missing(pep, gate)), gate.key))
    return tuple(found)


def _missing(pep: PEP, gate: Gate) -> str:
    if gate.key == "meeting_confirmed":
        return NO_MEETING
    return NEXT_NOT_AFTER if pep.next_meeting else NO_NEXT_MEETING
