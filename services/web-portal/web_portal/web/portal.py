"""What every request needs, put together once by `main.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jinja2 import Environment

from web_portal.services import Services
from web_portal.web.keys import Keys
from web_portal.web.language import ENGLISH, Language
from web_portal.web.sessions import SessionStore


@dataclass(frozen=True)
class Portal:
    """The parts; `hosts` are the Host headers that are ours, `languages` those to choose from."""

    keys: Keys
    store: SessionStore
    services: Services
    templates: Environment
    clock: Callable[[], datetime]
    idle: timedelta
    hosts: frozenset[str]
    languages: Mapping[str, Language] = field(default_factory=lambda: {ENGLISH.code: ENGLISH})
