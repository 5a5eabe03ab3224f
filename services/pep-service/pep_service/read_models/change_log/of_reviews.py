"""What each event of qa-service says in the change log. Pure, one function an event."""

from epep_events.envelope import Metadata
from epep_events.qa import AreaScored, QAPublished, QASelected, RatingGiven
from pep_service.read_models.change_log.row import REVIEW, Row, change, given

BECAUSE = {
    "submitted": "it was submitted",
    "sampled": "it is in the sample",
    "chosen": "the virtual school chose it",
}
DECISIONS = {
    "signed_off": "signed off",
    "returned": "returned for more work",
    "feedback": "feedback",
}


def qa_selected(event: QASelected, _: Metadata) -> Row:
    """The virtual school takes the PEP up for review."""
    what = f"Quality review opened because {BECAUSE[event.because]}"
    return Row(REVIEW, what, event.child_id, event.pep_id)


def area_scored(event: AreaScored, _: Metadata) -> Row:
    """One area got a level; authors see it once the review is published."""
    changes = given(
        change("level", event.area_label, event.old_level_label, event.level_label),
        change("comment", "Comment", None, event.comment),
    )
    return Row(REVIEW, f"{event.area_label} scored", pep_id=event.pep_id, changes=changes)


def rating_given(event: RatingGiven, _: Metadata) -> Row:
    """The overall rating was chosen; authors see it once the review is published."""
    changes = given(
        change("rating", "Rating", event.old_rating_label, event.rating_label),
        change("comment", "Comment", None, event.comment),
    )
    return Row(REVIEW, "Rating given", pep_id=event.pep_id, changes=changes)


def qa_published(event: QAPublished, _: Metadata) -> Row:
    """The result was given to the authors."""
    changes = given(
        change("rating", "Rating", None, event.rating_label),
        change("comment", "Comment", None, event.comment),
        *(
            change(score.area, score.area_label, None, _score(score.level_label, score.comment))
            for score in event.scores
        ),
    )
    what = f"Quality review published: {DECISIONS[event.decision]}"
    return Row(REVIEW, what, event.child_id, event.pep_id, changes)


def _score(level: str, comment: str | None) -> str:
    return f"{level}: {comment}" if comment else level
