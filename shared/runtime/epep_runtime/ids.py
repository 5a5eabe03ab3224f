"""Identifiers: version 7 UUIDs sort by time, version 5 ones follow from what they name."""

import os
import time
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1d5a52-3a0e-5c1b-9d56-6a9f4d0f7e01")


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def derived_id(*parts: object) -> UUID:
    """Return the one id that these parts always give, so that a repeated step finds its work."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))
