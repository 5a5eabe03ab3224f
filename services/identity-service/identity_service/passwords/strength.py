"""Whether a password that somebody chooses will stand: known lists, own words, guesses (ASVS 6.2).

No rule says which kinds of characters there must be: length and surprise are what counts.
"""

import asyncio
import gzip
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from pydantic import SecretStr
from zxcvbn import zxcvbn

from epep_runtime.language import N_, _
from epep_runtime.problems import FieldError, InvalidError
from identity_service.passwords.rules import LONGEST, SHORTEST

ENOUGH = 3
"""zxcvbn's score from 0 to 4; 3 stands against guessing of a stolen slow hash."""

MOST_FOR_ZXCVBN = 72
"""It refuses longer ones; the whole password is hashed all the same."""

CONTEXT = ("epep", "virtual", "council", "school", "education", "password")
SHORTEST_WORD = 4
MESSAGES = {
    "too_short": N_(
        "Use %(shortest)s characters or more. Three words that nobody would join do well."
    ),
    "too_long": N_("Use %(longest)s characters or fewer."),
    "common": N_(
        "Many people use this password, and whoever guesses tries it first. Choose another."
    ),
    "personal": N_("Leave out your name, your email address and the name of the service."),
    "guessable": N_(
        "This password is easy to guess. Three words that nobody would join do better."
    ),
}


@cache
def common_passwords() -> frozenset[str]:
    """Return the 44,000 most common passwords that are long enough, in lower case."""
    packed = files("identity_service.passwords").joinpath("common.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split("\n"))


def words_of(*texts: str | None) -> tuple[str, ...]:
    """Return the words of names and addresses that a password must not be made of."""
    found = re.findall(r"\w+", " ".join(text for text in texts if text).casefold())
    return tuple(dict.fromkeys(word for word in found if len(word) >= SHORTEST_WORD))


def weakness(password: str, personal: Iterable[str] = ()) -> str | None:
    """Return the code of what is wrong with a password, or None for one that will stand."""
    if len(password) < SHORTEST:
        return "too_short"
    if len(password) > LONGEST:
        return "too_long"
    folded = password.casefold()
    if folded in common_passwords():
        return "common"
    own = (*CONTEXT, *personal)
    if _is_made_of(own, folded):
        return "personal"
    judged = zxcvbn(password[:MOST_FOR_ZXCVBN], user_inputs=list(own), max_length=MOST_FOR_ZXCVBN)
    return None if judged["score"] >= ENOUGH else "guessable"


def _is_made_of(words: Iterable[str], folded: str) -> bool:
    """Tell whether hardly a letter is left of a password when these words are taken away."""
    bare = re.sub(r"[\W_]", "", folded)
    rest = bare
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != bare and len(re.sub(r"\d", "", rest)) < SHORTEST_WORD


async def must_stand(password: SecretStr, personal: Iterable[str], field: str = "password") -> None:
    """Raise InvalidError with a sentence for a password that will not stand.

    Worked out in a thread: the guesser takes milliseconds, the list is unpacked at first.
    """
    words = tuple(personal)
    found = await asyncio.to_thread(weakness, password.get_secret_value(), words)
    if found is not None:
        message = _(MESSAGES[found], shortest=SHORTEST, longest=LONGEST)
        raise InvalidError([FieldError(field, message, found)])
