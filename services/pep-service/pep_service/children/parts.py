"""What children, settings and the import bring to the service: lists that `main.py` puts in."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from epep_runtime.service import Running
from epep_runtime.subscriptions import Projector, Reactor
from pep_service.children import assigning, showing
from pep_service.importing import importing
from pep_service.importing.carrying_out import import_worker
from pep_service.read_models.children import CHILDREN
from pep_service.settings_register import registering
from pep_service.settings_register.setting import SETTINGS_REGISTER

ROUTERS: Sequence[APIRouter] = (
    showing.router,
    assigning.router,
    registering.router,
    importing.router,
)
PROJECTORS: Sequence[Projector] = (CHILDREN, SETTINGS_REGISTER)
REACTORS: Sequence[Reactor] = ()
WORKERS: Sequence[Callable[[Running], Coroutine[Any, Any, None]]] = (import_worker,)
BODY_LIMITS: Mapping[str, int] = {"/imports": 20 * 1024 * 1024}
"""An authority's three files together may be 20 MB."""
