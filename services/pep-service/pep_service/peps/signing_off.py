"""The final sign-off by the role that the profile names (B90, S92, D05)."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import PEPSignedOff
from epep_events.profile import AuthorityProfile, Section
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.ids import derived_id
from epep_runtime.language import N_, _
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, example
from pep_service.peps.answers import Changed
from pep_service.peps.gates import unmet
from pep_service.peps.pep import PEP, PEPS, refuse_unless_editable
from pep_service.peps.reading import open_pep

router = APIRouter(tags=["sign-off"])

BY_REVIEW = N_(
    "It is signed off by publishing its quality review with the decision to sign it off."
)


class SignOffPEP(Command):
    """Nothing needs saying; the body is an empty object."""

    model_config = example()


def signed_off(pep: PEP, rating_label: str | None = None) -> PEPSignedOff:
    """Return the sign-off of this PEP, with the id that the next term's PEP will have (B91, S91).

    That id follows from this PEP's, so that it is generated once however often it is asked for.
    Where no next meeting was agreed (D21: it is no gate everywhere) there is no PEP to generate
    "for the date set" (B:105), and the next one is created by hand.
    """
    start, agreed = pep.start, pep.agreed_next
    return PEPSignedOff(
        pep_id=start.pep_id,
        child_id=start.child_id,
        kind=start.kind,
        profile_version=start.profile_version,
        next_pep_id=derived_id(start.pep_id, "next") if agreed else None,
        next_meeting_at=agreed.starts_at if agreed else None,
        rating_label=rating_label,
    )


def decide(pep: PEP, profile: AuthorityProfile, sections: tuple[Section, ...]) -> list[Event]:
    """Return `PEPSignedOff`.

    Raises RefusedError: not editable, signed off through its review instead, or gates unmet.
    """
    if profile.qa.mode == "before_sign_off":
        raise RefusedError(_(BY_REVIEW), "by_review")
    refuse_unless_editable(pep)
    errors = unmet(pep, profile, sections)
    if errors:
        raise RefusedError(_("The PEP can't be signed off yet."), "gates", errors)
    return [signed_off(pep)]


@router.post(
    "/peps/{pep_id}/sign-off",
    summary="Sign a PEP off",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def sign_off(
    pep_id: UUID,
    command: SignOffPEP,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Sign the PEP off for good; the next term's PEP follows by itself."""
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    role = opened.acting.must("pep.sign_off", (opened.profile.sign_off.final_role,))
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, opened.profile, opened.sections),
        role=role,
        authority=opened.acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )
