"""What every request needs, put together once by `main.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jinja2 import Environment

from web_portal.services import Services
from web_portal.web.keys import Keys
from web_portal.web.sessions import SessionStore


@dataclass(frozen=True)
class Portal:
    """The parts; `hosts` are the Host headers that are ours."""

    keys: Keys
    store: SessionStore
    services: Services
    templates: Environment
    clock: Callable[[], datetime]
    idle: timedelta
    hosts: frozenset[str]
