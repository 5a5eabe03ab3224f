"""What each event of qa-service says in the change log. Pure, one function an event."""

from epep_events.envelope import Metadata
from epep_events.qa import AreaScored, QAPublished, QASelected, RatingGiven
from epep_runtime.language import N_
from pep_service.read_models.change_log.row import REVIEW, Row, change, given, said

BECAUSE = {
    "submitted": N_("Quality review opened because it was submitted"),
    "sampled": N_("Quality review opened because it is in the sample"),
    "chosen": N_("Quality review opened because the virtual school chose it"),
}
DECISIONS = {
    "signed_off": N_("Quality review published: signed off"),
    "returned": N_("Quality review published: returned for more work"),
    "feedback": N_("Quality review published: feedback"),
}


def qa_selected(event: QASelected, _: Metadata) -> Row:
    """The virtual school takes the PEP up for review."""
    return Row(REVIEW, BECAUSE[event.because], event.child_id, event.pep_id)


def area_scored(event: AreaScored, _: Metadata) -> Row:
    """One area got a level; authors see it once the review is published."""
    changes = given(
        change("level", event.area_label, event.old_level_label, event.level_label),
        change("comment", N_("Comment"), None, event.comment),
    )
    what = said(N_("%(area)s scored"), area=event.area_label)
    return Row(REVIEW, what, pep_id=event.pep_id, changes=changes)


def rating_given(event: RatingGiven, _: Metadata) -> Row:
    """The overall rating was chosen; authors see it once the review is published."""
    changes = given(
        change("rating", N_("Rating"), event.old_rating_label, event.rating_label),
        change("comment", N_("Comment"), None, event.comment),
    )
    return Row(REVIEW, N_("Rating given"), pep_id=event.pep_id, changes=changes)


def qa_published(event: QAPublished, _: Metadata) -> Row:
    """The result was given to the authors."""
    changes = given(
        change("rating", N_("Rating"), None, event.rating_label),
        change("comment", N_("Comment"), None, event.comment),
        *(
            change(score.area, score.area_label, None, _score(score.level_label, score.comment))
            for score in event.scores
        ),
    )
    return Row(REVIEW, DECISIONS[event.decision], event.child_id, event.pep_id, changes)


def _score(level: str, comment: str | None) -> str:
    return f"{level}: {comment}" if comment else level
