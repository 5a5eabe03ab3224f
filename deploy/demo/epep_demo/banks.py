"""The YAML files that the demo draws on, read once."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from epep_events.profile import AuthorityProfile


@cache
def bank(name: str) -> Any:
    """Return what `data/<name>.yaml` holds: a mapping, or a list of themes."""
    text = files("epep_demo").joinpath("data", f"{name}.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def profile_from(document: object) -> AuthorityProfile:
    """Return a profile from what pep-service answers, or from its YAML document."""
    return AuthorityProfile.model_validate(document)
