"""Save: somebody presses the button at the foot of a page (B73, S83)."""

import re
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, JsonValue

from epep_events.base import Event
from epep_events.pep import FieldChange, PageSaved
from epep_events.profile import Page, Section
from epep_runtime.commands import Answer
from epep_runtime.http import CHANGE_RESPONSES, Changing, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, NotFoundError
from epep_runtime.text import Command, example
from pep_service.peps.answers import Key
from pep_service.peps.page_view import page_shown
from pep_service.peps.pep import PEP, PEPS, refuse_unless_editable
from pep_service.peps.reading import open_pep
from pep_service.peps.reopening import reopened
from pep_service.peps.values import MisfitError, missing_fields, stored
from pep_service.profiles.form import find_page

router = APIRouter(tags=["pages"])
FIELD_KEY = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")


class SavePage(Command):
    """Answers by field key; a field that is not sent stays as it is, null takes its answer out."""

    model_config = example(values={"carer_name": "Rowan Hale", "address_shared": "yes"})

    values: dict[str, JsonValue] = Field(
        examples=[{"carer_name": "Rowan Hale", "address_shared": "yes"}]
    )


class Missing(BaseModel):
    """A mandatory field that was left blank."""

    field: str
    label: str


class Saved(BaseModel):
    """The answer to a save. `missing` prompts for mandatory fields; `reopened` tells of a section
    that was complete and is so no longer."""

    version: int
    changed: int
    missing: list[Missing]
    reopened: bool


def cleaned(page: Page, values: Mapping[str, JsonValue], today: date) -> dict[str, JsonValue]:
    """Return the answers as they are kept. Raises InvalidError that lists each misfit."""
    fields = {field.key: field for field in page.fields}
    kept: dict[str, JsonValue] = {}
    errors: list[FieldError] = []
    for key, raw in values.items():
        if key not in fields:
            where = f"values.{key}" if FIELD_KEY.match(key) else "values"
            errors.append(FieldError(where, _("There is no such field on this page."), "unknown"))
            continue
        try:
            kept[key] = stored(fields[key], raw, today)
        except MisfitError as error:
            errors.append(FieldError(f"values.{key}", str(error), error.code))
    if errors:
        raise InvalidError(errors)
    return kept


def changes_of(pep: PEP, page: Page, kept: Mapping[str, JsonValue]) -> tuple[FieldChange, ...]:
    """Return what is different, in the order of the page, with the labels people see."""
    before = pep.answers(page.key)
    return tuple(
        FieldChange(
            field=field.key, label=field.label, old=before.get(field.key), new=kept[field.key]
        )
        for field in page.fields
        if field.key in kept and kept[field.key] != before.get(field.key)
    )


def decide(
    pep: PEP,
    section: Section,
    page: Page,
    values: Mapping[str, JsonValue],
    *,
    block: bool,
    today: date,
) -> list[Event]:
    """Return `PageSaved` with the fields that differ, and `SectionReopened` where it was complete.

    Nothing different is no event. `block` refuses blank mandatory fields (D22). Raises
    RefusedError when the PEP is not editable, InvalidError for answers that do not fit or, with
    `block`, are missing (code `mandatory`).
    """
    refuse_unless_editable(pep)
    kept = cleaned(page, values, today)
    missing = missing_fields(page.fields, {**pep.answers(page.key), **kept})
    if block and missing:
        text = _("This question must be answered before the page can be saved.")
        raise InvalidError([FieldError(f"values.{f.key}", text, "mandatory") for f in missing])
    changes = changes_of(pep, page, kept)
    if not changes:
        return []
    saved = PageSaved(
        pep_id=pep.start.pep_id,
        section=section.key,
        page=page.key,
        page_title=page.title,
        changes=changes,
    )
    return [saved, *reopened(pep, section, f"The page {page.title} was saved again")]


def is_stale(pep: PEP, page: str, version: int, if_match: int) -> bool:
    """Tell whether this very page changed since; other pages of the PEP may have."""
    return pep.page_version(page) > if_match or if_match > version


def _answer(pep: PEP, before: PEP, page: Page, version: int) -> Answer:
    old, new = before.answers(page.key), pep.answers(page.key)
    changed = sum(old.get(field.key) != new.get(field.key) for field in page.fields)
    saved = Saved(
        version=version,
        changed=changed,
        missing=[
            Missing(field=field.key, label=field.label)
            for field in missing_fields(page.fields, new)
        ],
        reopened=bool(before.completed - pep.completed),
    )
    return Answer(saved.model_dump(mode="json"))


@router.put(
    "/peps/{pep_id}/pages/{page}",
    summary="Save a page of a PEP",
    responses={200: {"model": Saved}, **CHANGE_RESPONSES},
)
async def save_page(
    pep_id: UUID, page: Key, command: SavePage, change: Changing, request: Request
) -> JSONResponse:
    """Save a page's answers; `If-Match` is the version that the form was opened with.

    It conflicts (412, with the page as it is now) only when this page has changed since.
    """
    running = running_of(request)
    opened = await open_pep(running, change.principal, pep_id)
    section, form = find_page(opened.sections, page)
    if form.kind != "form":
        raise NotFoundError
    role = opened.acting.must("page.write", form.write)
    block = opened.profile.mandatory_on_save == "block"
    before = PEP()

    def decided(pep: PEP) -> list[Event]:
        nonlocal before
        before = pep
        return decide(pep, section, form, command.values, block=block, today=opened.today)

    return await running.commands.carry_out(
        change,
        PEPS,
        pep_id,
        decided,
        role=role,
        authority=opened.acting.authority,
        answer=lambda pep, version: _answer(pep, before, form, version),
        stale=lambda pep, version, if_match: is_stale(pep, page, version, if_match),
        describe=lambda now: page_shown(opened, page, now).model_dump(mode="json"),
        known=opened.loaded,
    )
