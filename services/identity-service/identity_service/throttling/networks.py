"""Which network a request comes from."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from identity_service.settings import Network

V6_SITE_BITS = 64


def network_of(peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """Return the address, or for IPv6 the /64, that failures are counted on.

    X-Forwarded-For is read from its end, and only as far as the one who wrote each part is a
    trusted proxy: what stands before that, anybody can write.
    """
    found = peer
    for claimed in reversed((forwarded_for or "").split(",")):
        if not _is_trusted(found, trusted) or not _is_address(claimed.strip()):
            break
        found = claimed.strip()
    return _site(found)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in trusted)


def _site(text: str) -> str:
    if not _is_address(text):
        return text
    address = ip_address(text)
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), V6_SITE_BITS), strict=False))
