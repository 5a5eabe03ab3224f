"""The way of one PEP, as far as its scene goes."""

from epep_demo.loading.arranging import answer_invitations, initiate, move_meeting
from epep_demo.loading.filling import draft_targets, fill_pages, hold_meeting
from epep_demo.loading.finishing import (
    complete_sections,
    heard_of_meeting,
    review,
    sign_off,
    signed_off_with_next,
    submit,
)
from epep_demo.loading.stage import Production

DECISIONS = {"in_review": None, "returned": "returned", "signed_off": "signed_off"}
MOVED = 4
"""One meeting in this many has been moved once."""


async def play(production: Production) -> None:
    """Make the PEP and bring it to its stage. Raises LoadError when a step is refused.

    Each step looks first whether it is done already, so that a load that stopped can go on.
    """
    stage = production.scene.stage
    await initiate(production)
    if stage == "initiated":
        return
    if not production.scene.held and production.scene.child.number % MOVED == 0:
        await _move_once(production)
    await answer_invitations(production)
    if stage == "answered":
        return
    if stage == "partly_written":
        await fill_pages(production, share=45)
        await draft_targets(production, submit=False)
        return
    await _hold(production)
    if stage == "meeting_held":
        if production.scene.child.number % 2:
            await complete_sections(production, "social_worker")
        return
    await complete_sections(production)
    await _after_completion(production)


async def _move_once(production: Production) -> None:
    document = await production.social_worker.arrived("pep", f"/peps/{production.pep_id}")
    planned = production.scene.day.isoformat()
    if str(document["meeting_at"] or planned).startswith(planned):
        await move_meeting(production)


async def _hold(production: Production) -> None:
    document = await production.social_worker.get("pep", f"/peps/{production.pep_id}")
    if document["state"] not in {"initiated", "meeting_scheduled", "meeting_confirmed"}:
        return
    await fill_pages(production, share=100 if production.scene.stage != "meeting_held" else 90)
    await draft_targets(production, submit=False)
    wants_next = "next_meeting_set" in production.profile.sign_off.gates
    always = production.scene.stage in {"signed_off", "audited"}
    await hold_meeting(
        production, set_next=wants_next or always or bool(production.scene.child.number % 3)
    )
    await heard_of_meeting(production)
    await draft_targets(production, submit=True)


async def _after_completion(production: Production) -> None:
    stage = production.scene.stage
    if production.profile.qa.mode == "before_sign_off":
        if stage == "sections_complete":
            return
        await submit(production)
        if stage != "submitted":
            await review(production, DECISIONS[stage])
    elif stage in {"signed_off", "audited"}:
        await sign_off(production)
    if stage in {"signed_off", "audited"}:
        await signed_off_with_next(production)
    if stage == "audited":
        await review(production, "feedback")
