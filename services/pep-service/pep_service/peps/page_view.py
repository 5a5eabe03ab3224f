"""One page of a PEP: its questions, the answers so far, and whether the caller may save it."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, JsonValue

from epep_access.readings import note_reading
from epep_events.profile import Choice, FieldType, FormField, Page
from epep_runtime.event_store import Loaded
from epep_runtime.http import Asking, running_of
from epep_runtime.problems import NotFoundError
from pep_service.peps.answers import By, Key, by_of
from pep_service.peps.pep import PEP
from pep_service.peps.reading import Opened, open_pep, stamps_of
from pep_service.profiles.form import find_page

router = APIRouter(tags=["pages"])


class PageHead(BaseModel):
    """Which page it is."""

    key: str
    title: str
    intro: str | None
    kind: Literal["form", "targets", "meeting", "sign_off", "qa"]
    section: str
    section_title: str


class MayWrite(BaseModel):
    """What the caller may do with the page."""

    write: bool


class MayOnPage(MayWrite):
    """What the caller may do on the page: ask for carers' access only where it is about care."""

    ask_for_carer: bool


class Question(BaseModel):
    """One field with its answer; see the profile's `FormField` for what each part means."""

    key: str
    label: str
    type: FieldType
    hint: str | None
    mandatory: bool
    choices: tuple[Choice, ...]
    max_length: int
    minimum: float | None
    maximum: float | None
    decimals: int
    past: bool
    detail_when: Literal["yes", "no"]
    detail_label: str | None
    value: JsonValue


class PageShown(BaseModel):
    """A page as it stands. `page_version` is the stream's version at its last change."""

    version: int
    page: PageHead
    may: MayOnPage
    fields: list[Question]
    mandatory_on_save: Literal["prompt", "block"]
    saved: By | None
    page_version: int


def _question(field: FormField, value: JsonValue) -> Question:
    facts: dict[str, Any] = {
        name: getattr(field, name) for name in Question.model_fields if name != "value"
    }
    return Question(**facts, value=value)


CARE_INFORMATION = "care_information"
"""The key of the page about who looks after the child, whatever an authority calls it: on it access
for a carer is asked for."""
FAMILY = frozenset({"carer", "parent", "young_person"})


def may_read(opened: Opened, page: Page) -> bool:
    """Tell whether the person may read that page.

    Families read none that is for professionals; a young person only those that they write.
    """
    if page.professional_only:
        return bool(opened.acting.roles - FAMILY)
    return bool(opened.acting.roles - ({"young_person"} - set(page.write)))


def may_write(opened: Opened, page: Page) -> bool:
    """Tell whether the person may save that page now."""
    may = opened.acting.may("page.write", page.write)
    return may and opened.pep.editable and may_read(opened, page)


def page_shown(opened: Opened, key: str, loaded: Loaded[PEP] | None = None) -> PageShown:
    """Return a page; `loaded` is the PEP as it is now, where it was opened a moment ago."""
    loaded = loaded or opened.loaded
    section, page = find_page(opened.sections, key)
    answers = loaded.state.answers(key)
    return PageShown(
        version=loaded.version,
        page=PageHead(
            key=page.key,
            title=page.title,
            intro=page.intro,
            kind=page.kind,
            section=section.key,
            section_title=section.title,
        ),
        may=MayOnPage(
            write=may_write(opened, page),
            ask_for_carer=page.key == CARE_INFORMATION and opened.acting.may("child.ask_for_carer"),
        ),
        fields=[_question(field, answers.get(field.key)) for field in page.fields],
        mandatory_on_save=opened.profile.mandatory_on_save,
        saved=by_of(opened, stamps_of(loaded.events).pages.get(key)),
        page_version=loaded.state.page_version(key),
    )


@router.get(
    "/peps/{pep_id}/pages/{page}",
    summary="Read a page of a PEP",
    response_model=PageShown,
)
async def read_page(pep_id: UUID, page: Key, asking: Asking, request: Request) -> JSONResponse:
    """Return a page's questions and answers. Send its `ETag` as `If-Match` when saving it."""
    running = running_of(request)
    opened = await open_pep(running, asking, pep_id)
    if not may_read(opened, find_page(opened.sections, page)[1]):
        raise NotFoundError
    note_reading(running, asking, opened.acting, "page.read")
    shown = page_shown(opened, page)
    return JSONResponse(shown.model_dump(mode="json"), headers={"ETag": f'"{opened.version}"'})
