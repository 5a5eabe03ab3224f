"""Given a review's events, when a reviewer acts, then these events or this refusal."""

from collections.abc import Callable
from functools import reduce

import pytest
from qa_stories import GATING, SAMPLING

from epep_events.base import Event
from epep_events.profile import QualityAssurance
from epep_events.qa import AreaScored, QAPublished, QASelected, RatingGiven
from epep_runtime.ids import new_id
from epep_runtime.problems import InvalidError, NotFoundError, RefusedError
from qa_service.read_models.peps import PepUnderReview
from qa_service.reviews.opening import open_by_hand
from qa_service.reviews.publishing import Publish, publish
from qa_service.reviews.review import Review, evolve, review_id
from qa_service.reviews.scale import needs_comment, suggested_rating
from qa_service.reviews.scoring import (
    AreaOnPage,
    RatePEP,
    SavePage,
    ScoreArea,
    rate,
    save_page,
    score_area,
)
from qa_service.reviews.selecting import is_sampled, select

PEP, CHILD = new_id(), new_id()


def after(*events: Event) -> Review:
    return reduce(evolve, events, Review())


def selected(gates: bool = True) -> QASelected:
    (event,) = select(PEP, CHILD, 1, gates, "submitted" if gates else "sampled", Review())
    assert isinstance(event, QASelected)
    return event


def rated(rating: str, comment: str | None = None, qa: QualityAssurance = GATING) -> Event:
    (event,) = rate(after(selected()), qa, RatePEP(rating=rating, comment=comment))
    return event


def test_a_pep_is_taken_up_once_a_round() -> None:
    first = selected()
    assert (first.review_id, first.round) == (review_id(PEP, 1), 1)
    assert select(PEP, CHILD, 1, True, "submitted", after(first)) == []
    assert review_id(PEP, 2) != review_id(PEP, 1)


def test_targeted_kinds_are_always_sampled_and_the_draw_hits_about_one_in_n() -> None:
    assert is_sampled(SAMPLING, new_id(), "initial")
    assert not is_sampled(SAMPLING, new_id(), "review")
    fifth = SAMPLING.model_copy(update={"sample_every": 5})
    ids = [new_id() for _ in range(1000)]
    drawn = [each for each in ids if is_sampled(fifth, each, "review")]
    assert 130 < len(drawn) < 270
    assert drawn == [each for each in ids if is_sampled(fifth, each, "review")]


def test_scoring_an_area_keeps_the_old_level_s_label() -> None:
    (first,) = score_area(after(selected()), GATING, "voice", ScoreArea(level="good"))
    assert isinstance(first, AreaScored)
    assert (first.area_label, first.level_label, first.old_level_label) == ("Voice", "Good", None)
    again = ScoreArea(level="ri", comment="Old")
    (second,) = score_area(after(selected(), first), GATING, "voice", again)
    assert isinstance(second, AreaScored)
    assert (second.old_level_label, second.comment) == ("Good", "Old")
    assert score_area(after(selected(), first, second), GATING, "voice", again) == []


def test_unknown_areas_and_levels_are_refused() -> None:
    with pytest.raises(NotFoundError):
        score_area(after(selected()), GATING, "shoes", ScoreArea(level="good"))
    with pytest.raises(InvalidError) as refused:
        score_area(after(selected()), GATING, "voice", ScoreArea(level="green"))
    assert refused.value.errors[0].field == "level"


def test_rating_says_what_it_was_before() -> None:
    first = rated("good")
    (second,) = rate(after(selected(), first), GATING, RatePEP(rating="ri"))
    assert isinstance(second, RatingGiven)
    assert (second.old_rating_label, second.rating_label) == ("Good", "Requires Improvement")
    assert rate(after(selected(), first), GATING, RatePEP(rating="good")) == []


def test_a_page_is_saved_at_once_and_what_is_left_open_stays() -> None:
    page = SavePage(
        areas={"voice": AreaOnPage(level="good"), "targets": AreaOnPage()},
        rating="good",
        comment="Well done",
    )
    said = save_page(after(selected()), GATING, page)
    assert [type(each) for each in said] == [AreaScored, RatingGiven]
    assert save_page(after(selected(), *said), GATING, page) == []


def test_every_misfit_of_a_page_is_named() -> None:
    page = SavePage(
        areas={
            "shoes": AreaOnPage(level="good"),
            "voice": AreaOnPage(level="splendid"),
            "targets": AreaOnPage(comment="Vague"),
        },
        comment="Hm",
    )
    with pytest.raises(InvalidError) as refused:
        save_page(after(selected()), GATING, page)
    assert [each.field for each in refused.value.errors] == [
        "areas.shoes",
        "areas.voice.level",
        "areas.targets.level",
        "rating",
    ]


def test_publishing_gives_all_scores_in_the_scale_s_order() -> None:
    (late,) = score_area(after(selected()), GATING, "targets", ScoreArea(level="good"))
    (early,) = score_area(after(selected()), GATING, "voice", ScoreArea(level="ri", comment="Old"))
    state = after(selected(), late, early, rated("good"))
    (event,) = publish(state, GATING, Publish(decision="signed_off"))
    assert isinstance(event, QAPublished)
    assert [(each.area, each.level_label) for each in event.scores] == [
        ("voice", "Requires Improvement"),
        ("targets", "Good"),
    ]
    assert (event.rating_label, event.comment, event.decision) == ("Good", "", "signed_off")


def test_nothing_is_published_without_a_rating() -> None:
    with pytest.raises(RefusedError) as refused:
        publish(after(selected()), GATING, Publish(decision="signed_off"))
    assert (refused.value.errors[0].field, refused.value.code) == ("rating", "mandatory")


def test_an_inadequate_pep_can_only_be_returned() -> None:
    state = after(selected(), rated("inadequate", "No targets"))
    with pytest.raises(RefusedError) as refused:
        publish(state, GATING, Publish(decision="signed_off"))
    assert refused.value.code == "rating-returns"
    (event,) = publish(state, GATING, Publish(decision="returned"))
    assert isinstance(event, QAPublished)
    assert event.comment == "No targets"


@pytest.mark.parametrize(("rating", "decision"), [("ri", "signed_off"), ("good", "returned")])
def test_a_low_rating_and_a_return_need_a_comment(rating: str, decision: str) -> None:
    command = Publish.model_validate({"decision": decision})
    with pytest.raises(RefusedError) as refused:
        publish(after(selected(), rated(rating)), GATING, command)
    assert refused.value.errors[0].field == "comment"
    assert publish(after(selected(), rated(rating, "Because")), GATING, command)


@pytest.mark.parametrize(
    ("gates", "decision"), [(True, "feedback"), (False, "signed_off"), (False, "returned")]
)
def test_a_decision_must_fit_the_gate(gates: bool, decision: str) -> None:
    with pytest.raises(InvalidError) as refused:
        publish(
            after(selected(gates), rated("good", "Fine")),
            GATING,
            Publish.model_validate({"decision": decision}),
        )
    assert refused.value.errors[0].field == "decision"


def test_a_published_review_is_final() -> None:
    state = after(selected(), rated("good"))
    (published,) = publish(state, GATING, Publish(decision="signed_off"))
    final = evolve(state, published)
    acts: list[Callable[[], object]] = [
        lambda: score_area(final, GATING, "voice", ScoreArea(level="good")),
        lambda: rate(final, GATING, RatePEP(rating="ri")),
        lambda: save_page(final, GATING, SavePage()),
        lambda: publish(final, GATING, Publish(decision="returned")),
    ]
    for act in acts:
        with pytest.raises(RefusedError) as refused:
            act()
        assert refused.value.code == "published"


def test_what_is_below_good_needs_a_comment_on_every_scale() -> None:
    assert [level.key for level in GATING.scale if needs_comment(GATING, level.key)] == [
        "ri",
        "inadequate",
    ]
    assert [level.key for level in SAMPLING.scale if needs_comment(SAMPLING, level.key)] == [
        "amber",
        "red",
    ]


@pytest.mark.parametrize(
    ("levels", "suggested"),
    [
        ([], None),
        (["inadequate"], None),
        (["good", "good", "inadequate"], "good"),
        (["good", "ri", "ri"], "ri"),
        (["outstanding", "ri", "inadequate"], "ri"),
        (["outstanding", "outstanding", "gone"], "outstanding"),
    ],
)
def test_the_lowest_that_two_areas_reach_is_suggested(
    levels: list[str], suggested: str | None
) -> None:
    assert suggested_rating(GATING, levels) == suggested


def test_an_audit_is_opened_by_hand_only_after_sign_off_and_once() -> None:
    done = PepUnderReview(PEP, CHILD, "signed_off", SAMPLING)
    (event,) = open_by_hand(Review(), done, 1)
    assert isinstance(event, QASelected)
    assert (event.because, event.gates_sign_off) == ("chosen", False)
    cases = [
        (after(event), done, "under-review"),
        (Review(), PepUnderReview(PEP, CHILD, "submitted", SAMPLING), "not-signed-off"),
        (Review(), PepUnderReview(PEP, CHILD, "signed_off", GATING), "gated"),
    ]
    for state, pep, code in cases:
        with pytest.raises(RefusedError) as refused:
            open_by_hand(state, pep, 1)
        assert refused.value.code == code
