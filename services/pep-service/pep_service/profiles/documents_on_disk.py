"""The profile documents that ship with the service, one YAML file an authority."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from epep_events.pep import AuthorityProfilePublished
from epep_events.profile import AuthorityProfile


@cache
def shipped_documents() -> tuple[AuthorityProfile, ...]:
    """Read every `documents/*.yaml`, by authority code; once in a process.

    Raises pydantic.ValidationError for a document that is not a profile: the service does not
    start with a way of working that it can't understand.
    """
    folder = files("pep_service").joinpath("profiles", "documents")
    texts = [each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".yaml")]
    found = [AuthorityProfile.model_validate(yaml.safe_load(text)) for text in texts]
    return tuple(sorted(found, key=lambda profile: (profile.code, profile.version)))


def decide_publishing(
    published: Iterable[int], document: AuthorityProfile, today: date
) -> list[AuthorityProfilePublished]:
    """Return the event for a document that is newer than all published versions and in force.

    A document whose `effective_from` is still to come waits for the first start on or after it.
    """
    if document.version <= max(published, default=0) or document.effective_from > today:
        return []
    return [AuthorityProfilePublished(profile=document)]
