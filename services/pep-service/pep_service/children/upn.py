"""Unique pupil numbers: a check letter and twelve characters, as the DfE defines them."""

import re

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
SHAPE = re.compile(rf"^[{LETTERS}]\d{{11}}[\d{LETTERS}]$", re.ASCII)


def is_upn(text: str) -> bool:
    """Tell whether the text has the shape of a UPN; a temporary one ends in a letter."""
    return SHAPE.match(text) is not None


def check_letter(upn: str) -> str:
    """Return the letter that a UPN of the right shape must begin with.

    The characters after it, weighted 2 to 13, add up modulo 23 to the letter's place.
    """
    values = (LETTERS.index(c) if c in LETTERS else int(c) for c in upn[1:])
    return LETTERS[sum(value * weight for weight, value in enumerate(values, start=2)) % 23]
