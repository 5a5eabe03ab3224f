"""What the demo writes answers every question that must be answered, and never twice the same."""

import re
from collections import Counter
from datetime import date
from functools import lru_cache
from importlib.resources import files

import pytest
import yaml

from epep_demo.banks import profile_from
from epep_demo.children import Child, children_of
from epep_demo.days import is_working_day
from epep_demo.portraits import portrait_of
from epep_demo.scenes import HELD, scenes_for
from epep_demo.writing import page_applies, page_values, text_for
from epep_events.profile import AuthorityProfile, FormField

TODAY = date(2026, 11, 23)
NAMES = {"330": "330-birmingham.yaml", "998": "998-northvale.yaml"}


@pytest.fixture(params=["330", "998"])
def authority(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@lru_cache  # read only, and slow to read
def profile(authority: str) -> AuthorityProfile:
    path = files("pep_service").joinpath("profiles", "documents", NAMES[authority])
    return profile_from(yaml.safe_load(path.read_text("utf-8")))


def written(child: Child, form: AuthorityProfile) -> dict[str, dict[str, object]]:
    portrait = portrait_of(child, TODAY)
    variant = form.variants_by_year[str(child.year)]
    pages = {}
    for section in form.sections:
        for page in section.pages:
            fields = tuple(field for field in page.fields if variant in field.variants)
            shown = variant in page.variants and variant in section.variants
            if shown and page_applies(page, portrait):
                pages[page.key] = page_values(page, fields, portrait, TODAY, first_pep=False)
    return pages


def problem(field: FormField, value: object) -> str | None:
    match field.type:
        case "choice":
            fine = value in {c.value for c in field.choices}
        case "choices":
            fine = isinstance(value, list) and set(value) <= {c.value for c in field.choices}
        case "date":
            day = date.fromisoformat(str(value))
            fine = day <= TODAY if field.past else True
        case "integer" | "decimal":
            low, high = field.minimum or 0, field.maximum or 10**6
            fine = low <= float(str(value)) <= high
            fine = fine and isinstance(value, int if field.type == "integer" else str)
        case "yes_no":
            fine = value in {"yes", "no"}
        case "yes_no_detail":
            assert isinstance(value, dict)
            wants = value["answer"] == field.detail_when
            fine = bool(value["detail"]) == wants
        case _:
            fine = isinstance(value, str) and 0 < len(value) <= field.max_length
            fine = fine and not re.search(
                r"[{}]|  |\bNone\b(?!\.| known| apart| beyond| at)", str(value)
            )
    return None if fine else f"{field.key}: {value!r}"


def test_every_page_of_every_child_is_answered_well(authority: str) -> None:
    form = profile(authority)
    fields = {field.key: field for s in form.sections for page in s.pages for field in page.fields}
    problems = [
        found
        for child in children_of(authority, TODAY)
        for values in written(child, form).values()
        for key, value in values.items()
        if (found := problem(fields[key], value))
    ]
    assert problems == []


def test_no_two_children_read_the_same(authority: str) -> None:
    form = profile(authority)
    documents = [written(child, form) for child in children_of(authority, TODAY)]
    for page, key in (
        ("progress", "strengths"),
        ("progress", "barriers"),
        ("progress", "catch_up"),
    ):
        texts = Counter(str(document[page][key]) for document in documents)
        assert texts.most_common(1)[0][1] == 1, texts.most_common(1)
    talks = Counter(
        text_for("meeting.discussion", portrait_of(child, TODAY))
        for child in children_of(authority, TODAY)
    )
    assert max(talks.values()) == 1


def test_words_fit_the_child(authority: str) -> None:
    for child in children_of(authority, TODAY):
        portrait = portrait_of(child, TODAY)
        other = {"1": "she", "2": "he"}[child.sex]
        assert portrait.slots["he"] != other
        assert 2 <= len(portrait.themes) <= 3
        assert len({theme["key"] for theme in portrait.themes}) == len(portrait.themes)
        for theme in portrait.themes:
            assert "{" not in "".join(theme.values())


def test_a_section_that_is_filled_in_has_nothing_outstanding(authority: str) -> None:
    form = profile(authority)
    for child in children_of(authority, TODAY):
        pages = written(child, form)
        variant = form.variants_by_year[str(child.year)]
        for section in (s for s in form.sections if s.completed_by and variant in s.variants):
            for page in (p for p in section.pages if variant in p.variants):
                for field in page.fields:
                    if field.mandatory and variant in field.variants and page.key in pages:
                        assert field.key in pages[page.key]
                if page.key not in pages:
                    assert not any(f.mandatory for f in page.fields), page.key


def test_about_forty_peps_at_every_stage(authority: str) -> None:
    scenes = scenes_for(authority, children_of(authority, TODAY), TODAY)
    assert 38 <= len(scenes) <= 42
    assert len({scene.child.care_id for scene in scenes}) == len(scenes)
    assert all(scene.child.in_care for scene in scenes)
    alone = [scene.stage for scene in scenes if scene.child.setting is None]
    assert alone
    assert set(alone) == {"initiated"}
    stages = {scene.stage for scene in scenes}
    expected = HELD | {"initiated", "answered", "partly_written"}
    missing = {"330": {"submitted", "in_review", "returned"}, "998": {"audited"}}
    assert stages == expected - missing[authority]
    for scene in scenes:
        assert is_working_day(scene.day)
        assert 9 <= scene.at.hour < 16
        assert scene.held == (scene.day < TODAY)
        assert abs((scene.day - TODAY).days) <= 45
    assert {"initial", "review"} <= {scene.kind for scene in scenes}


def test_too_few_children_are_refused(authority: str) -> None:
    with pytest.raises(ValueError, match="fewer children"):
        scenes_for(authority, children_of(authority, TODAY, 12), TODAY)
