"""What a child is called on a page: the SSDA903 return has no names, so one may be missing."""


def display_name(first: str | None, last: str | None, preferred: str | None, number: str) -> str:
    """Return the name to show: preferred or first name with the last name.

    A child whose names are not known yet is shown by the authority's own number.
    """
    words = [word for word in (preferred or first, last) if word]
    return " ".join(words) or f"Child {number}"


def initials_of(first: str | None, last: str | None, number: str) -> str:
    """Return initials for those who are not told the name; the number's end without names."""
    letters = [word[0].upper() for word in (first, last) if word]
    return "".join(letters) or f"#{number[-4:]}"
