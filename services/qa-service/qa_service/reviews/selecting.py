"""Which PEPs are reviewed: all that are submitted to the gate, or a sample of those signed off."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from epep_events.base import Event
from epep_events.profile import QualityAssurance
from epep_events.qa import QASelected
from epep_runtime.ids import derived_id
from qa_service.reviews.review import Review, review_id

Because = Literal["submitted", "sampled", "chosen"]


def is_sampled(qa: QualityAssurance, pep_id: UUID, kind: str) -> bool:
    """Tell whether a signed-off PEP is audited: its kind is targeted (B107), or the draw hits it.

    The draw hits one PEP in `sample_every`. It follows from the PEP's id alone, so that it is the
    same on every machine and nobody can influence it.
    """
    if kind in qa.sample_kinds:
        return True
    return qa.sample_every > 0 and derived_id("sample", pep_id).int % qa.sample_every == 0


def select(
    pep_id: UUID, child_id: UUID, number: int, gates: bool, because: Because, state: Review
) -> Sequence[Event]:
    """Take the PEP up for its n-th review; nothing if that was done before."""
    if state.state != "none":
        return []
    return [
        QASelected(
            review_id=review_id(pep_id, number),
            pep_id=pep_id,
            child_id=child_id,
            round=number,
            gates_sign_off=gates,
            because=because,
        )
    ]
