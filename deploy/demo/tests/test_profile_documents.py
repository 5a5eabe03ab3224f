"""The two authorities that ship differ only by these documents (domain rows D01-D30)."""

from functools import lru_cache
from importlib.resources import files

import pytest
import yaml

from epep_events.profile import AuthorityProfile, Page, Period, Section, Variant


@lru_cache  # frozen, and slow to read
def load(name: str) -> AuthorityProfile:
    document = files("pep_service").joinpath("profiles", "documents", name)
    return AuthorityProfile.model_validate(yaml.safe_load(document.read_text("utf-8")))


@pytest.fixture(scope="module")
def birmingham() -> AuthorityProfile:
    return load("330-birmingham.yaml")


@pytest.fixture(scope="module")
def northvale() -> AuthorityProfile:
    return load("998-northvale.yaml")


@pytest.fixture(params=["330-birmingham.yaml", "998-northvale.yaml"])
def either(request: pytest.FixtureRequest) -> AuthorityProfile:
    return load(request.param)


def section(profile: AuthorityProfile, key: str) -> Section:
    return next(each for each in profile.sections if each.key == key)


def home_of(profile: AuthorityProfile, kind: str) -> list[tuple[str | None, Page]]:
    return [(s.letter, page) for s in profile.sections for page in s.pages if page.kind == kind]


def letters(profile: AuthorityProfile, variant: Variant) -> dict[str, str | None]:
    return {s.key: s.letter for s in profile.sections if variant in s.variants}


def test_section_letters_differ_d01(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    assert letters(birmingham, "school_age") == {
        "social_worker": "A",
        "childs_views": "B",
        "designated_teacher": "C",
        "parent_carer": "D",
        "meeting": "E",
        "virtual_school": None,
    }
    assert letters(northvale, "school_age") == {
        "social_worker": "A",
        "designated_teacher": "B",
        "young_persons_views": "C",
        "virtual_school": "D",
    }
    assert section(northvale, "virtual_school").title == "Virtual School QA and Sign Off"


def test_meeting_and_targets_live_in_different_sections_d02_d03(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    where = {
        profile.code: (home_of(profile, "meeting")[0][0], home_of(profile, "targets")[0][0])
        for profile in (birmingham, northvale)
    }
    assert where == {"330": ("E", "C"), "998": ("B", "B")}


def test_extra_pages_and_sign_off_titles_d04(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    signing = [
        [(letter, page.title) for letter, page in home_of(p, "sign_off")]
        for p in (birmingham, northvale)
    ]
    assert signing == [
        [("E", "PEP-Sign Off")],
        [("B", "Designated Teacher Sign Off Page"), ("D", "Final PEP sign off")],
    ]
    assert section(birmingham, "parent_carer").completed_by == ()
    assert "vs_interventions" in {page.key for page in section(birmingham, "virtual_school").pages}


def test_final_sign_off_d05(birmingham: AuthorityProfile, northvale: AuthorityProfile) -> None:
    assert birmingham.sign_off.final_role == "designated_teacher"
    assert birmingham.sign_off.submits == ()
    assert northvale.sign_off.final_role == "virtual_school"
    assert northvale.sign_off.submits == ("designated_teacher",)


def test_who_marks_what_complete_d06(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    sw, dt = ("social_worker",), ("designated_teacher",)
    assert {s.key: s.completed_by for s in birmingham.sections if s.completed_by} == {
        "social_worker": sw,
        "childs_views": dt,
        "designated_teacher": dt,
        "meeting": dt,
    }
    assert {s.key: s.completed_by for s in northvale.sections if s.completed_by} == {
        "social_worker": sw,
        "designated_teacher": dt,
        "young_persons_views": dt,
    }
    assert section(birmingham, "meeting").needs_meeting


def test_quality_is_judged_before_or_after_sign_off_d08_d09(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    assert birmingham.qa.mode == "after_sign_off"
    assert [level.label for level in birmingham.qa.scale] == ["Green", "Amber", "Red"]
    assert not any(level.returns for level in birmingham.qa.scale)
    assert birmingham.qa.sample_every > 0
    assert northvale.qa.mode == "before_sign_off"
    assert [(level.label, level.returns) for level in northvale.qa.scale] == [
        ("Outstanding", False),
        ("Good", False),
        ("Requires Improvement", False),
        ("Inadequate", True),
    ]


def test_deadlines_d10_d11_d12(birmingham: AuthorityProfile, northvale: AuthorityProfile) -> None:
    assert birmingham.deadlines.initiate == Period(n=10, unit="working_days")
    assert birmingham.deadlines.first_review == Period(n=20, unit="working_days")
    assert birmingham.deadlines.complete_after_meeting is None
    assert northvale.deadlines.initiate == Period(n=10, unit="calendar_days")
    assert northvale.deadlines.first_review == Period(n=28, unit="calendar_days")
    assert northvale.deadlines.complete_after_meeting == Period(n=7, unit="calendar_days")


def test_who_creates_a_pep_d16(birmingham: AuthorityProfile, northvale: AuthorityProfile) -> None:
    assert birmingham.permissions.create_pep == ("virtual_school",)
    assert northvale.permissions.create_pep == ("social_worker",)


def test_next_meeting_is_a_gate_only_in_northvale_d21(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    assert birmingham.sign_off.gates == ("sections_complete", "meeting_confirmed")
    assert set(northvale.sign_off.gates) == {
        "sections_complete",
        "meeting_confirmed",
        "next_meeting_set",
    }


def test_mandatory_on_save_d22(birmingham: AuthorityProfile, northvale: AuthorityProfile) -> None:
    assert (birmingham.mandatory_on_save, northvale.mandatory_on_save) == ("prompt", "block")


def test_each_speaks_its_own_words_d30(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    assert birmingham.labels["child_short"] == "CIC"
    assert northvale.labels["child_short"] == "LAC"
    assert "Designated Person" in northvale.labels["designated_teacher"]
    assert birmingham.labels["virtual_school_short"] == "BVS"
    assert set(birmingham.labels) == set(northvale.labels)


def test_early_years_has_no_section_c_in_northvale(
    birmingham: AuthorityProfile, northvale: AuthorityProfile
) -> None:
    assert "young_persons_views" not in letters(northvale, "early_years")
    assert "young_persons_views" in letters(northvale, "post_16")
    assert "childs_views" in letters(birmingham, "early_years")


def test_the_coordinator_writes_but_never_completes_or_signs(either: AuthorityProfile) -> None:
    assert either.sign_off.final_role != "coordinator"
    assert "coordinator" not in either.sign_off.submits
    assert not [s.key for s in either.sections if "coordinator" in s.completed_by]
    pages = {page.key: page for s in either.sections for page in s.pages}
    for key in ("attendance", "targets", "pep_meeting"):
        assert "coordinator" in pages[key].write
    assert not [p.key for p in pages.values() if p.kind == "sign_off" and "coordinator" in p.write]


def test_others_may_write_the_carers_page_for_the_carer(either: AuthorityProfile) -> None:
    pages = {page.key: page for s in either.sections for page in s.pages}
    assert set(pages["carer_views"].write) == {"carer", "designated_teacher", "social_worker"}


def test_every_section_with_forms_has_two_and_every_form_asks_something(
    either: AuthorityProfile,
) -> None:
    for each in either.sections:
        forms = [page for page in each.pages if page.kind == "form"]
        assert len(forms) != 1, each.key
        for page in forms:
            assert page.fields, page.key
            assert any(set(page.variants) & set(field.variants) for field in page.fields)


def test_keys_are_unique_and_closed_questions_have_answers(either: AuthorityProfile) -> None:
    pages = [page for each in either.sections for page in each.pages]
    assert len({page.key for page in pages}) == len(pages)
    for page in pages:
        assert len({field.key for field in page.fields}) == len(page.fields), page.key
        for field in page.fields:
            closed = field.type in {"choice", "choices"}
            assert closed == bool(field.choices), field.key
            values = [choice.value for choice in field.choices]
            assert all(isinstance(value, str) for value in values)
            assert len(set(values)) == len(values), field.key


def test_every_level_of_quality_is_described(either: AuthorityProfile) -> None:
    levels = {level.key for level in either.qa.scale}
    assert len(either.qa.areas) >= 10
    for area in either.qa.areas:
        assert set(area.descriptors) == levels, area.key


def test_every_year_from_nursery_to_year_14_has_a_variant(either: AuthorityProfile) -> None:
    assert set(either.variants_by_year) == {str(year) for year in range(-3, 15)}


def test_nobody_real_is_reachable_through_a_profile(either: AuthorityProfile) -> None:
    assert either.contact_email.endswith(".example")
