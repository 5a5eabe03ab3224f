"""The portal answers to its own name only: no page, link or cookie for a name somebody made up."""

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
PROBES = frozenset({"/livez", "/readyz"})
"""Asked by whatever watches the process, by its address."""


def hosts_of(portal_url: str, more: str = "") -> frozenset[str]:
    """Return the Host headers that are ours: the portal's own and those of a comma-separated list.

    On one's own machine all of its names are the same. Raises ValueError for an address without
    a host.
    """
    parts = urlsplit(portal_url)
    if not parts.hostname:
        raise ValueError("EPEP_PORTAL_URL must be an address like https://epep.example.org")
    own = parts.netloc.rpartition("@")[2].lower()
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    found = {own, *(each.strip().lower() for each in more.split(",") if each.strip())}
    if name in LOOPBACK:
        found |= {own.replace(name, each, 1) for each in LOOPBACK}
    return frozenset(found)


class HostMiddleware:
    """Refuses (400) a request whose Host header is not ours, before anything reads it."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass our own requests and probes on."""
        if scope["type"] != "http" or scope["path"] in PROBES or self._is_ours(scope):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse("This is not the address of ePEP.", status_code=400)
        await answer(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        said = [value for name, value in scope["headers"] if name == b"host"]
        return len(said) == 1 and said[0].decode("latin-1").lower() in self._hosts
