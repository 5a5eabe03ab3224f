"""Where the services are, from the environment."""

import os
from dataclasses import dataclass, field

from epep_demo.loading.problem import LoadError

SERVICES = ("identity", "pep", "meeting", "qa")


@dataclass(frozen=True)
class Addresses:
    """The services' base addresses by name, and the mailbox's."""

    services: dict[str, str] = field(default_factory=dict)
    mailbox: str = ""


def from_environment() -> Addresses:
    """Read `EPEP_IDENTITY_URL`, `EPEP_PEP_URL` and so on, and `EPEP_MAILBOX_URL`.

    Raises LoadError that names what is not set.
    """
    settings = {name: f"EPEP_{name.upper()}_URL" for name in SERVICES}
    missing = [key for key in (*settings.values(), "EPEP_MAILBOX_URL") if not os.environ.get(key)]
    if missing:
        raise LoadError(f"Set {', '.join(missing)}: `make up` does that by itself.")
    found = {name: os.environ[key].rstrip("/") for name, key in settings.items()}
    return Addresses(found, os.environ["EPEP_MAILBOX_URL"].rstrip("/"))
