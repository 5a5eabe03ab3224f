"""Mark Complete: a party says that its section is done (S19, S20, S84, B88, B89)."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_events.base import Event
from epep_events.pep import SectionCompleted
from epep_events.profile import Section
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _, ngettext
from epep_runtime.problems import FieldError, RefusedError
from epep_runtime.text import Command, example
from pep_service.peps.answers import Changed, Key
from pep_service.peps.gates import NO_MEETING, outstanding_of
from pep_service.peps.pep import PEP, PEPS, refuse_unless_editable
from pep_service.peps.reading import open_pep
from pep_service.profiles.form import find_section

router = APIRouter(tags=["sign-off"])


class CompleteSection(Command):
    """Nothing needs saying beyond which section; the body is an empty object."""

    model_config = example()


def refuse_unless_completable(pep: PEP, section: Section) -> None:
    """Raise RefusedError with everything that is outstanding in the section."""
    if section.key in pep.completed:
        raise RefusedError(_("This section is already marked complete."), "already_complete")
    errors = [each.error() for each in outstanding_of(pep, section)]
    if section.needs_meeting and not pep.meeting_confirmed:
        where = next((page.key for page in section.pages if page.kind == "meeting"), section.key)
        errors.insert(0, FieldError(where, _(NO_MEETING), "meeting_confirmed"))
    if errors:
        raise RefusedError(
            ngettext(
                "%(title)s can't be marked complete yet: %(num)s thing to do first.",
                "%(title)s can't be marked complete yet: %(num)s things to do first.",
                len(errors),
                title=section.title,
            ),
            "outstanding",
            errors,
        )


def decide(pep: PEP, section: Section) -> list[Event]:
    """Return `SectionCompleted`.

    Raises RefusedError: not editable, no such completion, already complete, or something of the
    section is outstanding (every blank mandatory field is listed, S84).
    """
    refuse_unless_editable(pep)
    if not section.completed_by:
        raise RefusedError(_("Nobody marks this section complete."), "not_completable")
    refuse_unless_completable(pep, section)
    start = pep.start
    return [
        SectionCompleted(
            pep_id=start.pep_id,
            child_id=start.child_id,
            section=section.key,
            section_title=section.title,
        )
    ]


@router.post(
    "/peps/{pep_id}/sections/{section}/completion",
    summary="Mark a section complete",
    responses={200: {"model": Changed}, **CHANGE_RESPONSES},
)
async def complete_section(
    pep_id: UUID,
    section: Key,
    command: CompleteSection,  # noqa: ARG001
    change: Changing,
    request: Request,
) -> JSONResponse:
    """Mark a section complete; only for the roles that its profile names, never the coordinator.

    A refusal (409) lists each blank mandatory field as `<page>.<field>`.
    """
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    found = find_section(opened.sections, section)
    role = (
        opened.acting.must("section.complete", found.completed_by)
        if found.completed_by
        else opened.acting.role
    )
    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        lambda pep: decide(pep, found),
        role=role,
        authority=opened.acting.authority,
        answer=lambda _, version: Answer({"version": version}),
    )
