"""The sign-off page: who has completed what, what is outstanding, who may do what next."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.readings import note_reading
from epep_events.profile import Section
from epep_runtime.http import Asking, running_of
from epep_runtime.language import _
from pep_service.peps.answers import By, by_of
from pep_service.peps.gates import gates_of, outstanding_of, unmet
from pep_service.peps.reading import Opened, open_pep, stamps_of
from pep_service.peps.signing_off import BY_REVIEW
from pep_service.peps.status import State, state_of
from pep_service.peps.submitting import is_needed
from pep_service.profiles.form import completable

router = APIRouter(tags=["sign-off"])


class MayComplete(BaseModel):
    """What the caller may do to a section."""

    complete: bool


class OutstandingField(BaseModel):
    """A blank mandatory field and the page it is on."""

    page: str
    page_title: str
    field: str
    label: str


class SectionLine(BaseModel):
    """A section that somebody marks complete."""

    key: str
    letter: str | None
    title: str
    party: str | None
    complete: bool
    completed: By | None
    may: MayComplete
    outstanding: list[OutstandingField]


class GateLine(BaseModel):
    """One thing that must be true before the end."""

    key: Literal["sections_complete", "meeting_confirmed", "next_meeting_set"]
    label: str
    met: bool


class Final(BaseModel):
    """The final sign-off: whose it is, and why not yet."""

    role_label: str
    may_sign: bool
    blocked_because: list[str]


class Submission(BaseModel):
    """Submitting to the virtual school, where the authority works like that."""

    needed: bool
    submitted: bool
    may_submit: bool
    blocked_because: list[str]


class SignOffPage(BaseModel):
    """Everything on the sign-off page."""

    version: int
    state: State
    sections: list[SectionLine]
    gates: list[GateLine]
    final: Final
    submission: Submission


def _section(opened: Opened, section: Section) -> SectionLine:
    pep = opened.pep
    complete = section.key in pep.completed
    may = opened.acting.may("section.complete", section.completed_by)
    may = may and pep.editable and not complete
    return SectionLine(
        key=section.key,
        letter=section.letter,
        title=section.title,
        party=section.party,
        complete=complete,
        completed=by_of(opened, stamps_of(opened.loaded.events).sections.get(section.key)),
        may=MayComplete(complete=may),
        outstanding=[
            OutstandingField(page=o.page, page_title=o.page_title, field=o.field, label=o.label)
            for o in outstanding_of(pep, section)
        ],
    )


def _blocked(opened: Opened) -> list[str]:
    """Why neither submission nor sign-off is possible yet; blank fields are listed elsewhere."""
    pep = opened.pep
    if pep.signed_off:
        return [_("This PEP has been signed off.")]
    errors = unmet(pep, opened.profile, opened.sections)
    return [each.message for each in errors if each.code != "mandatory"]


def _final(opened: Opened, blocked: list[str]) -> Final:
    rules = opened.profile.sign_off
    if is_needed(opened.profile) and not opened.pep.signed_off:
        submitted = opened.pep.submitted
        handed_in = _("It has been submitted.") if submitted else _("Not submitted yet.")
        blocked = [*blocked, f"{handed_in} {_(BY_REVIEW)}"]
    role_ok = opened.acting.may("pep.sign_off", (rules.final_role,))
    return Final(
        role_label=opened.role_label(rules.final_role),
        may_sign=role_ok and not blocked and opened.pep.editable,
        blocked_because=blocked,
    )


def _submission(opened: Opened, blocked: list[str]) -> Submission:
    pep, needed = opened.pep, is_needed(opened.profile)
    if not needed:
        return Submission(needed=False, submitted=False, may_submit=False, blocked_because=[])
    role_ok = opened.acting.may("pep.submit", opened.profile.sign_off.submits)
    return Submission(
        needed=True,
        submitted=pep.submitted or pep.signed_off is not None,
        may_submit=role_ok and pep.editable and not blocked,
        blocked_because=["It has been submitted."] if pep.submitted else blocked,
    )


def sign_off_page(opened: Opened) -> SignOffPage:
    """Return the sign-off page for the person who opened the PEP."""
    blocked = _blocked(opened)
    return SignOffPage(
        version=opened.version,
        state=state_of(opened.pep, opened.sections),
        sections=[_section(opened, each) for each in completable(opened.sections)],
        gates=[
            GateLine.model_validate({"key": gate.key, "label": gate.label, "met": gate.met})
            for gate in gates_of(opened.pep, opened.profile, opened.sections)
        ],
        final=_final(opened, blocked),
        submission=_submission(opened, blocked),
    )


@router.get(
    "/peps/{pep_id}/sign-off",
    summary="Read the sign-off page",
    response_model=SignOffPage,
)
async def read_sign_off(pep_id: UUID, asking: Asking, request: Request) -> JSONResponse:
    """Return completion per party, what is outstanding, the gates, and what the caller may do."""
    running = running_of(request)
    opened = await open_pep(running, asking, pep_id)
    opened.acting.must("sign_off.read")
    note_reading(running, asking, opened.acting, "sign_off.read")
    page = sign_off_page(opened)
    return JSONResponse(page.model_dump(mode="json"), headers={"ETag": f'"{opened.version}"'})
