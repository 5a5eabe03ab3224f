"""Unique pupil numbers as the DfE defines them: a check letter and twelve digits."""

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""The 23 check letters: no I, O or S."""


def check_letter(digits: str) -> str:
    """Return the check letter of twelve digits: weights 2 to 13, modulo 23.

    Raises ValueError for anything but twelve digits.
    """
    if len(digits) != 12 or not digits.isdecimal():
        raise ValueError("a UPN has twelve digits after its check letter")
    total = sum(int(digit) * weight for weight, digit in enumerate(digits, start=2))
    return LETTERS[total % 23]


def upn(authority_code: str, first_school_year: int, serial: int) -> str:
    """Return a UPN whose school number (9900 and above) no real school has."""
    school, rest = divmod(serial, 1000)
    digits = f"{authority_code}{9900 + school:04d}{first_school_year % 100:02d}{rest:03d}"
    return check_letter(digits) + digits
