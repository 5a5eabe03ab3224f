"""Two authorities' PEPs told as stories: the events that have happened, and the state they make."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache, reduce
from typing import Any
from uuid import UUID, uuid4

from epep_events.base import Event
from epep_events.pep import (
    FieldChange,
    MeetingConfirmationNoted,
    MeetingPlan,
    MeetingTimeNoted,
    NextMeetingNoted,
    PageSaved,
    PEPInitiated,
    PEPSubmitted,
    SectionCompleted,
)
from epep_events.profile import AuthorityProfile, FormField, Section, Variant
from epep_runtime.civil_time import local_date
from pep_service.peps.pep import PEP, evolve
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.profiles.form import completable, find_page, find_section, sections_of

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MEETING_AT = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
NEXT_AT = datetime(2027, 3, 4, 9, 0, tzinfo=UTC)
ANSWERS: dict[str, Any] = {
    "line": "Rowan Hale",
    "text": "All is well.",
    "date": "2026-09-01",
    "integer": 7,
    "decimal": "25",
    "yes_no": "yes",
}


def an_answer(question: FormField) -> Any:
    """Return an answer that fits a field."""
    if question.type == "choice":
        return question.choices[0].value
    if question.type == "choices":
        return [question.choices[0].value]
    if question.type == "yes_no_detail":
        return {"answer": question.detail_when, "detail": "In spring."}
    return ANSWERS[question.type]


@dataclass
class Story:
    """A PEP of one authority: the events that have happened, and the state they make."""

    profile: AuthorityProfile
    variant: Variant = "school_age"
    year_group: int = 8
    pep_id: UUID = field(default_factory=uuid4)
    child_id: UUID = field(default_factory=uuid4)
    events: list[Event] = field(default_factory=list)

    @property
    def sections(self) -> tuple[Section, ...]:
        return sections_of(self.profile, self.variant, self.year_group)

    @property
    def pep(self) -> PEP:
        return reduce(evolve, self.events, PEP())

    def given(self, *events: Event) -> "Story":
        self.events += events
        return self

    def section(self, key: str) -> Section:
        return find_section(self.sections, key)

    def begun(self, **more: Any) -> "Story":
        plan = MeetingPlan(starts_at=MEETING_AT, reason=self.profile.meeting_reasons[0].value)
        facts: dict[str, Any] = {
            "pep_id": self.pep_id,
            "child_id": self.child_id,
            "child_initials": "MO",
            "kind": "review",
            "kind_label": "Termly review PEP",
            "variant": self.variant,
            "key_stage": "KS3",
            "year_group": 7,
            "profile_code": self.profile.code,
            "profile_version": self.profile.version,
            "initiated_on": local_date(NOW),
            "completion_due": None,
            "meeting": plan,
        }
        return self.given(PEPInitiated(**(facts | more)))

    def saved(self, page: str, **values: Any) -> "Story":
        section, _ = find_page(self.sections, page)
        old = self.pep.answers(page)
        changes = tuple(
            FieldChange(field=key, label=key, old=old.get(key), new=value)
            for key, value in values.items()
        )
        return self.given(
            PageSaved(
                pep_id=self.pep_id,
                section=section.key,
                page=page,
                page_title=page,
                changes=changes,
            )
        )

    def filled(self, *keys: str) -> "Story":
        """Answer every mandatory field of these sections, or of all."""
        for section in self.sections:
            if keys and section.key not in keys:
                continue
            for page in section.pages:
                wanted = {each.key: an_answer(each) for each in page.fields if each.mandatory}
                if wanted:
                    self.saved(page.key, **wanted)
        return self

    def scheduled(self, starts_at: datetime = MEETING_AT, due: date | None = None) -> "Story":
        noted = MeetingTimeNoted(
            pep_id=self.pep_id,
            starts_at=starts_at,
            place=None,
            old_completion_due=self.pep.completion_due,
            completion_due=due,
        )
        return self.given(noted)

    def met(self) -> "Story":
        return self.given(MeetingConfirmationNoted(pep_id=self.pep_id, meeting_id=uuid4()))

    def next_set(self) -> "Story":
        plan = MeetingPlan(starts_at=NEXT_AT, reason="termly_review", place="The library")
        return self.given(NextMeetingNoted(pep_id=self.pep_id, plan=plan))

    def completed(self, *keys: str) -> "Story":
        wanted = keys or tuple(section.key for section in completable(self.sections))
        for key in wanted:
            self.given(
                SectionCompleted(
                    pep_id=self.pep_id, child_id=self.child_id, section=key, section_title=key
                )
            )
        return self

    def submitted(self) -> "Story":
        return self.given(
            PEPSubmitted(pep_id=self.pep_id, child_id=self.child_id, profile_version=1)
        )


@lru_cache  # frozen, and slow to read
def profile(code: str) -> AuthorityProfile:
    return next(each for each in shipped_documents() if each.code == code)
