"""Handing a finished PEP to the virtual school, where it judges before sign-off (S21, S88)."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import PEPSubmitted
from epep_events.profile import AuthorityProfile, Section
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from epep_runtime.text import Command, example
from pep_service.peps.answers import Changed
from pep_service.peps.gates import unmet
from pep_service.peps.pep import PEP, PEPS, refuse_unless_editable
from pep_service.peps.reading import open_pep

router = APIRouter(tags=["sign-off"])


class Submit(Command):
    """Nothing needs saying; the body is an empty object."""

    model_config = example()


def is_needed(profile: AuthorityProfile) -> bool:
    """Tell whether this authority's PEPs are submitted before they are signed off (D08)."""
    return profile.qa.mode == "before_sign_off"


def decide(pep: PEP, profile: AuthorityProfile, sections: tuple[Section, ...]) -> list[Event]:
    """Return `PEPSubmitted`.

    Raises RefusedError: not editable, not how this authority works, or gates unmet.
    """
    refuse_unless_editable(pep)
    if not is_needed(profile):
        raise RefusedError(
            _("This authority's PEPs are signed off without being submitted."), "not_needed"
        )
    errors = unmet(pep, profile, sections)
    if errors:
        raise RefusedError(_("The PEP can't be submitted yet."), "gates", errors)
    start = pep.start
    return [
        PEPSubmitted(
            pep_id=start.pep_id, child_id=start.child_id, profile_version=start.profile_version
        )
    ]


@router.post(
    "/peps/{pep_id}/submission",
    summary="Submit a PEP to the virtual school",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def submit(
    pep_id: UUID,
    command: Submit,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Submit for quality assurance; after it nobody may change the PEP unless it is returned."""
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    submits = opened.profile.sign_off.submits
    # Where nobody submits, those who sign off are told so; the others may not anyway.
    role = opened.acting.must("pep.submit", submits or (opened.profile.sign_off.final_role,))
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, opened.profile, opened.sections),
        role=role,
        authority=opened.acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )
