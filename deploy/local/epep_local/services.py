"""The six services: what each is called, runs as, and is told.

No service is told another's address, except the portal, which reaches all five over HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from epep_local.problem import LocalError


@dataclass(frozen=True)
class Service:
    """One service. `secret`, `links`, `mails` … say which settings it gets."""

    name: str
    module: str
    port: int  # of `make up`
    secret: bool = False  # seals or signs with a key of its own: its log, tokens, links, sessions
    links: bool = False  # must know the address that people reach the portal by
    mails: bool = False  # hands mail to the mail server
    clients: bool = False  # reaches the other services over HTTP
    throttles: bool = False  # counts by network, and must know that the portal asks for others
    events: bool = True  # has a log of its own, with people's data in it under their keys

    @property
    def port_setting(self) -> str:
        """The environment variable that moves its port."""
        return f"EPEP_{self.name.upper()}_PORT"

    @property
    def url_setting(self) -> str:
        """The environment variable in which a client gets its address."""
        return f"EPEP_{self.name.upper()}_URL"


SERVICES = (
    Service("pep", "pep_service", 8410, secret=True),
    Service("meeting", "meeting_service", 8411, secret=True, links=True),
    Service("notification", "notification_service", 8412, secret=True, links=True, mails=True),
    Service("qa", "qa_service", 8413, secret=True),
    Service("identity", "identity_service", 8414, secret=True, links=True, throttles=True),
    Service("portal", "web_portal", 8400, secret=True, links=True, clients=True, events=False),
)


def service(name: str) -> Service:
    """The service of that name; "web-portal" and "pep-service" are understood.

    Raises LocalError that lists the names.
    """
    wanted = name.lower().replace("_", "-").removesuffix("-service").removeprefix("web-")
    for candidate in SERVICES:
        if candidate.name == wanted:
            return candidate
    names = ", ".join(candidate.name for candidate in SERVICES)
    raise LocalError(f"There is no service {name!r}. The services are {names}.")
