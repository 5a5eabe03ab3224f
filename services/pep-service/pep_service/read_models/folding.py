"""Names as a search sees them: without accents, case and punctuation. Pure."""

import unicodedata

WITHOUT_PARTS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
DROPPED = str.maketrans("", "", "'’`´.ʼ")


def folded(text: str) -> str:
    """Return the text in plain small letters with single spaces: `Zoë O’Brien-Łąka` is
    `zoe obrien laka`."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    words = bare.translate(WITHOUT_PARTS).translate(DROPPED)
    return " ".join("".join(c if c.isalnum() else " " for c in words).split())


def like_patterns(text: str) -> list[str]:
    """Return a LIKE pattern for each word of a search; a name fits when all of them do."""
    return [f"%{word}%" for word in folded(text).split()]
