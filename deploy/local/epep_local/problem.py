"""What is told to a person when something on their machine is in the way."""

from __future__ import annotations


class LocalError(Exception):
    """Something on this machine stops the system; the text says what it is and what to do."""
