"""The routes of a PEP, for `main.py`."""

from collections.abc import Sequence

from fastapi import APIRouter

from pep_service.peps import (
    amending_targets,
    completing_sections,
    create_form,
    document,
    drafting_targets,
    initiating,
    page_view,
    saving_pages,
    sign_off_view,
    signing_off,
    submitting,
    submitting_targets,
    targets_view,
    withdrawing_targets,
)

ROUTERS: Sequence[APIRouter] = (
    create_form.router,
    initiating.router,
    document.router,
    page_view.router,
    saving_pages.router,
    targets_view.router,
    drafting_targets.router,
    amending_targets.router,
    submitting_targets.router,
    withdrawing_targets.router,
    sign_off_view.router,
    completing_sections.router,
    submitting.router,
    signing_off.router,
)
