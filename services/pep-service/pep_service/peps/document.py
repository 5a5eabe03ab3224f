"""The PEP document: its head, its left navigation with each page's status, what it links to."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from epep_access.readings import note_reading
from epep_events.profile import Page, Section, Variant
from epep_runtime.http import Asking, running_of
from epep_runtime.language import _
from pep_service.children.child import CHILD
from pep_service.children.school_year import year_group_label
from pep_service.peps.answers import By, by_of
from pep_service.peps.cards import colour_of
from pep_service.peps.page_view import MayWrite, may_read, may_write
from pep_service.peps.reading import Opened, Stamps, open_pep, stamps_of
from pep_service.peps.sign_off_view import MayComplete
from pep_service.peps.status import STATE_LABELS, State, is_overdue, state_of
from pep_service.peps.values import missing_fields
from pep_service.profiles.form import page_of_kind

router = APIRouter(tags=["peps"])
PageStatus = Literal["not_started", "in_progress", "done"]


class ChildHead(BaseModel):
    """Whose PEP it is."""

    child_id: UUID
    name: str
    initials: str


class AuthorityHead(BaseModel):
    """The authority that is the corporate parent."""

    code: str
    name: str


class SignedOff(BaseModel):
    """The final sign-off: when, by whom, in which role."""

    at: datetime
    by: str
    role_label: str


class Quality(BaseModel):
    """The virtual school's published judgement."""

    decision: Literal["signed_off", "returned", "feedback"]
    rating_label: str
    rating_colour: str | None
    comment: str


class PageLine(BaseModel):
    """A page in the navigation. `missing` counts blank mandatory fields."""

    key: str
    title: str
    kind: Literal["form", "targets", "meeting", "sign_off", "qa"]
    may: MayWrite
    status: PageStatus
    missing: int


class SectionLine(BaseModel):
    """A section in the navigation; `completable` tells whether anybody marks it complete."""

    key: str
    letter: str | None
    title: str
    party: str | None
    complete: bool
    completed: By | None
    completable: bool
    may: MayComplete
    pages: list[PageLine]


class Document(BaseModel):
    """A PEP as its first page shows it; `*_page` are keys of the pages of that kind."""

    pep_id: UUID
    version: int
    child: ChildHead
    authority: AuthorityHead
    labels: Mapping[str, str]
    profile_version: int
    kind_label: str
    variant: Variant
    key_stage: str
    year_group_label: str
    state: State
    state_label: str
    initiated_on: date
    completion_due: date | None
    overdue: bool
    meeting_at: datetime | None
    next_meeting_at: datetime | None
    signed_off: SignedOff | None
    qa: Quality | None
    returned_comment: str | None
    previous_pep_id: UUID | None
    next_pep_id: UUID | None
    sections: list[SectionLine]
    targets_page: str | None
    meeting_page: str | None
    sign_off_page: str | None
    qa_page: str | None


def _form_status(opened: Opened, page: Page) -> tuple[PageStatus, int]:
    answers = opened.pep.answers(page.key)
    missing = len(missing_fields(page.fields, answers))
    if all(value is None for value in answers.values()):
        return "not_started", missing
    return ("in_progress" if missing else "done"), missing


def page_status(opened: Opened, page: Page) -> tuple[PageStatus, int]:
    """Return how far a page is, and how many of its mandatory fields are blank."""
    pep = opened.pep
    targets = [each.status for each in pep.targets.values() if each.status != "withdrawn"]
    over = pep.signed_off is not None
    started: Mapping[str, tuple[bool, bool]] = {
        "targets": (bool(targets), bool(targets) and set(targets) == {"submitted"}),
        "meeting": (pep.meeting_scheduled, pep.meeting_confirmed),
        "sign_off": (bool(pep.completed), over or pep.submitted),
        "qa": (pep.submitted, pep.outcome is not None),
    }
    if page.kind == "form":
        return _form_status(opened, page)
    begun, done = started[page.kind]
    return ("done" if done else "in_progress" if begun else "not_started"), 0


def _page(opened: Opened, page: Page) -> PageLine:
    status, missing = page_status(opened, page)
    return PageLine(
        key=page.key,
        title=page.title,
        kind=page.kind,
        may=MayWrite(write=may_write(opened, page)),
        status=status,
        missing=missing,
    )


def _section(opened: Opened, section: Section, stamps: Stamps) -> SectionLine:
    complete = section.key in opened.pep.completed
    may = opened.acting.may("section.complete", section.completed_by)
    may = may and opened.pep.editable and not complete
    return SectionLine(
        key=section.key,
        letter=section.letter,
        title=section.title,
        party=section.party,
        complete=complete,
        completed=by_of(opened, stamps.sections.get(section.key)),
        completable=bool(section.completed_by),
        may=MayComplete(complete=may),
        pages=[_page(opened, page) for page in section.pages if may_read(opened, page)],
    )


def _signed_off(opened: Opened, stamps: Stamps) -> SignedOff | None:
    by = by_of(opened, stamps.signed_off)
    if by is None:
        return None
    label = opened.role_label(opened.profile.sign_off.final_role)
    return SignedOff(at=by.at, by=by.by, role_label=label)


def sees_quality(opened: Opened) -> bool:
    """Tell whether the person sees quality judgements: everybody but carers."""
    return opened.acting.may("quality.read")


def _quality(opened: Opened) -> Quality | None:
    outcome = opened.pep.outcome
    if outcome is None or not sees_quality(opened):
        return None
    return Quality(
        decision=outcome.decision,
        rating_label=outcome.rating_label,
        rating_colour=colour_of(opened.profile, outcome.rating),
        comment=outcome.comment,
    )


def _page_key(opened: Opened, kind: str) -> str | None:
    found = page_of_kind(opened.sections, kind)
    return found[1].key if found and may_read(opened, found[1]) else None


def document_of(opened: Opened, child_name: str) -> Document:
    """Return the document for the person who opened the PEP."""
    pep, start, profile = opened.pep, opened.pep.start, opened.profile
    stamps = stamps_of(opened.loaded.events)
    state = state_of(pep, opened.sections)
    handed_in = pep.submitted or pep.signed_off is not None
    return Document(
        pep_id=opened.pep_id,
        version=opened.version,
        child=ChildHead(child_id=start.child_id, name=child_name, initials=start.child_initials),
        authority=AuthorityHead(code=profile.code, name=profile.name),
        labels=profile.labels,
        profile_version=start.profile_version,
        kind_label=start.kind_label,
        variant=start.variant,
        key_stage=start.key_stage,
        year_group_label=year_group_label(start.year_group),
        state=state,
        state_label=_(STATE_LABELS[state]),
        initiated_on=start.initiated_on,
        completion_due=pep.completion_due,
        overdue=is_overdue(pep.completion_due, opened.today, handed_in=handed_in),
        meeting_at=pep.meeting_at,
        next_meeting_at=pep.next_meeting.starts_at if pep.next_meeting else None,
        signed_off=_signed_off(opened, stamps),
        qa=_quality(opened),
        returned_comment=pep.returned.comment if pep.returned and sees_quality(opened) else None,
        previous_pep_id=start.previous_pep_id,
        next_pep_id=pep.signed_off.next_pep_id if pep.signed_off else None,
        sections=[
            _section(opened, each, stamps)
            for each in opened.sections
            if any(may_read(opened, page) for page in each.pages)
        ],
        targets_page=_page_key(opened, "targets"),
        meeting_page=_page_key(opened, "meeting"),
        sign_off_page=_page_key(opened, "sign_off"),
        qa_page=_page_key(opened, "qa"),
    )


@router.get("/peps/{pep_id}", summary="Read a PEP", response_model=Document)
async def read_pep(pep_id: UUID, asking: Asking, request: Request) -> JSONResponse:
    """Return the PEP with its sections and pages, and what the caller may do to each.

    It is folded from the PEP's own stream: what was just saved is there, Kafka or no Kafka.
    """
    running = running_of(request)
    opened = await open_pep(running, asking, pep_id)
    opened.acting.must("pep.read")
    note_reading(running, asking, opened.acting, "pep.read")
    async with running.pool.acquire() as connection:
        child = await running.store.load(connection, CHILD, opened.acting.child_id)
    document = document_of(opened, child.state.name)
    return JSONResponse(document.model_dump(mode="json"), headers={"ETag": f'"{opened.version}"'})
