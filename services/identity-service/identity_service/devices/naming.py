"""What to call a device and a network so that their owner knows them again, and no closer."""

import re
from ipaddress import ip_address, ip_network

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return something like "Firefox on Windows"; only words of our own ever come out."""
    browser = _first(BROWSERS, user_agent) or "A browser"
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def _first(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for mark, name in names if re.search(re.escape(mark), text)), None)


def coarse_network(address: str) -> str:
    """Return "203.0.113.*", or the /48 of an IPv6 address: a place, not a person."""
    try:
        found = ip_address(address.partition("/")[0])
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found).rpartition(".")[0] + ".*"
    return str(ip_network((int(found), 48), strict=False))
