"""What Pydantic says about a value that does not fit, as a sentence that can be translated.

Pydantic words its sentences itself and in English. The templates here are its own, so that what
is said in English is exactly what it said; a kind that is not here stays English.
"""

from collections.abc import Callable, Mapping
from typing import Any

from epep_runtime.language import N_, _, gettext, ngettext

OWN: Mapping[str, str] = {
    "missing": N_("This is needed."),
    "extra_forbidden": N_("There is no such field."),
    "string_unicode": N_("This contains a character that cannot be stored."),
}
"""Kinds that are worded better here."""

SAID: Mapping[str, str] = {
    "string_type": N_("Input should be a valid string"),
    "bool_type": N_("Input should be a valid boolean"),
    "bool_parsing": N_("Input should be a valid boolean, unable to interpret input"),
    "int_type": N_("Input should be a valid integer"),
    "int_parsing": N_("Input should be a valid integer, unable to parse string as an integer"),
    "int_from_float": N_("Input should be a valid integer, got a number with a fractional part"),
    "float_type": N_("Input should be a valid number"),
    "float_parsing": N_("Input should be a valid number, unable to parse string as a number"),
    "list_type": N_("Input should be a valid list"),
    "dict_type": N_("Input should be a valid dictionary"),
    "uuid_type": N_("UUID input should be a string, bytes or UUID object"),
    "uuid_parsing": N_("Input should be a valid UUID, %(error)s"),
    "date_type": N_("Input should be a valid date"),
    "date_from_datetime_parsing": N_("Input should be a valid date or datetime, %(error)s"),
    "datetime_type": N_("Input should be a valid datetime"),
    "greater_than_equal": N_("Input should be greater than or equal to %(ge)s"),
    "less_than_equal": N_("Input should be less than or equal to %(le)s"),
    "greater_than": N_("Input should be greater than %(gt)s"),
    "less_than": N_("Input should be less than %(lt)s"),
    "string_pattern_mismatch": N_("String should match pattern '%(pattern)s'"),
    "literal_error": N_("Input should be %(expected)s"),
    "enum": N_("Input should be %(expected)s"),
}
"""Pydantic's own sentences, by its kinds. What stands in the places is in its words."""


def _string_too_short(told: Mapping[str, Any]) -> str:
    return ngettext(
        "String should have at least %(least)s character",
        "String should have at least %(least)s characters",
        told["min_length"],
        least=told["min_length"],
    )


def _string_too_long(told: Mapping[str, Any]) -> str:
    return ngettext(
        "String should have at most %(most)s character",
        "String should have at most %(most)s characters",
        told["max_length"],
        most=told["max_length"],
    )


def _too_short(told: Mapping[str, Any]) -> str:
    return ngettext(
        "%(what)s should have at least %(least)s item after validation, not %(given)s",
        "%(what)s should have at least %(least)s items after validation, not %(given)s",
        told["min_length"],
        what=told["field_type"],
        least=told["min_length"],
        given=told["actual_length"],
    )


def _too_long(told: Mapping[str, Any]) -> str:
    return ngettext(
        "%(what)s should have at most %(most)s item after validation, not %(given)s",
        "%(what)s should have at most %(most)s items after validation, not %(given)s",
        told["max_length"],
        what=told["field_type"],
        most=told["max_length"],
        given=told["actual_length"],
    )


COUNTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_short": _string_too_short,
    "string_too_long": _string_too_long,
    "too_short": _too_short,
    "too_long": _too_long,
}


def misfit(error: Mapping[str, Any]) -> str:
    """Return what one of Pydantic's errors says, in the language of the request.

    What a validator of ours says (`value_error`) has been translated where it was said.
    """
    kind, told = error["type"], error.get("ctx") or {}
    if kind in OWN:
        return _(OWN[kind])
    if kind in SAID:
        return gettext(SAID[kind], **told) if told else _(SAID[kind])
    if kind in COUNTED:
        return COUNTED[kind](told)
    return str(error["msg"]).removeprefix("Value error, ")
