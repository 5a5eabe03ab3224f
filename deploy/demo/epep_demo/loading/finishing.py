"""Completing sections, submitting, judging quality, signing off."""

from typing import Any

from epep_demo.choosing import number, pick
from epep_demo.loading.stage import Production
from epep_demo.loading.waiting import eventually
from epep_demo.writing import text_for


async def complete_sections(production: Production, *roles: str) -> None:
    """Mark complete each section that one of `roles` completes (all without `roles`).

    With `roles`, a section in which something is outstanding stays as it is.
    """
    path = f"/peps/{production.pep_id}/sign-off"
    await heard_of_meeting(production)
    completed = {section.key: section.completed_by for section in production.profile.sections}
    page = await production.social_worker.get("pep", path)
    version: int = page["version"]
    for section in page["sections"]:
        by = tuple(r for r in completed[section["key"]] if not roles or r in roles)
        waits = section["complete"] or (roles and section["outstanding"])
        if by and not waits:
            ready = f"/peps/{production.pep_id}/sections/{section['key']}/completion"
            done = await production.one_of(by).change(
                "POST", "pep", ready, {}, seen_at=path, version=version
            )
            version = done["version"]


async def heard_of_meeting(production: Production) -> None:
    """Wait until pep-service knows that the meeting has taken place."""
    await _gate(production, "meeting_confirmed")


async def _gate(production: Production, key: str) -> None:
    """Wait until pep-service knows what happened in the meeting, where it asks for that."""

    async def met() -> bool | None:
        page = await production.social_worker.get("pep", f"/peps/{production.pep_id}/sign-off")
        return True if all(g["met"] for g in page["gates"] if g["key"] == key) else None

    await eventually(f"pep-service did not hear of {key}", met)


async def submit(production: Production) -> None:
    """Hand the PEP in to the virtual school, once: one that came back stays with its authors."""
    await _gate(production, "next_meeting_set")
    page = await production.social_worker.get("pep", f"/peps/{production.pep_id}/sign-off")
    if page["submission"]["submitted"] or page["state"] == "returned":
        return
    path = f"/peps/{production.pep_id}"
    submitter = production.one_of(production.profile.sign_off.submits)
    await submitter.change("POST", "pep", f"{path}/submission", {}, seen_at=f"{path}/sign-off")


async def sign_off(production: Production) -> None:
    """Sign the PEP off finally where a person presses the button (Birmingham, B90)."""
    path = f"/peps/{production.pep_id}"
    if (await production.social_worker.get("pep", path))["signed_off"]:
        return
    signer = production.one_of((production.profile.sign_off.final_role,))
    await signer.change("POST", "pep", f"{path}/sign-off", {}, seen_at=f"{path}/sign-off")


async def review(production: Production, decision: str | None) -> None:
    """Score the PEP for quality and publish with `decision`; None leaves it half scored."""
    path = f"/peps/{production.pep_id}/review"
    found = await production.virtual_school.arrived("qa", path)
    if not found["review_id"]:
        await production.virtual_school.change("POST", "qa", path, {})
        found = await production.virtual_school.get("qa", path)
    if found["state"] == "published":
        return
    target = f"/reviews/{found['review_id']}"
    scores = _scores(production, found, decision)
    await production.virtual_school.change("PUT", "qa", target, scores, seen_at=path)
    if decision:
        said = {"decision": decision}
        await production.virtual_school.change(
            "POST", "qa", f"{target}/publication", said, seen_at=path
        )


def _scores(production: Production, found: dict[str, Any], decision: str | None) -> dict[str, Any]:
    """Return a level and a comment for each area; a returned PEP gets the level that returns."""
    levels = [level["key"] for level in found["scale"]]
    returning = [level["key"] for level in found["scale"] if level["returns"]]
    areas = found["areas"] if decision else found["areas"][:4]
    scored = {}
    for area in areas:
        best = number(0, 9, *production.key, area["key"], "qa") < (
            3 if decision == "returned" else 8
        )
        level = levels[number(0, 1, *production.key, area["key"])] if best else levels[2]
        comment = text_for(f"qa.{'good' if best else 'weak'}", production.portrait, area["key"])
        scored[area["key"]] = {"level": level, "comment": comment}
    if decision is None:
        return {"areas": scored, "rating": None, "comment": None}
    rating = pick(levels[:2], *production.key, "rating")
    if decision == "returned" and returning:
        rating = returning[0]
    tone = "weak" if decision == "returned" else "good"
    return {
        "areas": scored,
        "rating": rating,
        "comment": text_for(f"qa.overall_{tone}", production.portrait),
    }


async def signed_off_with_next(production: Production) -> None:
    """Wait until the PEP is signed off and the next term's has begun (B91, S91)."""

    async def begun() -> bool | None:
        document = await production.social_worker.get("pep", f"/peps/{production.pep_id}")
        following = document["next_pep_id"]
        if not document["signed_off"] or not following:
            return None
        return True if await production.social_worker.find("pep", f"/peps/{following}") else None

    await eventually("the next term's PEP did not begin", begun)
