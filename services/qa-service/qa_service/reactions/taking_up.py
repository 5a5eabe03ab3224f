"""Taking PEPs up for review, as their profile says (D08)."""

from functools import partial
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.pep import PEPSignedOff, PEPSubmitted
from epep_events.profile import QualityAssurance
from epep_runtime.subscriptions import Reaction, Reactor
from qa_service.read_models.profiles import quality_assurance
from qa_service.reviews.review import REVIEW, review_id
from qa_service.reviews.selecting import Because, is_sampled, select


class ProfileNotKnownYetError(Exception):
    """The profile has been published but has not come this far: the event is tried again."""


async def _qa(reaction: Reaction, version: int) -> QualityAssurance:
    found = await quality_assurance(reaction.connection, reaction.meta.authority, version)
    if found is None:
        raise ProfileNotKnownYetError(f"{reaction.meta.authority} version {version}")
    return found


async def review_submitted(reaction: Reaction, event: PEPSubmitted, _: Metadata) -> None:
    """Review every submitted PEP where the virtual school stands at the gate (S603)."""
    qa = await _qa(reaction, event.profile_version)
    if qa.mode == "before_sign_off":
        await _next_round(reaction, event.pep_id, event.child_id, True, "submitted")


async def audit_sample(reaction: Reaction, event: PEPSignedOff, _: Metadata) -> None:
    """Audit a sample where quality is judged after sign-off (B107)."""
    qa = await _qa(reaction, event.profile_version)
    if qa.mode == "after_sign_off" and is_sampled(qa, event.pep_id, event.kind):
        await _next_round(reaction, event.pep_id, event.child_id, False, "sampled")


async def _next_round(
    reaction: Reaction, pep_id: UUID, child_id: UUID, gates: bool, because: Because
) -> None:
    """Open the first round that does not exist; none if the newest is still open.

    Trying rounds in turn appends at most once, since an existing review decides nothing.
    """
    number = 1
    while True:
        before = await reaction.append(
            REVIEW,
            review_id(pep_id, number),
            partial(select, pep_id, child_id, number, gates, because),
        )
        if before.state.state != "published":
            return
        number += 1


TAKING_UP = Reactor(
    name="taking_up",
    contexts=("pep",),
    handles={PEPSubmitted: review_submitted, PEPSignedOff: audit_sample},
)
