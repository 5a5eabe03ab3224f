"""Given a PEP's events, when somebody does something, then these events or this refusal."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pep_story import NEXT_AT

from epep_access.permissions import table
from epep_events.base import Event
from epep_events.pep import (
    PageSaved,
    PEPReturned,
    PEPSignedOff,
    PEPSubmitted,
    SectionCompleted,
    SectionReopened,
    TargetAmended,
    TargetDrafted,
    TargetSubmitted,
    TargetWithdrawn,
)
from epep_runtime.ids import derived_id
from epep_runtime.problems import InvalidError, NotFoundError, ProblemError, RefusedError
from pep_service.peps import (
    amending_targets,
    completing_sections,
    drafting_targets,
    saving_pages,
    signing_off,
    submitting,
    submitting_targets,
    withdrawing_targets,
)
from pep_service.peps.gates import unmet
from pep_service.peps.pep import PEP
from pep_service.peps.status import state_of
from pep_service.peps.target_form import TargetForm
from pep_service.profiles.form import completable, find_page

TODAY = date(2026, 11, 2)


def codes(error: ProblemError) -> set[str]:
    return {each.code for each in error.errors}


def save(story: Any, page: str, *, block: Any = False, **values: Any) -> list[Event]:
    section, form = find_page(story.sections, page)
    return saving_pages.decide(story.pep, section, form, values, block=block, today=TODAY)


def test_a_save_says_each_difference_old_to_new_with_its_label(either: Any) -> None:
    either.begun().saved("health", agencies="CAMHS", health_needs="Asthma")
    [event] = save(either, "health", agencies="CAMHS", health_needs="Asthma and eczema")
    assert isinstance(event, PageSaved)
    assert (event.section, event.page) == ("social_worker", "health")
    [change] = event.changes
    assert (change.field, change.old, change.new) == (
        "health_needs",
        "Asthma",
        "Asthma and eczema",
    )
    assert change.label[0].isupper()


def test_saving_the_same_says_nothing_even_of_a_complete_section(either: Any) -> None:
    either.begun().saved("health", agencies="CAMHS").completed("social_worker")
    assert save(either, "health", agencies=" CAMHS ", health_needs="") == []


def test_a_changed_page_reopens_its_section_in_the_same_append(either: Any) -> None:
    either.begun().completed()
    saved, reopened = save(either, "health", agencies="Youth justice")
    assert isinstance(saved, PageSaved)
    assert isinstance(reopened, SectionReopened)
    assert reopened.section == "social_worker"
    either.given(saved, reopened)
    assert "social_worker" not in either.pep.completed
    assert len(either.pep.completed) == len(completable(either.sections)) - 1


def test_birmingham_prompts_and_northvale_blocks_d22(birmingham: Any, northvale: Any) -> None:
    assert save(birmingham.begun(), "health", agencies="CAMHS")
    with pytest.raises(InvalidError) as refused:
        save(northvale.begun(), "health", block=True, agencies="CAMHS")
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("values.health_needs", "mandatory")
    ]
    assert save(northvale, "health", block=True, agencies="CAMHS", health_needs="None known")


def test_every_misfit_is_listed_with_its_field(either: Any) -> None:
    either.begun()
    with pytest.raises(InvalidError) as refused:
        save(
            either,
            "health",
            agencies="a\x00b",
            sdq_score=41,
            sdq_date="2026-11-03",
            nonsense=1,
            **{"\ud800": 1},
        )
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("values.agencies", "characters"),
        ("values.sdq_score", "range"),
        ("values.sdq_date", "future"),
        ("values.nonsense", "unknown"),
        ("values", "unknown"),
    ]


def test_only_the_page_that_changed_is_in_conflict(either: Any) -> None:
    either.begun().saved("health", agencies="CAMHS").saved("background", reason_summary="Neglect")
    pep = either.pep
    assert not saving_pages.is_stale(pep, "health", pep.version, 2)
    assert saving_pages.is_stale(pep, "health", pep.version, 1)
    assert not saving_pages.is_stale(pep, "care_information", pep.version, 1)
    assert saving_pages.is_stale(pep, "health", pep.version, 99)


def test_a_variant_has_only_its_own_pages(birmingham: Any, northvale: Any) -> None:
    for story in (birmingham, northvale):
        story.variant = "early_years"
        with pytest.raises(NotFoundError):
            find_page(story.sections, "attainment")
        assert find_page(story.sections, "early_learning")
    assert "childs_views" in {each.key for each in birmingham.sections}
    assert "young_persons_views" not in {each.key for each in northvale.sections}


def test_completing_lists_every_blank_mandatory_field_with_its_page(either: Any) -> None:
    either.begun().filled().saved("health", agencies=None)
    with pytest.raises(RefusedError) as refused:
        completing_sections.decide(either.pep, either.section("social_worker"))
    assert [each.field for each in refused.value.errors] == ["health.agencies"]
    assert codes(refused.value) == {"mandatory"}
    either.saved("health", agencies="None")
    [event] = completing_sections.decide(either.pep, either.section("social_worker"))
    assert isinstance(event, SectionCompleted)


def test_the_meetings_section_needs_the_meeting(birmingham: Any, northvale: Any) -> None:
    for story, key in ((birmingham, "meeting"), (northvale, "designated_teacher")):
        story.begun().filled()
        with pytest.raises(RefusedError) as refused:
            completing_sections.decide(story.pep, story.section(key))
        assert [(each.field, each.code) for each in refused.value.errors] == [
            ("pep_meeting", "meeting_confirmed")
        ]
        assert completing_sections.decide(story.met().pep, story.section(key))
    assert completing_sections.decide(birmingham.pep, birmingham.section("designated_teacher"))


def test_who_completes_what_d06_and_never_the_coordinator(either: Any) -> None:
    for section in completable(either.sections):
        wanted = "social_worker" if section.key == "social_worker" else "designated_teacher"
        alike = {wanted} | ({"designated_person"} if wanted == "designated_teacher" else set())
        allowed = table().allowed("section.complete", section.completed_by)
        assert allowed == alike
        lenient = (*section.completed_by, "coordinator")
        assert table().allowed("section.complete", lenient) == alike


def test_a_section_completes_once_and_some_never(birmingham: Any) -> None:
    birmingham.begun().filled().completed("social_worker")
    for key, code in (("social_worker", "already_complete"), ("parent_carer", "not_completable")):
        with pytest.raises(RefusedError) as refused:
            completing_sections.decide(birmingham.pep, birmingham.section(key))
        assert refused.value.code == code


def test_birmingham_is_signed_off_without_being_submitted_d05_d08(birmingham: Any) -> None:
    birmingham.begun().filled()
    with pytest.raises(RefusedError) as refused:
        signing_off.decide(birmingham.pep, birmingham.profile, birmingham.sections)
    assert codes(refused.value) == {"section_incomplete", "meeting_confirmed"}
    birmingham.met().completed()
    with pytest.raises(RefusedError) as refused:
        submitting.decide(birmingham.pep, birmingham.profile, birmingham.sections)
    assert refused.value.code == "not_needed"
    [event] = signing_off.decide(birmingham.pep, birmingham.profile, birmingham.sections)
    assert isinstance(event, PEPSignedOff)
    assert (event.next_pep_id, event.next_meeting_at) == (None, None)  # no gate here (D21)
    birmingham.next_set()
    [event] = signing_off.decide(birmingham.pep, birmingham.profile, birmingham.sections)
    assert isinstance(event, PEPSignedOff)
    assert event.next_pep_id == derived_id(birmingham.pep_id, "next")
    assert event.next_meeting_at == birmingham.pep.next_meeting.starts_at


def test_a_next_meeting_that_is_not_after_this_one_is_none(either: Any) -> None:
    """It was after this one when it was agreed; since then this one has been moved."""
    either.begun().filled().met().completed().next_set()
    assert unmet(either.pep, either.profile, either.sections) == ()
    either.scheduled(NEXT_AT)
    gated = "next_meeting_set" in either.profile.sign_off.gates
    found = unmet(either.pep, either.profile, either.sections)
    assert [each.code for each in found] == ["next_meeting_set"] * gated
    assert all("not after this one" in each.message for each in found)
    said = signing_off.signed_off(either.pep)
    assert (said.next_pep_id, said.next_meeting_at) == (None, None)


def test_northvale_is_submitted_with_all_gates_d21(northvale: Any) -> None:
    northvale.begun().filled().met().completed()
    with pytest.raises(RefusedError) as refused:
        submitting.decide(northvale.pep, northvale.profile, northvale.sections)
    assert codes(refused.value) == {"next_meeting_set"}
    northvale.next_set()
    [event] = submitting.decide(northvale.pep, northvale.profile, northvale.sections)
    assert isinstance(event, PEPSubmitted)
    northvale.given(event)
    with pytest.raises(RefusedError) as refused:
        signing_off.decide(northvale.pep, northvale.profile, northvale.sections)
    assert refused.value.code == "by_review"


def over(story: Any) -> Any:
    [event] = [signing_off.signed_off(story.pep)]
    return story.given(event)


@pytest.mark.parametrize("ending", ["submitted", "signed_off"])
def test_nothing_is_written_after_the_end(either: Any, ending: str) -> None:
    either.begun().met().filled()
    drafted = TargetDrafted(
        pep_id=either.pep_id, target_id=uuid4(), section="designated_teacher", target=target()
    )
    either.given(drafted)
    story = either.submitted() if ending == "submitted" else over(either)
    section = story.section("designated_teacher")
    attempts: list[Callable[[], Any]] = [
        lambda: save(story, "health", agencies="Late"),
        lambda: completing_sections.decide(story.pep, section),
        lambda: submitting.decide(story.pep, story.profile, story.sections),
        lambda: drafting_targets.decide(story.pep, section, uuid4(), form()),
        lambda: amending_targets.decide(story.pep, section, drafted.target_id, form()),
        lambda: submitting_targets.decide(story.pep, section, drafted.target_id),
        lambda: withdrawing_targets.decide(story.pep, section, drafted.target_id, "Late"),
    ]
    for attempt in attempts:
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert refused.value.code == ending


def test_a_returned_pep_may_be_changed_and_submitted_again(northvale: Any) -> None:
    northvale.begun().filled().met().next_set().completed().submitted()
    returned = PEPReturned(
        pep_id=northvale.pep_id,
        child_id=northvale.child_id,
        review_id=uuid4(),
        comment="Targets",
        rating_label="Inadequate",
    )
    northvale.given(returned)
    assert state_of(northvale.pep, northvale.sections) == "returned"
    assert save(northvale, "health", agencies="More")
    northvale.given(*submitting.decide(northvale.pep, northvale.profile, northvale.sections))
    assert state_of(northvale.pep, northvale.sections) == "submitted"
    assert northvale.pep.returned is None


def form(**more: Any) -> TargetForm:
    facts: dict[str, Any] = {
        "area": "reading",
        "statement": "Read every day",
        "success_measure": "Diary",
        "due_on": "2027-02-01",
    }
    return TargetForm(**(facts | more))


def target() -> Any:
    from epep_events.pep import Target

    return Target.model_validate(form().model_dump())


def with_draft(story: Any) -> tuple[Any, Any]:
    target_id = uuid4()
    section = story.section("designated_teacher")
    [event] = drafting_targets.decide(story.begun().pep, section, target_id, form())
    story.given(event)
    return target_id, section


def test_targets_are_agreed_at_the_meeting_b75(either: Any) -> None:
    target_id, section = with_draft(either)
    with pytest.raises(RefusedError) as refused:
        submitting_targets.decide(either.pep, section, target_id)
    assert refused.value.code == "meeting_confirmed"
    assert "meeting" in refused.value.detail
    [event] = submitting_targets.decide(either.met().pep, section, target_id)
    assert isinstance(event, TargetSubmitted)
    either.given(event)
    with pytest.raises(RefusedError) as refused:
        submitting_targets.decide(either.pep, section, target_id)
    assert refused.value.code == "already_submitted"


def test_an_agreed_target_that_is_amended_is_a_draft_again(either: Any) -> None:
    target_id, section = with_draft(either)
    either.met().given(*submitting_targets.decide(either.pep, section, target_id))
    assert amending_targets.decide(either.pep, section, target_id, form()) == []
    changed = form(statement="Read twice a day", due_on="2027-03-01")
    [event] = amending_targets.decide(either.pep, section, target_id, changed)
    assert isinstance(event, TargetAmended)
    assert [(each.label, each.old, each.new) for each in event.changes] == [
        ("Target", "Read every day", "Read twice a day"),
        ("Due", "2027-02-01", "2027-03-01"),
    ]
    assert either.given(event).pep.targets[target_id].status == "draft"


def test_a_withdrawn_target_stays_withdrawn(either: Any) -> None:
    target_id, section = with_draft(either)
    either.completed("designated_teacher")
    withdrawn, reopened = withdrawing_targets.decide(either.pep, section, target_id, "Moved school")
    assert isinstance(withdrawn, TargetWithdrawn)
    assert isinstance(reopened, SectionReopened)
    either.given(withdrawn)
    with pytest.raises(RefusedError) as refused:
        amending_targets.decide(either.pep, section, target_id, form(statement="Other"))
    assert refused.value.code == "withdrawn"
    with pytest.raises(NotFoundError):
        amending_targets.decide(either.pep, section, uuid4(), form())


def test_a_target_has_a_known_area_and_a_date_in_its_time(either: Any) -> None:
    section = either.begun().section("designated_teacher")
    bad = form(area="juggling", due_on=(TODAY - timedelta(days=1)).isoformat())
    with pytest.raises(InvalidError) as refused:
        drafting_targets.decide(either.pep, section, uuid4(), bad)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("area", "choice"),
        ("due_on", "range"),
    ]


def test_the_state_follows_the_facts(either: Any) -> None:
    steps = (either.begun, either.scheduled, either.met, either.completed, either.submitted)
    seen = [state_of(step().pep, either.sections) for step in steps]
    seen.append(state_of(over(either).pep, either.sections))
    assert seen == [
        "initiated",
        "meeting_scheduled",
        "meeting_confirmed",
        "sections_complete",
        "submitted",
        "signed_off",
    ]


def test_there_is_no_pep_before_it_begins() -> None:
    with pytest.raises(NotFoundError):
        _ = PEP().start
