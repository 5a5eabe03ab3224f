"""What authorities and roles are called, from the published profiles."""

from web_portal.web.language import _
from web_portal.web.questions import Option
from web_portal.web.visit import Visit


async def names_of(visit: Visit, codes: list[str]) -> dict[str, str]:
    """Return the authorities' names by code, in the order asked; a code that has none stays."""
    found = (await visit.call.get("pep", "/profiles")).json
    listed = found["profiles"] if isinstance(found, dict) else found
    known = {each["code"]: each["name"] for each in listed}
    return {code: known.get(code, _("Authority %(code)s", code=code)) for code in codes}


async def role_labels(visit: Visit, authority: str) -> dict[str, str]:
    """Return what the authority calls each role."""
    asked = {"authority": authority}
    found = (await visit.call.get("pep", "/permissions", asked)).json["roles"]
    return {each["role"]: each["label"] for each in found}


def options(pairs: dict[str, str]) -> tuple[Option, ...]:
    """Return a closed question's answers from values and labels."""
    return tuple(Option(value=value, label=label) for value, label in pairs.items())
